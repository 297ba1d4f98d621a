"""How long a job will take and how much room it needs, before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.stages.base import VideoLength

_NOTEBOOKS_S = 7.0
"""What the notebooks of a video cost beside the work itself, measured on two cores (docs/benchmarks.md)."""


class VideoFacts(BaseModel):
    """What is known about a video before it is worked on.

    Args:
        duration_s: Its length in seconds.
        rate: Frames per second.
    """

    duration_s: float
    rate: float


@dataclass(frozen=True)
class Estimate:
    """What a job will cost, roughly.

    Args:
        time_s: Seconds of work when nothing else runs.
        disk_bytes: Room beside the videos themselves, most of it only until the end.
    """

    time_s: float
    disk_bytes: float


def estimate(videos: Sequence[VideoFacts], params: JobParams) -> Estimate:
    """Estimate a job from what its stages say they cost.

    Args:
        videos: Its videos.
        params: Its parameters.
    """
    costs = [
        stage.cost(of_stage, VideoLength(video.duration_s, video.rate))
        for stage, of_stage in params.each()
        for video in videos
    ]
    time_s = _NOTEBOOKS_S * len(videos) + sum(cost.time_s for cost in costs)
    return Estimate(time_s, sum(cost.disk_bytes for cost in costs))
