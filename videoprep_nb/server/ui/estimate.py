"""How long a job will take and how much room it needs, before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from videoprep_nb.jobs.settings import Settings
from videoprep_nb.stages.params import STAGES
from videoprep_nb.tracking.detector_options import inputs_per_frame

# Measured on two cores of a server (docs/benchmarks.md): what a stage costs beside the work itself, the work
# without tracking per second of video, and the detector per frame at its usual picture size.
_NOTEBOOKS_S = 7.0
_PER_VIDEO_SECOND_S = 0.05
_PER_TRACKED_FRAME_S = 0.017
_USUAL_IMAGE_SIZE = 640
# The standard video in its quick encoding, and a JPEG of it.
_STANDARD_BYTES_PER_FRAME = 40_000
_JPEG_BYTES = 150_000


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


def estimate(videos: Sequence[VideoFacts], settings: Settings) -> Estimate:
    """Estimate a job.

    Args:
        videos: Its videos.
        settings: Parameters that differ from the defaults.
    """
    track = STAGES["track_persons"].checked(settings.get("track_persons", {})).model_dump()
    extract = STAGES["extract_frames"].checked(settings.get("extract_frames", {})).model_dump()
    per_picture_s = _PER_TRACKED_FRAME_S * (track["image_size"] / _USUAL_IMAGE_SIZE) ** 2
    per_frame_s = per_picture_s * inputs_per_frame(track["tiles"]) / track["frame_stride"]
    time_s = sum(_NOTEBOOKS_S + video.duration_s * (_PER_VIDEO_SECOND_S + video.rate * per_frame_s) for video in videos)
    disk_bytes = sum(
        video.duration_s * (video.rate * _STANDARD_BYTES_PER_FRAME * 2 + extract["frames_per_second"] * _JPEG_BYTES * 2)
        for video in videos
    )
    return Estimate(time_s, disk_bytes)
