"""Camera motion, estimated from the frames.

Corners of one frame are found again in the next one by sparse optical flow (Lucas and Kanade 1981, in pyramids), and
a shift, turn and zoom is fitted to them by RANSAC, which leaves out what moves by itself, as in BoT-SORT (Aharon,
Orfaig and Bobrovsky 2022, arXiv:2206.14651).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.cached_arrays import CachedArrays

CODE_VERSION = 1
"""Raise it when the same frames would give other steps."""

GreyImage = npt.NDArray[np.uint8]
"""A frame, ``(height, width)`` uint8."""
Step = npt.NDArray[np.float64]
"""``(2, 3)``, maps points of one frame to the next, in pixels."""

_LONGER_SIDE_PX = 480
_CORNERS = 300
_CORNER_QUALITY = 0.01
_CORNER_DISTANCE_PX = 8
_RANSAC_PX = 1.0
_MIN_CORNERS = 12
_MIN_SHARE = 0.1  # of the corners, that must agree: few are left after a jerk; else it is a cut
_BAR_LEVEL = 24  # a line of pixels as dark as that belongs to the bars around the frame
_BAR_MARGIN_PX = 6
_STILL_SHARE = 0.01  # of the longer side per second; still cameras: at most 0.003, moving ones: at least 0.037
_MOVING_SHARE = 0.1  # of the seconds of a clip: who passes close by covers the frame for one or two of them


@dataclass(frozen=True)
class ClipMotion(CachedArrays):
    """How the camera moves within a clip.

    Args:
        steps: ``(K, 2, 3)`` float64, to each frame from the one before, in pixels of the frames; the first one says
            that nothing moved.
        first_image: ``(height, width)`` uint8.
        last_image: ``(height, width)`` uint8; these two join the clip to others.
        fingerprint: What it was made from.
    """

    steps: npt.NDArray[np.float64]
    first_image: GreyImage
    last_image: GreyImage
    fingerprint: str

    @classmethod
    def estimate(cls, frames: Iterator[GreyImage], fingerprint: str) -> Self:
        """Estimate it from at least one frame, each ``(height, width)`` uint8 of ``small_frame_size``."""
        first = before = next(frames)
        steps = [_still()]
        for frame in frames:
            steps.append(estimate_step(before, frame))
            before = frame
        return cls(np.array(steps), first, before, fingerprint)

    @classmethod
    def still(cls, key_frames: Sequence[GreyImage], frame_count: int, fingerprint: str) -> Self:
        """The motion of a camera that stands still for ``frame_count`` frames, with some of them as images."""
        return cls(np.tile(_still(), (frame_count, 1, 1)), key_frames[0], key_frames[-1], fingerprint)

    @property
    def moves(self) -> bool:
        """Whether any frame is not where the one before was."""
        return bool((self.steps != _still()).any())


def camera_moves(key_frames: Sequence[GreyImage]) -> bool:
    """Decide from one frame per second whether following the camera is worth it.

    What counts is how far the middles of the four quarters of the frame move within a second. A camera that stands
    still is best taken for just that: who follows it follows the persons in front of it a little.

    Args:
        key_frames: Frames about a second apart, each ``(height, width)`` uint8.

    Returns:
        Whether it moves by more than a hundredth of the longer side in more than a tenth of the seconds.

    Example:
        >>> wall = np.random.default_rng(0).integers(0, 255, (270, 480), np.uint8)
        >>> camera_moves([wall] * 5), camera_moves([np.roll(wall, 20 * second, axis=1) for second in range(5)])
        (False, True)
    """
    shifts = [_shift(estimate_step(*pair), pair[0].shape) for pair in pairwise(key_frames)]
    is_moving = np.array(shifts) > _STILL_SHARE
    return bool(is_moving.sum() > _MOVING_SHARE * len(is_moving))


def _shift(step: Step, shape: tuple[int, ...]) -> float:
    """How far the middles of the four quarters move on average, as a share of the longer side."""
    height, width = shape
    quarters = np.array([[x * width, y * height] for x in (0.25, 0.75) for y in (0.25, 0.75)])
    moved = quarters @ step[:, :2].T + step[:, 2] - quarters
    return float(np.hypot(*moved.T).mean() / max(shape))


def small_frame_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, even, of the small copies that are compared."""
    scale = min(1.0, _LONGER_SIDE_PX / max(width, height))
    return max(1, round(width * scale / 2)) * 2, max(1, round(height * scale / 2)) * 2


def join_steps(clips: Sequence[ClipMotion], width: int) -> npt.NDArray[np.float64]:
    """The movements through several clips, one after the other.

    Args:
        clips: The clips, with at least one frame each.
        width: Width of the video in pixels.

    Returns:
        ``(K, 2, 3)`` float64, to each frame from the one before, in pixels of the video.
    """
    steps = np.concatenate([clip.steps for clip in clips])
    begins = np.cumsum([len(clip.steps) for clip in clips])[:-1]
    for begin, before, after in zip(begins.tolist(), clips[:-1], clips[1:], strict=True):
        steps[begin] = estimate_step(before.last_image, after.first_image)
    steps[:, :, 2] *= width / clips[0].first_image.shape[1]
    return steps


def estimate_step(before: GreyImage, frame: GreyImage) -> Step:
    """Estimate how the camera moved from one frame to the next.

    Args:
        before: ``(height, width)`` uint8.
        frame: The same.

    Returns:
        Shift, turn and zoom; no movement where the two have too little in common.
    """
    corners = cv2.goodFeaturesToTrack(
        before, _CORNERS, _CORNER_QUALITY, _CORNER_DISTANCE_PX, mask=_without_bars(before)
    )
    if corners is None or len(corners) < _MIN_CORNERS:
        return _still()
    moved, is_found, _ = cv2.calcOpticalFlowPyrLK(before, frame, corners, None)
    is_found = is_found.ravel() == 1
    if is_found.sum() < _MIN_CORNERS:
        return _still()
    step, agrees = cv2.estimateAffinePartial2D(
        corners[is_found], moved[is_found], method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PX
    )
    if step is None or agrees.sum() < max(_MIN_CORNERS, _MIN_SHARE * len(corners)):
        return _still()
    return np.asarray(step, dtype=np.float64)


def _without_bars(frame: GreyImage) -> GreyImage:
    """``(height, width)`` uint8, 255 where corners are looked for: the bars of the standard form never move."""
    mask = np.zeros_like(frame)
    rows = np.flatnonzero(frame.max(axis=1) > _BAR_LEVEL)
    columns = np.flatnonzero(frame.max(axis=0) > _BAR_LEVEL)
    if len(rows) and len(columns):
        top, bottom = rows[0] + _BAR_MARGIN_PX, rows[-1] + 1 - _BAR_MARGIN_PX
        left, right = columns[0] + _BAR_MARGIN_PX, columns[-1] + 1 - _BAR_MARGIN_PX
        mask[top : max(bottom, top), left : max(right, left)] = 255
    return mask


def _still() -> Step:
    return np.eye(2, 3)
