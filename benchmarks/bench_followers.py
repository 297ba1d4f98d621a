"""A thousand followers of one running job of 800 videos: what they cost the server, and how long others wait.

Run as ``python benchmarks/bench_followers.py``; prints one JSON object. The videos are none, so the job changes more
often than any other. The same is measured without followers, because the job itself costs something, too.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.bench_api import serving
from benchmarks.bench_page import cpu_s

FOLLOWERS = 1000
VIDEOS = 800
WATCH_S = 20.0
PAUSE_S = 0.05
CONNECTIONS_PER_ADDRESS = 50
LIMITS = {"cores_of_followers": 0.25, "other_request_ms": 50.0}


async def follow(port: int, path: str, number: int) -> None:
    """Read the events of a job for ever."""
    address = f"127.0.1.{1 + number // CONNECTIONS_PER_ADDRESS}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    writer.write(f"GET {path}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0], head
    while await reader.read(1 << 16):
        pass


async def follow_all(port: int, path: str) -> None:
    """Follow it many times."""
    await asyncio.gather(*(follow(port, path, number) for number in range(FOLLOWERS)))


def follow_in_process(port: int, path: str) -> None:
    """What the process of the followers does until it is killed."""
    asyncio.run(follow_all(port, path))


def submit(client: httpx.Client) -> str:
    """Submit a job of many files; the path of its routes."""
    files = [("videos", (f"{number}.mp4", b"no video")) for number in range(VIDEOS)]
    return f"/api/jobs/{client.post('/api/jobs', files=files).json()['job_id']}"


def watch(client: httpx.Client, path: str, process: psutil.Process) -> dict[str, float]:
    """Ask for something else again and again; cores that the server uses, and how long an answer takes."""
    times_s = []
    before_s, started_s = cpu_s(process), time.monotonic()
    while time.monotonic() < started_s + WATCH_S:
        asked_s = time.perf_counter()
        client.get("/api/jobs", params={"limit": 1}).raise_for_status()
        times_s.append(time.perf_counter() - asked_s)
        time.sleep(PAUSE_S)
    assert client.get(path).json()["state"] == "running"
    return {
        "cores": (cpu_s(process) - before_s) / (time.monotonic() - started_s),
        "other_request_ms": statistics.median(times_s) * 1000,
        "slowest_ms": max(times_s) * 1000,
    }


def count_followers(client: httpx.Client) -> float:
    """How many the server knows."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("videoprep_followers ")))


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Watch a job without followers, then with them."""
    with serving(folder) as (port, process):
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
            path = submit(client)
            while client.get(path).json()["state"] != "running":
                time.sleep(0.1)
            alone = watch(client, path, process)
            followers = multiprocessing.Process(target=follow_in_process, args=(port, path), daemon=True)
            followers.start()
            try:
                while count_followers(client) < FOLLOWERS:
                    time.sleep(0.5)
                    assert followers.is_alive()
                followed = watch(client, path, process)
                assert count_followers(client) == FOLLOWERS
            finally:
                followers.kill()
            client.post(f"{path}/cancel")
    return {"alone": alone, "followed": followed}


def main() -> None:
    """Measure and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000), most))  # the server inherits it
    with tempfile.TemporaryDirectory() as name:
        measured = measure(Path(name))
    alone, followed = measured["alone"], measured["followed"]
    figures = {
        "cores_of_followers": followed["cores"] - alone["cores"],
        "other_request_ms": followed["other_request_ms"],
    }
    result = {
        "benchmark": "followers",
        "followers": FOLLOWERS,
        "videos": VIDEOS,
        "measured": {name: round(value, 3) for name, value in figures.items()},
        "limits": LIMITS,
        "passed": all(figures[name] < limit for name, limit in LIMITS.items()),
        "details": measured,
        "load": os.getloadavg()[0],
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
