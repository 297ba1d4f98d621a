"""A job as people see it, from what the store and its folder know."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.facts import facts_so_far
from videoprep_nb.jobs.models import ENDED, JobResult
from videoprep_nb.jobs.scheduling.estimate import fraction_done, remaining_s
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.store.rows import JobRow, TaskRow
from videoprep_nb.stages.base import VideoFacts
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class JobView:
    """A job as people see it.

    Args:
        job: The job.
        tasks: Its tasks, video by video, in the order of their stages.
        fraction_done: Share of the work that is done, 0 to 1; it shrinks only when work is repeated.
        remaining_s: Estimated seconds until the end at the pace so far, so with the time that the job waits for
            others; None while it cannot be known.
        result: How it ended, None before.
        facts: What was counted in its videos so far; empty when it has ended, see its result.
        at: When it was so.
        place: Where it stands in the queue; None unless it is queued.
    """

    job: JobRow
    tasks: list[TaskRow]
    fraction_done: float
    remaining_s: float | None
    result: JobResult | None
    facts: Mapping[str, VideoFacts]
    at: datetime
    place: QueuePlace | None


def view_job(
    row: JobRow, tasks: Sequence[TaskRow], folder: JobFolder, opened_at: datetime, place: QueuePlace | None
) -> JobView:
    """A job with its tasks and an estimate of the time left.

    Args:
        row: The job.
        tasks: All its tasks.
        folder: Its folder.
        opened_at: When the service was started.
        place: Where it stands in the queue.
    """
    has_ended, now = row.state in ENDED, datetime.now(UTC)
    return JobView(
        job=row,
        tasks=sorted(tasks, key=_place),
        fraction_done=fraction_done(row, tasks),
        remaining_s=remaining_s(row, tasks, opened_at, now),
        result=_result_of(folder) if has_ended else None,
        facts={} if has_ended else facts_so_far(folder.scratch, tasks),
        at=now,
        place=place,
    )


def _result_of(folder: JobFolder) -> JobResult | None:
    try:
        return JobResult.read(folder.result)
    except InputError:  # never written, or spoilt; what the store knows can still be shown
        return None


def _place(task: TaskRow) -> tuple[float, int, float]:
    """Where a task stands in the list: by video, stage and part; what joins videos or parts comes after them."""
    video = int(task.video_id) if task.video_id else math.inf
    order = list(STAGES)
    return video, order.index(task.stage) if task.stage in order else len(order), task.part or math.inf
