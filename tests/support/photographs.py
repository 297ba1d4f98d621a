"""Photographs of persons that are there on every machine."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np

from videoprep_nb.tracking.detectors import RgbFrame


def bus_photograph() -> RgbFrame:
    """Four persons, ``(1080, 810, 3)`` uint8 RGB, from the package ultralytics."""
    # find_spec does not run the package's __init__, which would load torch.
    package = importlib.util.find_spec("ultralytics")
    assert package is not None
    assert package.origin is not None
    return cv2.cvtColor(cv2.imread(str(Path(package.origin).parent / "assets" / "bus.jpg")), cv2.COLOR_BGR2RGB)


def in_standard_frame(photograph: RgbFrame) -> tuple[RgbFrame, float, int]:
    """The photograph letterboxed to 1280x720, its scale and the width of the left bar."""
    scale = 720 / photograph.shape[0]
    width = round(photograph.shape[1] * scale)
    left = (1280 - width) // 2
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[:, left : left + width] = cv2.resize(photograph, (width, 720), interpolation=cv2.INTER_AREA)
    return frame, scale, left


def bus_in_standard_frame() -> RgbFrame:
    """The persons of the bus in a standard frame, ``(720, 1280, 3)``."""
    return in_standard_frame(bus_photograph())[0]
