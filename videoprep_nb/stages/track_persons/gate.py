"""A part of stage 4: the gate for the frames of one clip."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.media.scaled_frames import read_scaled_key_frames
from videoprep_nb.tracking.gate.change import change_thresholds, small_grey
from videoprep_nb.tracking.gate.gate import ClipGate


def gate_of_clip(
    path: Path, clip: ClipRecord, sampled: npt.NDArray[np.int64], size: tuple[int, int]
) -> ClipGate | None:
    """Measure the noise of a clip in its key frames, and make a gate of it.

    Clips are measured one by one, so that a part of a video gets the detections that the whole gets.

    Args:
        path: Its file.
        clip: Its record.
        sampled: ``(K,)`` zero-based indices of the frames, increasing.
        size: Width and height in pixels that the detector gets frames in; noise depends on it.

    Returns:
        The gate; None if every frame is to be detected, see ``change_thresholds``.

    Raises:
        InputError: The clip is missing or broken.
    """
    thresholds = change_thresholds([small_grey(frame) for frame in read_scaled_key_frames(path, size)])
    return None if thresholds is None else ClipGate(thresholds, sampled, clip)
