"""How much of a frame differs from another one, block by block, and how much of that is noise.

Compared are small grey copies, blurred a little, and of each block the pixel that differs most counts: a person who is
12 px high in a frame of 1280x720 covers three pixels of the copy, and no mean over a frame or a large block would show
that. What counts as noise is measured in the video: blocks of neighbouring key frames differ by it nearly always,
by a person only now and then.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

GreyImage: TypeAlias = npt.NDArray[np.uint8]
"""A small copy, ``(height, width)`` uint8."""
Blocks: TypeAlias = npt.NDArray[np.float32]
"""``(rows, columns)`` float32, a grey level for each block of a small copy."""

BLOCK_PX = 8
"""Sides of a block in a small copy."""

_LONGER_SIDE_PX = 320
_BLUR_PX = 3
_LIGHT_CELLS = (16, 9)
_DARK_LEVEL = 16  # cells below say nothing about the light

_MIN_KEY_FRAMES = 5  # fewer show no noise
_NOISE_QUANTILE = 0.25  # of the key frames, that differ by noise alone
_NOISE_FACTOR = 4.0  # how far above that the noise of thousands of blocks and frames reaches
_MIN_THRESHOLD = 6.0
_MAX_NOISE = 12.0  # what differs by more all the time is no noise, but a burnt-in clock or a tree
_MAX_RESTLESS_SHARE = 0.1  # of the blocks; if more of them never rest, they are people, or the camera moves
_LIGHT_DOUBT = 25.0  # grey levels that the light may be off by for each unit that its factor is off 1


def small_grey(frame: npt.NDArray[np.uint8]) -> GreyImage:
    """Make the small copy of a frame, ``(height, width, 3)`` uint8 RGB."""
    height, width = frame.shape[:2]
    scale = min(1.0, _LONGER_SIDE_PX / max(width, height))
    size = max(BLOCK_PX, round(width * scale)), max(BLOCK_PX, round(height * scale))
    grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(grey, (_BLUR_PX, _BLUR_PX)), np.uint8)


def largest_differences(before: GreyImage, after: GreyImage) -> Blocks:
    """The largest difference in each block, apart from a change of the light that is the same all over the frame.

    Args:
        before: A small copy.
        after: Another one of the same size.

    Example:
        >>> wall = np.full((180, 320), 100, np.uint8)
        >>> brighter = np.full((180, 320), 120, np.uint8)
        >>> brighter[80:86, 160:162] = 40
        >>> blocks = largest_differences(wall, brighter)
        >>> blocks.shape, int((blocks > 6).sum())
        ((23, 40), 1)
    """
    light = _light_factor(before, after)
    differences = cv2.absdiff(cv2.convertScaleAbs(before, alpha=light), after)
    kernel = np.ones((BLOCK_PX, BLOCK_PX), np.uint8)
    largest = cv2.dilate(differences, kernel, anchor=(0, 0))[::BLOCK_PX, ::BLOCK_PX]
    return np.asarray(largest, np.float32) - np.float32(_LIGHT_DOUBT * abs(light - 1))


def _light_factor(before: GreyImage, after: GreyImage) -> float:
    """How much brighter most of the frame has become."""
    cells = [cv2.resize(image, _LIGHT_CELLS, interpolation=cv2.INTER_AREA) for image in (before, after)]
    is_lit = cells[0] >= _DARK_LEVEL
    return float(np.median(cells[1][is_lit] / cells[0][is_lit])) if is_lit.any() else 1.0


def change_thresholds(key_frames: Sequence[GreyImage]) -> Blocks | None:
    """From which difference on a block has changed by more than noise.

    A block's noise is the lower quartile of its differences between neighbouring key frames; four times as much, and
    at least six grey levels, are a change. A few blocks that never rest, such as a burnt-in clock or a tree in the
    wind, never count.

    Args:
        key_frames: Small copies of frames of one clip, about a second apart.

    Returns:
        A threshold for each block; None if there are too few frames to measure noise, or if so much of the frame never
        rests that it may be people or a moving camera.
    """
    if len(key_frames) < _MIN_KEY_FRAMES:
        return None
    differences = np.stack([largest_differences(*pair) for pair in pairwise(key_frames)])
    noise = np.quantile(differences, _NOISE_QUANTILE, axis=0)
    is_restless = noise > _MAX_NOISE
    if is_restless.mean() > _MAX_RESTLESS_SHARE:
        return None
    thresholds = np.maximum(_MIN_THRESHOLD, _NOISE_FACTOR * noise)
    return np.where(is_restless, np.inf, thresholds).astype(np.float32)
