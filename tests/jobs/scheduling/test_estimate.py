"""How long a job will take, as its page says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.scheduling.estimate import remaining_s
from videoprep_nb.jobs.store.rows import JobRow, TaskRow

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(seconds=100)
JOB = JobRow(
    number=1,
    job_id="1",
    owner="",
    state=State.RUNNING,
    message="",
    video_names=("a.mp4",),
    size_bytes=1,
    keep_scratch=False,
    created_at=START,
    started_at=START,
    ended_at=None,
    results_deleted_at=None,
    cancel_requested=False,
)
RESIZED = TaskRow("r", "resize", "1", state=State.DONE, started_at=START, ended_at=START + timedelta(seconds=2))
TRACKED = TaskRow("t", "track_persons", "1", state=State.RUNNING, started_at=START + timedelta(seconds=2))
PACKED = TaskRow("p", "package", None)


@pytest.mark.parametrize("done", [1, 50, 500, 999])
def test_job_never_ends_before_a_task_of_it(done: int):
    running = replace(TRACKED, done=done, total=1000, progress_unit="frames")
    of_task = running.remaining_s(NOW)
    assert of_task == pytest.approx((1000 - done) * 98 / done)
    of_job = remaining_s(JOB, [RESIZED, running, PACKED], START, NOW)
    assert of_job is not None
    assert of_job > of_task


def test_task_that_has_counted_everything_promises_no_time():
    """It joins, smooths and writes what it found, of which nothing is counted."""
    assert replace(TRACKED, done=1000, total=1000).remaining_s(NOW) is None


def test_job_that_has_done_nothing_promises_no_time():
    assert remaining_s(JOB, [replace(RESIZED, state=State.QUEUED), PACKED], START, NOW) is None
