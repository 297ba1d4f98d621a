"""Whether the lines of frames belong to two moments, measured where something moves.

The lines of two frames in a row can be put together in three ways: those of the first frame, its even lines with the
odd ones of the second, and the other way round. Something that moves looks like a comb where the lines belong to
different moments. In a progressive video these are the two mixed frames. In an interlaced one, the first frame is as
torn as the mixed frame of two neighbouring fields, and the other mixed frame is torn three times as far.
"""

from collections import Counter
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

Scan = Literal["progressive", "tff", "bff"]
"""``tff`` and ``bff``: interlaced, with the field of the even or of the odd lines first."""

_SCANS: tuple[Scan, ...] = ("tff", "bff", "progressive")
_LINES = range(96, 1153)  # no camera interlaces fewer or more
_COLUMNS = 320
_MOVED = 16
_TORN = 10
_MIN_MOVED_SHARE = 1 / 2000
_MIN_MOVED = 60
_MIN_TORN = 30
_MIN_INTERLACED_VOTES = 4
_MIN_PROGRESSIVE_VOTES = 6
_MIN_SHARE = 0.4
_PROGRESSIVE_SHARE = 0.95

Luma = npt.NDArray[np.uint8]


class ScanVotes:
    """Collects what pairs of frames say, until it is clear."""

    def __init__(self) -> None:
        self._votes: Counter[Scan] = Counter()
        self._last: Any = None

    @property
    def scan(self) -> Scan | None:
        """How the frames were scanned; None while it is not clear."""
        total = self._votes.total()
        tff, bff, progressive = (self._votes[scan] for scan in _SCANS)
        if max(tff, bff) >= _MIN_INTERLACED_VOTES and max(tff, bff) > max(_MIN_SHARE * total, 4 * min(tff, bff)):
            return "tff" if tff > bff else "bff"
        if progressive >= _MIN_PROGRESSIVE_VOTES and progressive >= _PROGRESSIVE_SHARE * total:
            return "progressive"
        return None

    def take(self, frame: Any) -> None:
        """Take the next frame, as PyAV has it."""
        last, self._last = self._last, frame
        if last is None or self.scan is not None or frame.height not in _LINES:
            return
        if (last.width, last.height) == (frame.width, frame.height):
            vote = scan_of(_luma(last), _luma(frame))
            if vote is not None:
                self._votes[vote] += 1

    def forget_last(self) -> None:
        """The next frame does not follow the last one."""
        self._last = None


def scan_of(first: Luma, second: Luma) -> Scan | None:
    """How two frames in a row were scanned.

    Args:
        first: ``(height, width)`` uint8 luma.
        second: Likewise.

    Returns:
        None if too little moves, or the frames do not say.
    """
    moved = cv2.dilate((cv2.absdiff(first, second) > _MOVED).astype(np.uint8), np.ones((5, 3), np.uint8))[1:-1]
    if np.count_nonzero(moved) < max(_MIN_MOVED, moved.size * _MIN_MOVED_SHARE):
        return None
    own, even_first, odd_first = (
        np.count_nonzero(_torn(lines) & moved) for lines in (first, _woven(first, second), _woven(second, first))
    )
    least, most = sorted((even_first, odd_first))
    if most < _MIN_TORN:
        return None
    if own < 0.5 * least:
        return "progressive"
    if 0.85 * least < own < 1.5 * least and most > 1.25 * least:
        return "tff" if odd_first < even_first else "bff"
    return None


def _luma(frame: Any) -> Luma:
    """Every line of a frame and some of its columns, ``(height, about 320)``."""
    luma: Luma = frame.to_ndarray(format="gray")
    return np.ascontiguousarray(luma[:, :: max(1, frame.width // _COLUMNS)])


def _woven(even: Luma, odd: Luma) -> Luma:
    woven = even.copy()
    woven[1::2] = odd[1::2]
    return woven


def _torn(lines: Luma) -> npt.NDArray[np.bool_]:
    """``(height - 2, width)`` which pixels are lighter than both neighbours above and below, or darker than both."""
    signed = lines.astype(np.int16)
    above, below = signed[1:-1] - signed[:-2], signed[1:-1] - signed[2:]
    torn: npt.NDArray[np.bool_] = (np.minimum(above, below) > _TORN) | (np.maximum(above, below) < -_TORN)
    return torn
