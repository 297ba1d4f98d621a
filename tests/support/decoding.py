"""Frames as decord decodes them: a reader that the product does not use, so that it can judge what is written."""

from pathlib import Path

import decord
import numpy as np


def read_frames(path: Path) -> list[np.ndarray]:
    """All frames of a video, ``(height, width, 3)`` uint8 RGB."""
    reader = decord.VideoReader(str(path), num_threads=1)
    return [reader[index].asnumpy() for index in range(len(reader))]
