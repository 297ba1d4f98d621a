"""How far a job is and how long it will take, from the states of its tasks."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.store.rows import JobRow, TaskRow
from videoprep_nb.stages.registry import STAGES

_MIN_FRACTION_FOR_ESTIMATE = 0.02


def fraction_done(row: JobRow, tasks: Sequence[TaskRow]) -> float:
    """Share of a job's work that is done, 0 to 1.

    Args:
        row: The job.
        tasks: All its tasks.
    """
    if row.state is State.QUEUED and all(task.state in ENDED for task in tasks):
        return 0.0  # it is to be tried again, and what of it is still done will only be known then
    weights = _weights(tasks)
    done = sum(weights[task.key] * task.fraction_done for task in tasks)
    return done / sum(weights.values()) if tasks else 0.0


def remaining_s(row: JobRow, tasks: Sequence[TaskRow], opened_at: datetime, now: datetime) -> float | None:
    """Seconds until the end of a job at the pace so far; None while it cannot be known.

    It is never less than what one of its running tasks still needs at its own rate.

    Args:
        row: The job.
        tasks: All its tasks.
        opened_at: When the service was started.
        now: The time.
    """
    if row.state is not State.RUNNING or row.started_at is None or not tasks:
        return None
    # what was done in an earlier run, by another service or before a retry, says nothing about the pace
    since = max(row.started_at, opened_at)
    weights = _weights(tasks)
    done_before = sum(weights[task.key] for task in tasks if task.ended_at and task.ended_at < since)
    gained = fraction_done(row, tasks) * sum(weights.values()) - done_before
    if gained < _MIN_FRACTION_FOR_ESTIMATE * sum(weights.values()):
        return None
    pace_s = (now - since).total_seconds() / gained
    running = [task for task in tasks if task.state is State.RUNNING]
    to_come = sum(weights[task.key] for task in tasks if task.state is not State.RUNNING and task.state not in ENDED)
    of_running = sum(weights[task.key] * (1 - task.fraction_done) for task in running)
    slowest_s = max((task.remaining_s(now) or 0.0 for task in running), default=0.0)
    return pace_s * to_come + max(pace_s * of_running, slowest_s)


def _weights(tasks: Sequence[TaskRow]) -> dict[str, float]:
    """How much of the work each task is; the parts of a video share what they take of its stage."""
    parts = Counter((task.stage, task.video_id) for task in tasks if task.part)
    weights = {}
    for task in tasks:
        stage = STAGES.get(task.stage)
        if stage is None:  # of a plugin that is not installed any more
            weights[task.key] = 1.0
            continue
        part_count = parts[task.stage, task.video_id]
        share = stage.part_share / part_count if task.part else 1 - stage.part_share if part_count else 1.0
        weights[task.key] = stage.weight * share
    return weights
