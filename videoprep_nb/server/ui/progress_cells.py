"""How far the stages of a job are, for the table of its progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import JobView
from videoprep_nb.server.api.schemas import JobStatus, TaskStatus, VideoStatus
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class Cell:
    """One stage of one video, or of all, for the table of progress.

    Args:
        state: Its state.
        fraction_done: Share that is done, 0 to 1.
        done: What is finished.
        total: What there is to do, 0 while that is unknown.
        progress_unit: What is counted.
        rate_per_s: How many a second, None while unknown.
        remaining_s: Seconds left, None while unknown.
        parts_done: Parts that are done, of a stage that is split.
        parts_total: Number of parts, 0 when it is not split.
        product: Name of what it makes, empty when it says nothing about that.
        product_count: How much of it, None while unknown.
        is_skipped: Nobody cancelled it; what it needs has failed.
    """

    state: State
    fraction_done: float = 0.0
    done: int = 0
    total: int = 0
    progress_unit: str = ""
    rate_per_s: float | None = None
    remaining_s: float | None = None
    parts_done: int = 0
    parts_total: int = 0
    product: str = ""
    product_count: int | None = None
    is_skipped: bool = False


def cell_of(view: JobView, job: JobStatus, stage: str, video: VideoStatus | None) -> Cell:
    """How far a stage is with a video; None: with the whole job."""
    video_id = video.video_id if video else None
    tasks = [task for task in job.tasks if task.stage == stage and task.video_id == video_id]
    whole = next((task for task in tasks if task.part is None), None)
    if whole is None:
        # tasks are planned when the job's turn comes
        has_ended = job.state in ENDED
        return Cell(State.CANCELLED if has_ended else State.WAITING, is_skipped=job.state is not State.CANCELLED)
    parts = [task for task in tasks if task.part is not None]
    if parts and whole.state in (State.WAITING, State.QUEUED):
        return _split_cell(parts)
    product = STAGES[stage].counts
    return Cell(
        whole.state,
        whole.fraction_done,
        whole.done,
        whole.total,
        whole.progress_unit,
        whole.rate_per_s,
        whole.remaining_s,
        product=product,
        product_count=getattr(video, product) if video and product else None,
        is_skipped=whole.state is State.CANCELLED and job.state is not State.CANCELLED,
    )


def _split_cell(parts: Sequence[TaskStatus]) -> Cell:
    """The parts of a long video, which are worked on side by side, as one."""
    running = [task for task in parts if task.state is State.RUNNING]
    has_failed = any(task.state is State.FAILED for task in parts)
    started = running or any(task.state in ENDED for task in parts)
    return Cell(
        State.FAILED if has_failed else State.RUNNING if started else State.WAITING,
        sum(task.fraction_done for task in parts) / len(parts),
        rate_per_s=sum(task.rate_per_s or 0.0 for task in running) or None,
        progress_unit=running[0].progress_unit if running else "",
        parts_done=sum(task.state is State.DONE for task in parts),
        parts_total=len(parts),
    )
