"""Jobs whose workers have local disks: the result is the same, any worker can go on, and nothing is left there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.job_services import (
    CLIP_DURATION_S,
    NO_LIMITS,
    mounted_disk,
    package_content,
    quick_settings,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from videoprep_nb.core.layout import SCRATCH_DIR_VARIABLE, file_sha256
from videoprep_nb.core.threads import THREADS_VARIABLE, core_count
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import JobView, Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace

pytestmark = pytest.mark.slow


@contextmanager
def _dask(*arguments: str, **environment: str) -> Iterator[psutil.Popen]:
    """A Dask process and all that it starts; killed at the end of the block."""
    process = psutil.Popen(
        [sys.executable, "-m", "dask", *arguments], env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: psutil.Popen) -> None:
    """Kill a process with all that it has started, as when a machine loses its power."""
    if process.is_running():
        for each in (*process.children(recursive=True), process):
            each.kill()
        process.wait()


@contextmanager
def _worker(address: str, disk: Path) -> Iterator[psutil.Popen]:
    threads = str(core_count())  # as in the job that it is compared with
    options = ("--nthreads", "1", "--memory-limit", "0", "--no-nanny", "--no-dashboard")
    environment = {SCRATCH_DIR_VARIABLE: str(disk), THREADS_VARIABLE: threads, "OMP_NUM_THREADS": threads}
    with _dask("worker", address, *options, **environment) as process:
        yield process


def _address(scheduler_file: Path) -> str:
    assert wait_until(lambda: scheduler_file.exists() and scheduler_file.read_text().endswith("}"), 60)
    return str(scheduler_file.read_text().partition('"address": "')[2].partition('"')[0])


def test_machine_that_is_lost_takes_nothing_with_it(
    video: Path, no_video: Path, undisturbed: tuple[list[JobView], Path], tmp_path: Path
):
    """Two machines with a disk each; one is killed in the middle of a part, and started again."""
    disks, scheduler_file = [tmp_path / "disk a", tmp_path / "disk b"], tmp_path / "scheduler.json"
    with _dask("scheduler", "--host", "tcp://127.0.0.1", "--port", "0", "--scheduler-file", str(scheduler_file)):
        address = _address(scheduler_file)
        with (
            Service(Workspace(tmp_path / "workspace"), EngineSettings(scheduler=address), NO_LIMITS) as service,
            _worker(address, disks[0]) as first,
            _worker(address, disks[1]) as second,
        ):
            assert wait_until(lambda: len(service.workers()) == 2, 60)
            job_id = submit(
                service, video, params=quick_settings(CLIP_DURATION_S), options=JobOptions(clips_per_task=1)
            )
            assert wait_until(lambda: any(task.part and task.done for task in tasks_of(service, job_id).values()))
            _kill(first)
            left = list(disks[0].glob("*/*"))
            assert left
            with _worker(address, disks[0]):
                view = wait_for_end(service, job_id)
                assert view.job.state is State.DONE, view.job.message
                assert package_content(service.package_path(job_id)) == package_content(undisturbed[1])
                _kill(second)
                assert wait_until(lambda: len(service.workers()) == 1, 60)
                wait_for_end(service, submit(service, no_video))  # a task of any job sweeps
                assert wait_until(lambda: not any(path.exists() for path in left), 20)


@pytest.mark.exhaustive
def test_cancelled_job_leaves_nothing_there_and_keeps_its_detections(
    video: Path, undisturbed: tuple[list[JobView], Path], tmp_path: Path
):
    disk = tmp_path / "disk"
    settings = EngineSettings(worker_count=1, scratch_dir=disk)
    with Service(Workspace(tmp_path / "workspace"), settings, NO_LIMITS) as service:
        job_id = submit(service, video, params=quick_settings(CLIP_DURATION_S))
        assert wait_until(lambda: list(disk.glob("*/task-*/detections/1/*.npz")))
        service.cancel(job_id)
        assert wait_for_end(service, job_id).job.state is State.CANCELLED
        kept = service.workspace.job_folder(job_id).kept
        assert wait_until(lambda: list(kept.glob("detections/1/*.npz")), 20)
        assert wait_until(lambda: not list(disk.iterdir()), 20)
        service.retry(job_id)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
        assert package_content(service.package_path(job_id)) == package_content(undisturbed[1])
    assert not list(disk.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(tmp_path / "small disk", "100k") as disk:
        yield disk


@pytest.mark.exhaustive
def test_job_waits_for_room_on_the_local_disk_and_says_which_one_it_is(video: Path, small_disk: Path, tmp_path: Path):
    settings = EngineSettings(worker_count=1, scratch_dir=small_disk)
    with Service(Workspace(tmp_path / "workspace"), settings) as service:
        job_id = submit(service, video)
        assert wait_until(lambda: "Waiting for" in service.job(job_id).job.message)
        message = service.job(job_id).job.message
        assert f"Waiting for disk space of a worker: The disk of the scratch folder {small_disk} on " in message
        subprocess.run(["mount", "-o", "remount,size=500m", str(small_disk)], check=True)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message


@pytest.mark.exhaustive
def test_every_file_of_a_job_is_the_same_with_all_optional_stages(video: Path, tmp_path: Path):
    params = JobParams(
        quick_settings(CLIP_DURATION_S).model_dump()
        | {
            "sample_frames": {"budget_per_minute": 60},
            "anonymize": {"hide": "faces"},
            "select": {"mode": "keep", "max_clips": 3},
            "package": {"exports": ["label-studio", "cvat-video"]},  # the first takes clips and dense tracks
        }
    )
    results = []
    for name, scratch_dir in [("shared", None), ("local", tmp_path / "disk")]:
        settings = EngineSettings(worker_count=2, scratch_dir=scratch_dir)
        with Service(Workspace(tmp_path / name), settings, NO_LIMITS) as service:
            options = JobOptions(keep_scratch=True, clips_per_task=1)
            job_id = submit(service, video, video, params=params, options=options)
            view = wait_for_end(service, job_id)
            assert view.job.state is State.DONE, view.job.message
            results.append(_files_of(service.workspace.job_folder(job_id)))
    assert results[0] == results[1]
    assert {"scratch/clips/2/2_clip_001.mp4", "preview/1.mp4"} <= results[0].keys()


def _files_of(job: JobFolder) -> dict[str, str]:
    """The hash of every file that does not say when or where it was made, and the names of the others."""
    files = [file for file in job.path.rglob("*") if file.is_file() and not file.is_relative_to(job.tasks)]
    assert not any(file.is_symlink() for file in files)
    is_dated = {job.spec, job.result, *job.reports.iterdir()}
    return {str(file.relative_to(job.path)): "" if file in is_dated else file_sha256(file) for file in files}
