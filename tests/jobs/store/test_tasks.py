"""The tasks of a job in the store: planned, started, repeated, ended."""

from pathlib import Path

import pytest

from tests.support.store_records import START, at, job_id, rows
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.store import Store


@pytest.mark.parametrize(
    ("steps", "attempt", "times"),
    [
        pytest.param([], 0, (None, None), id="planned"),
        pytest.param(["queued", "running"], 1, (1, None), id="started"),
        pytest.param(["queued", "running", "done"], 1, (1, 2), id="done"),
        pytest.param(["queued", "running", "waiting"], 1, (None, None), id="worker died"),
        pytest.param(["queued", "running", "waiting", "queued", "running"], 2, (4, None), id="second attempt"),
        pytest.param(["queued", "running", "failed", "waiting"], 0, (None, None), id="to be retried"),
        pytest.param(["queued", "running", "failed", "waiting", "queued", "running"], 1, (5, None), id="retried"),
    ],
)
def test_times_and_attempts_of_a_task(
    task_store: Store, steps: list[str], attempt: int, times: tuple[int | None, int | None]
):
    for second, state in enumerate(steps):
        task_store.set_task_state(job_id(1), "u", State(state), f"{state} now", at(second), report=f"{state}.ipynb")
        task_store.set_task_progress(job_id(1), "u", 5, 10, "clips")
    (task,) = task_store.tasks(job_id(1))
    last = steps[-1] if steps else "waiting"
    assert (task.key, task.stage, task.video_id, task.part) == ("u", "clip", "1", 3)
    assert (task.state, task.attempt) == (last, attempt)
    assert (task.started_at, task.ended_at) == tuple(None if time is None else at(time) for time in times)
    assert (task.message, task.report) == ((f"{last} now", f"{last}.ipynb") if steps else ("", ""))
    assert (task.done, task.total, task.progress_unit) == ((0, 0, "") if last == "waiting" else (5, 10, "clips"))


def test_progress_never_shrinks_and_late_reports_are_ignored(task_store: Store, database: Path):
    def note(done: int) -> tuple:
        task_store.set_task_progress(job_id(1), "u", done, 100, "frames")
        return rows(database, "SELECT done, total, progress_unit FROM tasks")[0]

    assert note(1) == (0, 0, "")  # it has not started
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", START)
    assert [note(done) for done in (10, 30, 20)] == [(10, 100, "frames"), (30, 100, "frames"), (30, 100, "frames")]
    task_store.set_task_state(job_id(1), "u", State.FAILED, "", START)
    assert note(90) == (30, 100, "frames")


def test_tasks_planned_again_keep_their_state(task_store: Store):
    task_store.set_task_state(job_id(1), "u", State.QUEUED, "", START)
    task_store.plan_tasks(job_id(1), [TaskRow("u", "clip", "1"), TaskRow("v", "package", None)])
    assert [(task.key, task.state) for task in task_store.tasks(job_id(1))] == [("u", "queued"), ("v", "waiting")]
    assert list(task_store.task_states(job_id(1)).items()) == [("u", State.QUEUED), ("v", State.WAITING)]
    assert task_store.task(job_id(1), "v") == task_store.tasks(job_id(1))[1]


def test_tasks_that_are_no_longer_planned_go(task_store: Store):
    task_store.plan_tasks(job_id(1), [TaskRow("v", "package", None)])
    assert [task.key for task in task_store.tasks(job_id(1))] == ["v"]


def test_tasks_end_with_their_job(task_store: Store):
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", at(1))
    task_store.set_job_state(job_id(1), State.FAILED, "The disk is full.", at(2))
    (task,) = task_store.tasks(job_id(1))
    assert (task.state, task.ended_at) == (State.CANCELLED, at(2))


def test_attempts_are_counted_anew_when_asked(task_store: Store):
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", START)
    task_store.set_task_state(job_id(1), "u", State.WAITING, "", START, forget_attempts=True)
    assert task_store.tasks(job_id(1))[0].attempt == 0
