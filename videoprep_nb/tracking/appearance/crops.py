"""Persons cut out of frames."""

import numpy as np
import numpy.typing as npt


def crop_of(frame: npt.NDArray[np.uint8], box_xyxy: list[float]) -> npt.NDArray[np.uint8]:
    """The pixels of a box, at least one."""
    height, width = frame.shape[:2]
    left, top = min(max(int(box_xyxy[0]), 0), width - 1), min(max(int(box_xyxy[1]), 0), height - 1)
    return frame[top : max(int(box_xyxy[3]), top + 1), left : max(int(box_xyxy[2]), left + 1)]
