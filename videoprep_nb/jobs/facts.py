"""What the stages counted in a video, for the result of a job and for who watches it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.stages.base import VideoFacts
from videoprep_nb.stages.registry import STAGES


def video_facts(scratch: Path, video_id: str) -> VideoFacts:
    """What the stages counted in a video, as far as they have come.

    Args:
        scratch: The scratch folder of the job.
        video_id: The video.
    """
    facts: VideoFacts = {}
    for stage in STAGES.values():
        # missing when it never came so far, or spoilt by a crash of the machine
        with suppress(InputError, OSError):
            counted = stage.facts(scratch, video_id)
            findings = (*facts.get("findings", ()), *counted.get("findings", ()))
            facts |= counted | VideoFacts(findings=findings)
    return facts


def facts_so_far(scratch: Path, tasks: Sequence[TaskRow]) -> dict[str, VideoFacts]:
    """The facts of each video of a job that has not ended; read again only when a task of the video is done.

    Args:
        scratch: The scratch folder of the job.
        tasks: The tasks of the job.
    """
    done: dict[str, list[tuple[str, datetime | None]]] = {}
    for task in tasks:
        if task.video_id is not None and task.state is State.DONE:
            done.setdefault(task.video_id, []).append((task.key, task.ended_at))
    return {video_id: _facts_after(scratch, video_id, tuple(ends)) for video_id, ends in done.items()}


@lru_cache(maxsize=1000)
def _facts_after(scratch: Path, video_id: str, done: tuple[tuple[str, datetime | None], ...]) -> VideoFacts:
    return video_facts(scratch, video_id)
