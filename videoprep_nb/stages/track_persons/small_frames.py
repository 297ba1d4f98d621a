"""Small copies of the frames of a clip, for what needs no detail."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.media.scaled_frames import read_scaled_frames, read_scaled_key_frames
from videoprep_nb.tracking.camera.motion import GreyImage, small_frame_size


def read_small_frames(path: Path, clip: ClipRecord, sampled: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    """Read some frames of a clip.

    Args:
        path: Its file.
        clip: Its record.
        sampled: ``(K,)`` zero-based indices of the frames, increasing.

    Yields:
        ``(height, width, 3)`` uint8 RGB, of the size ``small_frame_size``.

    Raises:
        InputError: The clip is missing or broken.
        FrameCountError: The clip is too short.
    """
    count = 0
    for frame in read_scaled_frames(path, sampled.tolist(), small_frame_size(clip.width, clip.height)):
        count += 1
        yield frame
    if count < len(sampled):
        raise FrameCountError(f"{clip.file_name} ended after {count} of {len(sampled)} frames; cut it again.")


def read_grey_key_frames(path: Path, clip: ClipRecord) -> Iterator[GreyImage]:
    """Read the key frames of a clip, one in every second; arguments and errors are those of ``read_small_frames``."""
    for frame in read_scaled_key_frames(path, small_frame_size(clip.width, clip.height)):
        yield cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def read_grey_frames(path: Path, clip: ClipRecord, sampled: npt.NDArray[np.int64]) -> Iterator[GreyImage]:
    """Do what ``read_small_frames`` does, but give grey frames."""
    for frame in read_small_frames(path, clip, sampled):
        yield cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
