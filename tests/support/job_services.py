"""Services for tests, in this process or in one that can be killed, and what to inspect from outside.

Run as ``python tests/job_services.py WORKSPACE SECONDS_PER_CLIP [VIDEO …]`` it is a service with one worker that
takes up what is unfinished, submits the videos as one job, and works until it gets a signal.
"""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import JobView, Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.store import Store

MARK = "VIDEOPREP_TEST_MARK"
TIMEOUT_S = 180
CLIP_DURATION_S = 1.5
IN_THIS_PROCESS = EngineSettings(worker_count=1, separate_processes=False)
NO_LIMITS = Limits(free_bytes=0, free_per_input_byte=0)


def quick_settings(clip_duration_s: float = 15.0) -> JobParams:
    """Parameters with which a job spends little time on tracking."""
    return JobParams({"clip": {"clip_duration_s": clip_duration_s}, "track_persons": {"frame_stride": 5}})


def submit(service: Service, *videos: Path, **options) -> str:
    options = {"params": quick_settings()} | options
    return service.submit([(video.name, video) for video in videos], **options)


def wait_until(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> bool:
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


def wait_for_end(service: Service, job_id: str) -> JobView:
    assert wait_until(lambda: service.job(job_id).job.state in ENDED), service.job(job_id)
    return service.job(job_id)


def tasks_of(service: Service | Store, job_id: str) -> dict[str, TaskRow]:
    rows = service.job(job_id).tasks if isinstance(service, Service) else service.tasks(job_id)
    return {task.key: task for task in rows}


def package_content(package: Path) -> tuple[bytes, dict[str, list[str]]]:
    """The bytes of the pickle, and the names of the frames by clip."""
    frames = {}
    with zipfile.ZipFile(package) as outer:
        for entry in outer.namelist():
            if entry.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(outer.read(entry))) as inner:
                    frames[entry] = inner.namelist()
        return outer.read("dense_proposals.pkl"), frames


def processes_with(variable: str, value: str) -> list[psutil.Process]:
    """Living processes that were started with an environment variable."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def processes_in(folder: Path) -> list[psutil.Process]:
    """Living processes whose current folder lies in a folder, or did until that was deleted."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(f"{folder}/") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@contextmanager
def mounted_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own in a folder; the test is skipped where none can be mounted.

    Args:
        folder: The folder, which is made.
        size: Its size, such as ``3m``.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def service_process(workspace: Path, clip_duration_s: float, videos: Sequence[Path] = ()) -> Iterator[subprocess.Popen]:
    """A service in a process of its own; all that it starts bears the mark of the workspace."""
    arguments = [sys.executable, __file__, workspace, str(clip_duration_s), *videos]
    process = subprocess.Popen(list(map(str, arguments)), env=os.environ | {MARK: str(workspace)})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    workspace, clip_duration_s, *videos = sys.argv[1:]
    with Service(Workspace(Path(workspace)), EngineSettings(worker_count=1), NO_LIMITS) as service:
        if videos:
            submit(
                service,
                *map(Path, videos),
                params=quick_settings(float(clip_duration_s)),
                options=JobOptions(clips_per_task=1),
            )
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
