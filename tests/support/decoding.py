"""Frames as decord decodes them: a reader that no stage uses, so that it can judge what stages write."""

from pathlib import Path

import decord
import numpy as np


def read_frames(path: Path) -> list[np.ndarray]:
    """All frames of a video, ``(height, width, 3)`` uint8 RGB."""
    reader = decord.VideoReader(str(path), num_threads=1)
    return [reader[index].asnumpy() for index in range(len(reader))]
