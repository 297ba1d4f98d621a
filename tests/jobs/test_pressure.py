"""A disk or memory that is nearly full: jobs wait, say so, and go on when there is room."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.support.job_services import (
    IN_THIS_PROCESS,
    NO_LIMITS,
    mounted_disk,
    quick_settings,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from tests.support.web_server import running_server
from videoprep_nb.core.errors import NoRoom
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

NOBODY_WORKS = EngineSettings(scheduler="tcp://127.0.0.1:9")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=1.0)
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(tmp_path / "disk", "100m") as disk:
        yield disk


def submitted_before(workspace: Workspace, *videos: Path) -> list[str]:
    """Jobs from a time when there was room."""
    with Service(workspace, NOBODY_WORKS, NO_LIMITS) as service:
        return [submit(service, video, params=quick_settings()) for video in videos]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_jobs_wait_for_disk_space(video: Path, no_video: Path, small_disk: Path):
    workspace = Workspace(small_disk)
    job_id, other = submitted_before(workspace, video, no_video)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 10_000_000))
    limits = Limits(free_bytes=20_000_000, free_per_input_byte=0)
    with running_server(small_disk, limits) as server:
        service = server.service
        assert wait_until(lambda: len(service.waiting()) == 2)
        health = server.client.get("/api/health").json()
        assert health["waiting"][0].startswith("Job 1: Waiting for disk space: ")
        assert " free, 20.0 MB needed; next try at " in health["waiting"][0]
        assert server.client.get(f"/api/jobs/{job_id}").json()["message"].startswith("Waiting for disk space: ")
        assert "Waiting for disk space: " in server.client.get("/page/live", params={"view": "health"}).text
        service.cancel(other)
        assert wait_for_end(service, other).job.state is State.CANCELLED
        assert service.job(job_id).job.state is State.QUEUED
        filler.unlink()
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
        assert service.waiting() == []


@pytest.mark.slow
@pytest.mark.exhaustive
def test_disk_that_fills_up_in_the_middle(video: Path, small_disk: Path):
    with Service(Workspace(small_disk), IN_THIS_PROCESS, NO_LIMITS) as service:
        filler = small_disk / "filler"
        job_id = submit(service, video, params=quick_settings())
        assert wait_until(lambda: "01_resize_1" in tasks_of(service, job_id))
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 200_000))
        assert wait_until(lambda: any("Waiting for disk space" in sentence for sentence in service.waiting()))
        filler.unlink()
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message


def test_job_that_never_has_room_fails_at_once(no_video: Path, tmp_path: Path):
    workspace = Workspace(tmp_path / "workspace")
    [job_id] = submitted_before(workspace, no_video)
    with Service(workspace, IN_THIS_PROCESS, Limits(free_bytes=10**18)) as service:
        view = wait_for_end(service, job_id)
        assert view.job.state is State.FAILED
        assert "Not enough disk space: " in view.job.message
        assert "1000000.0 TB needed, and the whole disk has " in view.job.message


def test_job_does_not_wait_for_ever(no_video: Path, tmp_path: Path):
    workspace = Workspace(tmp_path / "workspace")
    [job_id] = submitted_before(workspace, no_video)
    free_bytes = (shutil.disk_usage(tmp_path).free + shutil.disk_usage(tmp_path).total) // 2
    limits = Limits(free_bytes=free_bytes, max_wait=timedelta(seconds=1))
    with Service(workspace, IN_THIS_PROCESS, limits) as service:
        view = wait_for_end(service, job_id)
        assert view.job.state is State.FAILED
        assert "Waited too long for disk space: " in view.job.message


def test_tasks_wait_for_memory(no_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    memory = SimpleNamespace(total=8 * 10**9, available=10**8)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with Service(Workspace(tmp_path / "workspace"), IN_THIS_PROCESS, NO_LIMITS) as service:
        jobs = [submit(service, no_video) for _ in range(2)]
        assert wait_until(lambda: len(service.waiting()) == 2)
        assert "Waiting for memory: 100.0 MB available, 500.0 MB needed; next try at " in service.waiting()[0]
        service.cancel(jobs[1])
        assert wait_for_end(service, jobs[1]).job.state is State.CANCELLED
        memory.available = 10**9
        view = wait_for_end(service, jobs[0])
        assert "cannot be processed" in view.job.message


def test_what_is_kept_for_retries_makes_room(no_video: Path, tmp_path: Path):
    """The oldest goes first, and no more than is needed; a job that could not have its room even so deletes nothing."""
    with Service(Workspace(tmp_path / "workspace"), IN_THIS_PROCESS, NO_LIMITS) as service:
        jobs = [submit(service, no_video) for _ in range(3)]
        for job_id in jobs:
            assert wait_for_end(service, job_id).job.state is State.FAILED
        stashes = [service.workspace.job_folder(job_id).kept for job_id in jobs]
        for stash in stashes:
            stash.mkdir(exist_ok=True)
            (stash / "clip.mp4").write_bytes(bytes(50_000_000))
        free_bytes = shutil.disk_usage(tmp_path).free
        with pytest.raises(NoRoom):
            service.admission.check_free(10**18, "The job")
        assert all(stash.exists() for stash in stashes)
        service.admission.check_free(free_bytes + 20_000_000, "The job")
        assert [stash.exists() for stash in stashes] == [False, True, True]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_full_disk_gives_up_what_is_kept_for_retries(no_video: Path, small_disk: Path):
    """Else nothing could be written into the job database, and the service would wait for ever."""
    with Service(Workspace(small_disk), IN_THIS_PROCESS, NO_LIMITS) as service:
        failed = submit(service, no_video)
        assert wait_for_end(service, failed).job.state is State.FAILED
        kept = service.workspace.job_folder(failed).kept
        kept.mkdir(exist_ok=True)
        (kept / "clip.mp4").write_bytes(bytes(20_000_000))
        job_id = submit(service, no_video)
        with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        assert "cannot be processed" in wait_for_end(service, job_id).job.message
        assert not kept.exists()
