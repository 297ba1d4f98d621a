"""One job on two workers that are processes of their own, as they would be on two machines, with certificates (TLS).

Run as ``make cluster-demo``, or ``python examples/cluster_demo.py [VIDEO …]``. It starts a Dask scheduler and two
workers on this machine, a service that hands its work to them, and one job; prints which worker ran what, and exits
with 1 unless both had their share and the package is valid.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.tls import write_certificate
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.rows import Event
from videoprep_nb.media.sample import write_sample

START_TIMEOUT_S = 60


def main(videos: Sequence[Path]) -> int:
    """Run the demo in a temporary folder; the exit status."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        folder = Path(name)
        scheduler_file = folder / "scheduler.json"
        files = write_certificate(folder)
        tls = ("--tls-ca-file", files.ca, "--tls-cert", files.cert, "--tls-key", files.key)
        scheduler = ("--host", "tls://127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        processes.enter_context(dask("scheduler", *scheduler, "--scheduler-file", scheduler_file, *tls))
        address = read_address(scheduler_file)
        worker = ("--nthreads", "1", "--memory-limit", "0", "--dashboard-address", "127.0.0.1:0")
        for name in ("one", "two"):
            processes.enter_context(dask("worker", address, "--name", name, *worker, *tls))
        with Service(Workspace(folder / "workspace"), EngineSettings(scheduler=address, tls=files)) as service:
            return run_job(service, list(videos) or make_samples(folder))


def run_job(service: Service, videos: Sequence[Path]) -> int:
    """Submit a job, wait for its end, and say who did what."""
    wait_until(lambda: len(service.workers()) == 2, "two workers")
    job_id = service.submit(
        [(video.name, video) for video in videos], JobParams({"track_persons": {"frame_stride": 5}})
    )
    while service.job(job_id).job.state not in ENDED:
        time.sleep(0.2)
    job = service.job(job_id).job
    workers = print_workers(service.events(job_id))
    print(f"job {job_id}: {job.state} {job.message}")
    if job.state is not State.DONE:
        return 1
    findings = validate_package(service.package_path(job_id))
    print(f"{service.package_path(job_id).name}: {'; '.join(map(str, findings)) or 'valid'}")
    return 0 if len(workers) == 2 and not findings else 1


def print_workers(events: Sequence[Event]) -> set[str]:
    """Print which worker ran which task; the addresses of all."""
    runs = [event.data for event in events if "worker" in event.data]
    for run in runs:
        print(f"{run['worker']}  {run['key']}")
    return {run["worker"] for run in runs}


def make_samples(folder: Path) -> list[Path]:
    """Three short videos with persons."""
    videos = [folder / f"camera {number}.mp4" for number in (1, 2, 3)]
    for video in videos:
        write_sample(video, duration_s=2.0)
    return videos


@contextmanager
def dask(*arguments: str | Path) -> Iterator[None]:
    """A Dask process, until the end of the block."""
    process = subprocess.Popen([sys.executable, "-m", "dask", *map(str, arguments)], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def read_address(scheduler_file: Path) -> str:
    """Address that a scheduler has written down."""
    wait_until(lambda: scheduler_file.exists() and scheduler_file.read_text().endswith("}"), "the scheduler")
    return str(json.loads(scheduler_file.read_text())["address"])


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that takes a moment to start."""
    end_s = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > end_s:
            sys.exit(f"{what} did not start within {START_TIMEOUT_S} s")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
