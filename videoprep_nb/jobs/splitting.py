"""Into how many parts a long video is split from the start, to be worked on side by side."""

import math

from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.stages.base import VideoLength

_LEAST_PART_S = 60.0
"""Shorter parts would spend their time on notebooks."""

_PARTS_PER_WORKER = 2
"""So that a worker which is done early takes from one which is not."""


def part_count(params: JobParams, options: JobOptions, length: VideoLength, worker_count: int) -> int:
    """Into how many parts to split a video.

    Args:
        params: The parameters of the job.
        options: How it is run.
        length: The video, or the part of it that is taken.
        worker_count: Workers that its parts may run on.

    Returns:
        At least 1, which is the whole video. A multiple of the number of workers where the video is long enough.

    Example:
        >>> length = VideoLength(duration_s=600, rate=25, can_be_split=True)
        >>> [part_count(JobParams({}), JobOptions(), length, workers) for workers in (1, 2, 16)]
        [5, 6, 10]
    """
    step_s = max(stage.split_step_s(params.of(stage.name)) for stage in params.chain.stages)
    if not length.can_be_split or math.isinf(step_s):
        return 1
    by_length = math.ceil(length.duration_s / (options.clips_per_task * step_s))
    by_workers = _PARTS_PER_WORKER * worker_count if worker_count > 1 else 1
    needed = math.ceil(max(by_length, by_workers) / worker_count) * worker_count
    return min(needed, most_parts(length))


def most_parts(length: VideoLength) -> int:
    """Into how many parts a video can be split at most.

    Example:
        >>> most_parts(VideoLength(duration_s=600, rate=25)), most_parts(VideoLength(600, 25, can_be_split=True))
        (1, 10)
    """
    return max(1, math.floor(length.duration_s / _LEAST_PART_S)) if length.can_be_split else 1
