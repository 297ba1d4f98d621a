"""In which order one worker gets the tasks of several jobs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.job_services import IN_THIS_PROCESS, NO_LIMITS, submit, wait_for_end, wait_until
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.scheduling import scratch
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(Workspace(tmp_path / "workspace"), IN_THIS_PROCESS, NO_LIMITS) as running:
        yield running


def starts(service: Service, *job_ids: str) -> list[datetime]:
    tasks = [task for job_id in job_ids for task in service.job(job_id).tasks]
    return sorted(task.started_at for task in tasks if task.started_at)


@pytest.mark.exhaustive
def test_two_hundred_jobs_of_one_delay_the_first_task_of_another_by_one(service: Service, no_video: Path):
    many = [submit(service, no_video, owner="anna") for _ in range(200)]
    assert wait_until(lambda: starts(service, many[0]))
    other = submit(service, no_video, owner="bert")
    assert service.job(many[-1]).job.state is State.QUEUED
    view = wait_for_end(service, other)
    assert view.job.started_at is not None
    between = [at for at in starts(service, *many) if view.job.created_at < at < view.job.started_at]
    assert len(between) <= 1


def test_job_of_many_tasks_that_began_first_is_not_overtaken_by_a_small_one(service: Service, no_video: Path):
    large = submit(service, *[no_video] * 4)
    small = submit(service, no_video)
    for job_id in (large, small):
        assert wait_for_end(service, job_id).job.state is State.FAILED
    assert starts(service, large)[-1] < starts(service, small)[0]


def test_job_whose_scratch_files_grow_too_large_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nobody knew its length before."""
    monkeypatch.setattr(scratch, "_INTERVAL_S", 0.0)
    video = tmp_path / "sample.mp4"
    write_sample(video, duration_s=4.0)
    limits = replace(NO_LIMITS, scratch_bytes=50_000)
    with Service(Workspace(tmp_path / "workspace"), IN_THIS_PROCESS, limits) as service:
        view = wait_for_end(service, submit(service, video))
        assert view.job.state is State.FAILED
        assert "GB, at most 5e-05 GB are allowed; make several jobs" in view.job.message
        assert not service.workspace.job_folder(view.job.job_id).scratch.exists()
