"""A sample video with real people, made from the photographs that come with ultralytics.

``python -m`` writes it to the file that is named: servers have a process of its own make it.
"""

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.media.photographs import photograph_path
from videoprep_nb.media.rgb_writer import RgbWriter

_WIDTH, _HEIGHT, _RATE = 1280, 720, 25
_SCENE_HEIGHT = 800
_WALL_WIDTH = 1340  # wider than a frame, so that some frames show nobody
_SWAY_PX = 30.0
_SWAY_PERIOD_S = 7.0

Image = npt.NDArray[np.uint8]


def write_sample(path: Path, duration_s: float = 20.0) -> None:
    """Write a 1280×720 H.264 video in which people enter and leave as the camera pans back and forth.

    Args:
        path: The MP4 file to write.
        duration_s: Its length in seconds; the slower the longer.

    Raises:
        InputError: The photographs are missing.
        DiskFullError: The disk is full.
    """
    scene = _scene()
    options = {"preset": "veryfast", "crf": "20"}
    with staged_file(path) as staging, RgbWriter(staging, (_WIDTH, _HEIGHT), Fraction(_RATE), options) as writer:
        for view in _views(scene, duration_s):
            writer.write(cv2.cvtColor(view, cv2.COLOR_BGR2RGB))


def _scene() -> Image:
    """A street, a plain wall and two men, side by side: ``(800, W, 3)`` uint8 BGR."""
    street = _scaled(_photograph("bus.jpg")[330:1000])
    men = _scaled(_photograph("zidane.jpg"))
    left, right = street[:, -8:].mean(axis=1), men[:, :8].mean(axis=1)
    blend = np.linspace(0, 1, _WALL_WIDTH)[None, :, None]
    wall = cv2.GaussianBlur((1 - blend) * left[:, None] + blend * right[:, None], (1, 201), 0)
    return np.hstack([street, wall.astype(np.uint8), men])


def _photograph(name: str) -> Image:
    file = photograph_path(name)
    image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"The photograph {file} is damaged; install ultralytics again.")
    photograph: Image = image
    return photograph


def _scaled(image: Image) -> Image:
    width = round(image.shape[1] * _SCENE_HEIGHT / image.shape[0])
    scaled: Image = cv2.resize(image, (width, _SCENE_HEIGHT), interpolation=cv2.INTER_AREA)
    return scaled


def _views(scene: Image, duration_s: float) -> Iterator[Image]:
    """The moving crop, frame by frame: ``(720, 1280, 3)`` uint8 BGR."""
    span_px = scene.shape[1] - _WIDTH
    middle_px = (scene.shape[0] - _HEIGHT) / 2
    for index in range(max(1, round(duration_s * _RATE))):
        time_s = index / _RATE
        left = span_px * (1 - math.cos(2 * math.pi * time_s / duration_s)) / 2
        upper = middle_px + _SWAY_PX * math.sin(2 * math.pi * time_s / _SWAY_PERIOD_S)
        shift = np.array([[1, 0, -left], [0, 1, -upper]])
        yield cv2.warpAffine(scene, shift, (_WIDTH, _HEIGHT), flags=cv2.INTER_LINEAR)


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]))
