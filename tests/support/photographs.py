"""Photographs of persons that are there on every machine."""

import cv2
import numpy as np

from videoprep_nb.media.photographs import photograph_path
from videoprep_nb.tracking.detectors import RgbFrame


def photograph(name: str) -> RgbFrame:
    """A photograph of the package ultralytics, ``(height, width, 3)`` uint8 RGB."""
    return cv2.cvtColor(cv2.imread(str(photograph_path(name))), cv2.COLOR_BGR2RGB)


def bus_photograph() -> RgbFrame:
    """Four persons, ``(1080, 810, 3)``."""
    return photograph("bus.jpg")


def in_standard_frame(image: RgbFrame) -> tuple[RgbFrame, float, int]:
    """An image letterboxed to 1280x720, its scale and the width of the left bar."""
    scale = 720 / image.shape[0]
    width = round(image.shape[1] * scale)
    left = (1280 - width) // 2
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[:, left : left + width] = cv2.resize(image, (width, 720), interpolation=cv2.INTER_AREA)
    return frame, scale, left


def bus_in_standard_frame() -> RgbFrame:
    """The persons of the bus in a standard frame, ``(720, 1280, 3)``."""
    return in_standard_frame(bus_photograph())[0]
