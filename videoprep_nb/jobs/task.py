"""One task of a job: a notebook in a process of its own."""

import re
from dataclasses import dataclass
from functools import cache, cached_property

from videoprep_nb.jobs.models import VideoInput
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class Task:
    """One stage of one video, of a part of it, or of the whole job: one notebook in a process of its own.

    Args:
        stage: Name of the stage.
        video: The video, None for a stage that runs once per job.
        part: Number of the part of a long video, from 1; None for all of it.
        first_clip: First clip of the part, from 0.
        clip_count: Clips of the part; None if the video is split from the start.
        part_count: Parts of a video that is split from the start; 1 for others.
        after: Keys of the tasks that it needs.
    """

    stage: str
    video: VideoInput | None
    part: int | None = None
    first_clip: int = 0
    clip_count: int | None = None
    part_count: int = 1
    after: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Name of the task within its job, ``04_track_persons_1``; also that of its report."""
        of_video = f"_{self.video.video_id}" if self.video else ""
        return STAGES[self.stage].key + of_video + (f"_part_{self.part}" if self.part else "")

    @property
    def own_part(self) -> int | None:
        """Number of the part of a video that is split from the start; None for all of it."""
        return self.part if self.part_count > 1 else None

    @property
    def joins_videos(self) -> bool:
        """Whether it is the first to work on all videos together."""
        needed = (STAGES[name] for name in STAGES[self.stage].after)
        return self.video is None and any(stage.is_per_video for stage in needed)


def without_task_key(message: str) -> str:
    """A message without the name of its task, which is for engineers.

    Example:
        >>> without_task_key("01_resize_1: street.mp4 cannot be processed.")
        'street.mp4 cannot be processed.'
    """
    return _task_key().sub("", message)


@cache
def _task_key() -> re.Pattern[str]:
    """What begins a message that names its task."""
    return re.compile(rf"^(?:{'|'.join(stage.key for stage in STAGES.values())})\w*: ")
