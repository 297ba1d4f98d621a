"""The REST API on loopback: a 2 GB upload, and reading a job among 10,000.

Run as ``python benchmarks/bench_api.py``; prints one JSON object.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from benchmarks.bench_store import JOBS, fill, job_id
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store

UPLOAD_BYTES = 2 * 10**9
ROUNDS = 200
LIMITS = {"memory_growth_mb": 200.0, "last_byte_to_answer_s": 1.0, "copies_written": 1.1, "job_ms": 10.0}
_PIECE = bytes(1 << 20)
_BOUNDARY = b"--bench"


@contextmanager
def serving(workspace: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A service in a process of its own: its port and process."""
    argv = [sys.executable, "-m", "videoprep_nb.cli.main", "serve", "--port", "0", "--workspace", str(workspace)]
    process = subprocess.Popen([*argv, "--workers", "1"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        port = int(address.rpartition(":")[2])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while not client.get("/api/health").json()["workers"]:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def post_upload(port: int) -> tuple[str, float, float]:
    """Send zeros as one video; the job, seconds from the last byte to the answer, and seconds in all."""
    head = b"--" + _BOUNDARY + b'\r\nContent-Disposition: form-data; name="videos"; filename="big.mp4"\r\n\r\n'
    tail = b"\r\n--" + _BOUNDARY + b"--\r\n"
    length = len(head) + UPLOAD_BYTES + len(tail)
    request = (
        f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n\r\n"
    )
    started_s = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode() + head)
        left = UPLOAD_BYTES
        while left:
            left -= connection.send(memoryview(_PIECE)[: min(left, len(_PIECE))])
        connection.sendall(tail)
        sent_s = time.perf_counter()
        answer = connection.makefile("rb").read()
        answered_s = time.perf_counter()
    assert b" 202 " in answer.splitlines()[0], answer
    return json.loads(answer.rpartition(b"\r\n")[2])["job_id"], answered_s - sent_s, answered_s - started_s


@contextmanager
def peak_of(measure: Callable[[], int]) -> Iterator[list[int]]:
    """The largest value of something during the block, sampled 50 times a second; one number."""
    peak = [measure()]
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], measure())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def measure_upload(folder: Path) -> dict[str, float]:
    """Submit 2 GB and cancel the job."""
    with serving(folder) as (port, process):
        memory_before = process.memory_info().rss
        written_before = _written_bytes(process)
        with peak_of(lambda: process.memory_info().rss) as peak:
            job, wait_s, elapsed_s = post_upload(port)
        written = _written_bytes(process) - written_before
        video = Workspace(folder).job_folder(job).input / "000.mp4"
        assert video.stat().st_size == UPLOAD_BYTES
        httpx.post(f"http://127.0.0.1:{port}/api/jobs/{job}/cancel", trust_env=False)
    return {
        "memory_growth_mb": round((peak[0] - memory_before) / 1e6, 1),
        "last_byte_to_answer_s": round(wait_s, 3),
        "copies_written": round(written / UPLOAD_BYTES, 3),
        "gb_per_s": round(UPLOAD_BYTES / 1e9 / elapsed_s, 2),
    }


def measure_reading(folder: Path) -> dict[str, float]:
    """Read jobs all over a store that has many."""
    folder.mkdir()
    store = Store(Workspace(folder).database)
    fill(store, ended_jobs=JOBS)
    store.close()
    times_s = []
    with serving(folder) as (port, _), httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for number in range(ROUNDS):
            started_s = time.perf_counter()
            answer = client.get(f"/api/jobs/{job_id(number * JOBS // ROUNDS)}")
            times_s.append(time.perf_counter() - started_s)
            assert answer.json()["state"] == "done"
    return {"job_ms": round(statistics.median(times_s) * 1000, 2)}


def measure() -> dict[str, object]:
    """Measure both and compare them with what they must reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        free = shutil.disk_usage(folder).free
        if free < 5 * UPLOAD_BYTES:
            raise SystemExit(f"{folder} has {free / 1e9:.1f} GB free, this benchmark needs {5 * UPLOAD_BYTES / 1e9:g}.")
        measured = measure_upload(folder / "upload") | measure_reading(folder / "reading")
    return {
        "name": "REST API",
        "upload_bytes": UPLOAD_BYTES,
        "jobs": JOBS,
        "measured": measured,
        "limits": LIMITS,
        "passed": all(measured[name] < limit for name, limit in LIMITS.items()),
        "load": os.getloadavg()[0],
    }


def _written_bytes(process: psutil.Process) -> int:
    """Bytes that a process has handed to write(), of whatever kind."""
    return int(process.io_counters().write_chars)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
