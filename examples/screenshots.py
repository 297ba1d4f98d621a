"""Screenshots of the page for the README: a real service, a real browser, a real job.

``make screenshots`` runs it, with the built-in sample or the videos that it is given, and writes ``docs/page_*.jpg``.
"""

import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.app import create_app

DOCS = Path(__file__).resolve().parents[1] / "docs"
DESKTOP = {"width": 1280, "height": 1080}
PHONE = {"width": 390, "height": 844}
QUALITY = 85
JOB_TIMEOUT_MS = 1_800_000.0


@contextmanager
def running_service(folder: Path) -> Iterator[str]:
    """A service in a thread; its address."""
    with Service(Workspace(folder), EngineSettings(worker_count=1)) as service:
        server = uvicorn.Server(uvicorn.Config(create_app(service, None), port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.05)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def open_page(browser: Browser, address: str, size: dict[str, int], scheme: str) -> Page:
    """A page in a fresh profile."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(address)
    return page


def take_screenshots(browser: Browser, address: str, videos: list[Path]) -> None:
    """Submit the videos, and take screenshots on the way."""
    page = open_page(browser, address, DESKTOP, "light")
    page.locator("#vp-files").set_input_files([str(video) for video in videos])
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled(timeout=120_000)
    page.screenshot(path=DOCS / "page_new_job.jpg", quality=QUALITY)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?job="))
    expect(page.locator(".vp-live-frame")).to_be_visible(timeout=JOB_TIMEOUT_MS)
    page.wait_for_function("document.querySelector('.vp-live-frame')?.complete")
    page.screenshot(path=DOCS / "page_running.jpg", quality=QUALITY)
    expect(page.locator("video").first).to_be_visible(timeout=JOB_TIMEOUT_MS)
    expect(page.get_by_role("link", name="Download package")).to_be_visible(timeout=JOB_TIMEOUT_MS)
    expect(page.get_by_role("button", name="Delete job")).to_be_visible()  # the job has ended
    page.locator("iframe[name=report]").scroll_into_view_if_needed()
    page.frame_locator("iframe[name=report]").get_by_role("heading", level=1).wait_for()
    page.screenshot(path=DOCS / "page_done.jpg", quality=QUALITY, full_page=True)
    phone = open_page(browser, page.url, PHONE, "dark")
    expect(phone.locator("video").first).to_be_visible()
    phone.screenshot(path=DOCS / "page_phone.jpg", quality=QUALITY)


def main() -> None:
    """Take all screenshots."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = [Path(argument) for argument in sys.argv[1:]]
        if not videos:
            videos = [folder / "street.mp4"]
            write_sample(videos[0], duration_s=40.0)
        executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        with running_service(folder / "workspace") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            take_screenshots(browser, address, videos)
            browser.close()


if __name__ == "__main__":
    main()
