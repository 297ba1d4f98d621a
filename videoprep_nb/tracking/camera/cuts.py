"""Where one shot ends and the next starts, found by PySceneDetect."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.cached_arrays import CachedArrays

CODE_VERSION = 1  # raise it when the same frames would give other cuts

_MIN_SHOT_S = 0.5


@dataclass(frozen=True)
class ShotCuts(CachedArrays):
    """The cuts of a video.

    Args:
        frames: ``(N,)`` int64, zero-based indices in the video of the first frame of each shot but the first.
        fingerprint: What they were found in.
    """

    frames: npt.NDArray[np.int64]
    fingerprint: str


def find_cuts(frames: Iterable[npt.NDArray[np.uint8]], tracked_rate: float) -> list[int]:
    """Find cuts: changes of the image that stand out from those around them.

    Args:
        frames: Small frames of the video in order, ``(height, width, 3)`` uint8 RGB.
        tracked_rate: Frames per second.

    Returns:
        Indices of the frames with which a new shot begins.

    Raises:
        ParameterError: PySceneDetect is not installed.
    """
    try:
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector
    except ImportError:
        reason = "finding cuts needs PySceneDetect; install it with: pip install scenedetect, or turn this off"
        raise ParameterError("reset_at_cuts", reason) from None
    detector = AdaptiveDetector(min_scene_len=max(1, round(_MIN_SHOT_S * tracked_rate)))
    cuts: list[int] = []
    for index, frame in enumerate(frames):
        frame_bgr = np.ascontiguousarray(frame[..., ::-1])
        found = detector.process_frame(FrameTimecode(index, tracked_rate), frame_bgr)
        cuts += [timecode.frame_num for timecode in found]
    return cuts
