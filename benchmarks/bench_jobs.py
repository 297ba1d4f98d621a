"""Jobs side by side: what the service adds to the bare work of the stages, and what a second worker brings.

Run as ``python benchmarks/bench_jobs.py``; prints one JSON object. It takes several minutes. The figures mean little
while other programs use the cores; ``load_at_start`` shows.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.service import JobView, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

SMALL_JOBS = 20
SMALL_VIDEO_S = 4.0
LONG_VIDEO_S = 60.0
CLIPS = 4
SHARE_OF_BARE_WORK = 1.15
SHARE_OF_ONE_WORKER = 0.65
SUBMISSION_MS = 100.0
ROUNDS = 3


@dataclass(frozen=True)
class FixedThreads(EngineSettings):
    """Settings under which a task has as many threads with one worker as with two."""

    @property
    def threads_per_task(self) -> int:
        """One thread."""
        return 1


def measure() -> dict[str, Any]:
    """Run both comparisons; ratios, times in seconds, and what the machine had."""
    machine = {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_start": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, long = folder / "small.mp4", folder / "long.mp4"
        write_sample(small, SMALL_VIDEO_S)
        write_sample(long, LONG_VIDEO_S)
        return {
            "machine": machine,
            "small_jobs": measure_small_jobs(folder / "small", small),
            "split": measure_split(folder / "split", long, small),
        }


@contextmanager
def one_core() -> Iterator[None]:
    """Everything that is started meanwhile shares one core, as each of two workers has one when both are at work.

    A task of one thread would otherwise use the other core too: ffmpeg's filters, decoding ahead, the report.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def measure_small_jobs(folder: Path, video: Path) -> dict[str, float]:
    """Many jobs at once on two workers, against the bare work of their stages divided by two.

    The bare work is that of one job alone: the sum of its tasks' times, without any wait between them.
    """
    with one_core():
        bare_s = SMALL_JOBS * time_alone(folder / "one_core", video)
    bare_on_both_s = SMALL_JOBS * time_alone(folder / "both_cores", video)
    with Service(Workspace(folder / "many"), FixedThreads(worker_count=2)) as service:
        wait_for(service, submit(service, video))
        started_s = time.perf_counter()
        submissions_ms = []
        for _ in range(SMALL_JOBS):
            submitted_s = time.perf_counter()
            submit(service, video)
            submissions_ms.append((time.perf_counter() - submitted_s) * 1000)
        wait_for_all(service)
        elapsed_s = time.perf_counter() - started_s
    return {
        "jobs": SMALL_JOBS,
        "bare_work_on_one_core_s": round(bare_s, 1),
        "bare_work_on_both_cores_s": round(bare_on_both_s, 1),
        "elapsed_s": round(elapsed_s, 1),
        "ratio": round(elapsed_s / (bare_s / 2), 3),
        "ratio_to_both_cores": round(elapsed_s / (bare_on_both_s / 2), 3),
        "required_ratio": SHARE_OF_BARE_WORK,
        "submission_median_ms": round(statistics.median(submissions_ms), 1),
        "required_submission_ms": SUBMISSION_MS,
    }


def time_alone(workspace: Path, video: Path) -> float:
    """Seconds of the tasks of one job on one worker; median of several jobs, one after the other."""
    with Service(Workspace(workspace), FixedThreads(worker_count=1)) as service:
        wait_for(service, submit(service, video))  # weights are found and processes are warm after the first one
        return statistics.median(work_s(wait_for(service, submit(service, video))) for _ in range(ROUNDS))


def measure_split(folder: Path, video: Path, warm_up: Path) -> dict[str, float]:
    """A job of four clips on one worker, and split in two on two workers, with one thread per task in both."""
    with one_core():
        one_s = time_split(folder / "one_core", video, warm_up, 1)
    one_on_both_s = time_split(folder / "both_cores", video, warm_up, 1)
    two_s = time_split(folder / "two", video, warm_up, 2)
    return {
        "clips": CLIPS,
        "one_worker_on_one_core_s": round(one_s, 1),
        "one_worker_on_both_cores_s": round(one_on_both_s, 1),
        "two_workers_s": round(two_s, 1),
        "ratio": round(two_s / one_s, 3),
        "ratio_to_both_cores": round(two_s / one_on_both_s, 3),
        "required_ratio": SHARE_OF_ONE_WORKER,
    }


def time_split(workspace: Path, video: Path, warm_up: Path, workers: int) -> float:
    """Seconds of a job that is split among some workers."""
    with Service(Workspace(workspace), FixedThreads(worker_count=workers)) as service:
        for _ in range(workers):  # processes are warm afterwards
            submit(service, warm_up)
        wait_for_all(service)
        return elapsed(wait_for(service, submit(service, video, CLIPS // workers)))


def submit(service: Service, video: Path, clips_per_task: int = CLIPS) -> str:
    """Submit a job of one video."""
    return service.submit([(video.name, video)], options=JobOptions(clips_per_task=clips_per_task))


def wait_for(service: Service, job_id: str) -> JobView:
    """Wait for the end of a job."""
    while (view := service.job(job_id)).job.state not in ENDED:
        time.sleep(0.1)
    if view.job.state is not State.DONE:
        raise RuntimeError(view.job.message)
    return view


def wait_for_all(service: Service) -> None:
    """Wait for the end of all jobs."""
    for job in service.jobs(limit=1000)[0]:
        wait_for(service, job.job_id)


def work_s(view: JobView) -> float:
    """Sum of the times of a job's tasks."""
    return sum(task.elapsed_s(task.ended_at) for task in view.tasks if task.ended_at)


def elapsed(view: JobView) -> float:
    """Wall time of a job."""
    if view.result is None:
        raise RuntimeError("the job has no result")
    return view.result.elapsed_s


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
