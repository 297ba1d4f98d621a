"""The page: how soon it is there, what fifty open ones cost the server, and an upload of 2 GB in a browser.

Run as ``python benchmarks/bench_page.py``; prints one JSON object. The pages watch one running job, and ask as the
page's script does.
"""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.bench_api import UPLOAD_BYTES, peak_of, serving
from videoprep_nb.jobs.storage.workspace import disk_bytes
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.live import MAX_AGE_S

PAGES = 50
WATCH_S = 20.0
POLL_S = 1.0
UPLOAD_TIMEOUT_MS = 600_000
LIMITS = {
    "server_up_s": 5.0,
    "first_page_s": 2.0,
    "cores": 0.25,
    "oldest_s": 2.0,
    "upload_memory_growth_mb": 200.0,
    "upload_disk_share": 1.1,
}


async def watch_page(client: httpx.AsyncClient, job_id: str, delay_s: float, end_s: float) -> list[float]:
    """Ask like one page; the times between answers, in seconds."""
    await asyncio.sleep(delay_s)
    since, answered_s, ages_s = 0, time.monotonic(), []
    while time.monotonic() < end_s:
        answer = await client.get("/page/live", params={"view": "job", "job": job_id, "since": since})
        if answer.status_code == 200:
            since = answer.json()["version"]
        ages_s.append(time.monotonic() - answered_s)
        answered_s = time.monotonic()
        await asyncio.sleep(POLL_S)
    return ages_s


async def watch(port: int, job_id: str) -> list[float]:
    """Ask like many pages."""
    limits = httpx.Limits(max_connections=PAGES)
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, trust_env=False) as client:
        end_s = time.monotonic() + WATCH_S
        pages = [watch_page(client, job_id, number / PAGES, end_s) for number in range(PAGES)]
        return [age_s for ages_s in await asyncio.gather(*pages) for age_s in ages_s]


@contextmanager
def fresh_page() -> Iterator[Page]:
    """A page of a browser that has never been here."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def time_first_page(port: int) -> float:
    """Seconds until the form of a new job can be used."""
    with fresh_page() as page:
        started_s = time.monotonic()
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator(".vp-header nav").wait_for()
        page.locator("#vp-drop").wait_for()
        return time.monotonic() - started_s


def measure_upload(port: int, process: psutil.Process, folder: Path) -> dict[str, float]:
    """Upload 2 GB on the page; growth of the server's memory, and room taken in the workspace for each byte."""
    video = folder / "big.mp4"
    with video.open("wb") as file:
        file.truncate(UPLOAD_BYTES)
    workspace = folder / "workspace"
    memory_before, disk_before = process.memory_info().rss, disk_bytes(workspace)
    with (
        fresh_page() as page,
        peak_of(lambda: process.memory_info().rss) as memory,
        peak_of(lambda: disk_bytes(workspace)) as disk,
    ):
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("#vp-files").set_input_files(str(video))
        # it has no video in it, which the page says when it is there
        page.locator("#vp-videos").get_by_text(texts.BROWSER["left_out"]).wait_for(timeout=UPLOAD_TIMEOUT_MS)
    return {
        "upload_memory_growth_mb": (memory[0] - memory_before) / 1e6,
        "upload_disk_share": (disk[0] - disk_before) / UPLOAD_BYTES,
    }


def submit(port: int, video: Path) -> str:
    """Submit a video that takes longer than the watching."""
    with video.open("rb") as file, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        job_id: str = client.post("/api/jobs", files={"videos": ("long.mp4", file)}).json()["job_id"]
    return job_id


def cpu_s(process: psutil.Process) -> float:
    """Processor time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        video = Path(name) / "long.mp4"
        write_sample(video, duration_s=120.0)
        started_s = time.monotonic()
        with serving(Path(name) / "workspace") as (port, process):
            up_s = time.monotonic() - started_s
            first_page_s = time_first_page(port)
            upload = measure_upload(port, process, Path(name))
            job_id = submit(port, video)
            before_s, began_s = cpu_s(process), time.monotonic()
            ages_s = asyncio.run(watch(port, job_id))
            cores = (cpu_s(process) - before_s) / (time.monotonic() - began_s)
    # what an answer shows may itself be as old as the server keeps it
    oldest_s = max(ages_s) + MAX_AGE_S
    measured = {"server_up_s": up_s, "first_page_s": first_page_s, "cores": cores, "oldest_s": oldest_s} | upload
    passed = all(measured[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"measured": measured, "limits": LIMITS, "passed": passed}, indent=1))


if __name__ == "__main__":
    main()
