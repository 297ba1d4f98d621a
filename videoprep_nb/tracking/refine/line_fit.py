"""Straight lines through the boxes of a track near one row: where the person is there, and how they move.

Links, and the gaps that are cut into tracks to measure how well links can be predicted, use the same lines.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class FitWindow:
    """Which boxes a line is fitted to.

    Args:
        length_s: Boxes up to this many seconds away count.
        decay_s: A box counts the less the further away it is, by a factor of e for so many seconds.
        velocity_doubt_s2: Draws the velocity to zero where the boxes are spread over less than this variance.
    """

    length_s: float
    decay_s: float
    velocity_doubt_s2: float


LONG_WINDOW = FitWindow(1.0, 0.5, 0.005)
"""For people who walk."""
SHORT_WINDOW = FitWindow(0.5, 0.25, 0.00125)
"""For people who change their direction within a second."""


@dataclass(frozen=True)
class Motion:
    """Place and movement of persons.

    Args:
        boxes_cxywh: ``(P, 4)`` float64 pixels.
        velocity: ``(P, 4)`` float64 pixels per second.
    """

    boxes_cxywh: _Array
    velocity: _Array

    def rows(self, chosen: _Indices) -> "Motion":
        """Those of some persons."""
        return Motion(self.boxes_cxywh[chosen], self.velocity[chosen])


@dataclass(frozen=True)
class Mismatch:
    """How badly pairs of motions before and after a gap fit together.

    Args:
        miss_xy: ``(P, 2)`` float64, how far both, extrapolated at their mean velocity, miss each other, in heights of
            the person.
        turn_xy: ``(P, 2)`` float64, how much the velocity changes, in heights per second.
        height_ratio: ``(P,)`` float64, logarithm of height after to height before.
    """

    miss_xy: _Array
    turn_xy: _Array
    height_ratio: _Array


def mismatch(before: Motion, after: Motion, gap_s: _Array) -> Mismatch:
    """Compare pairs of motions before and after a gap.

    Args:
        before: Of ``P`` persons before their gaps.
        after: Of ``P`` persons after them.
        gap_s: ``(P,)`` seconds between the two.
    """
    height_before = np.maximum(before.boxes_cxywh[:, 3], 1)
    height_after = np.maximum(after.boxes_cxywh[:, 3], 1)
    height = np.sqrt(height_before * height_after)[:, None]
    velocity = (before.velocity + after.velocity) / 2
    miss = after.boxes_cxywh - before.boxes_cxywh - velocity * gap_s[:, None]
    return Mismatch(
        miss_xy=miss[:, :2] / height,
        turn_xy=(after.velocity - before.velocity)[:, :2] / height,
        height_ratio=np.log(height_after / height_before),
    )


class TrackRows:
    """The rows of tracks, found by track and time.

    Args:
        tracks: At least one row.
        rate: Frames of the video per second.

    Attributes:
        tracks: The tracks.
        rate: Frames per second.
        boxes_cxywh: ``(N, 4)`` float64 pixels.
        first: ``(T,)`` the first row of each track.
        last: ``(T,)`` the last row of each track.
        duration_s: ``(T,)`` from the beginning of the first to the end of the last frame of each track.
        track: ``(N,)`` the number of the track that each row belongs to, 0 … T-1.
    """

    def __init__(self, tracks: Tracks, rate: Fraction) -> None:
        self.tracks, self.rate = tracks, float(rate)
        self.boxes_cxywh = to_cxywh(tracks.boxes_xyxy)
        self.first: _Indices = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
        self.last: _Indices = np.append(self.first[1:], len(tracks)) - 1
        frame_count = tracks.frame_index[self.last] - tracks.frame_index[self.first] + 1
        self.duration_s: _Array = frame_count / self.rate
        self.track: _Indices = np.repeat(np.arange(len(self.first)), self.last - self.first + 1)
        frames = tracks.frame_index - tracks.frame_index.min()
        self._key = self.track * (frames.max() + 1) + frames  # increases from row to row

    def later(self, rows: _Indices, step: int) -> _Indices:
        """For each of some rows, the row of the same track that lies so many frames later; -1 where there is none."""
        key = self._key[rows] + step
        later = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where((self._key[later] == key) & (self.track[later] == self.track[rows]), later, -1)

    def motion_before(self, rows: _Indices, window: FitWindow) -> Motion:
        """The motion at some rows, from the boxes up to and in each row."""
        earliest = np.searchsorted(self._key, self._key[rows] - self._frames(window))
        return self._fit(np.maximum(earliest, self.first[self.track[rows]]), rows + 1, rows, window)

    def motion_after(self, rows: _Indices, window: FitWindow) -> Motion:
        """The motion at some rows, from the boxes in each row and after it."""
        stop = np.searchsorted(self._key, self._key[rows] + self._frames(window), side="right")
        return self._fit(rows, np.minimum(stop, self.last[self.track[rows]] + 1), rows, window)

    def _frames(self, window: FitWindow) -> int:
        return int(window.length_s * self.rate)

    def _fit(self, start: _Indices, stop: _Indices, rows: _Indices, window: FitWindow) -> Motion:
        """Fit a line to the boxes of the rows ``start`` … ``stop``-1, for each of ``rows``; its value is at the row."""
        counts = stop - start
        begin = np.cumsum(counts) - counts
        used = np.arange(counts.sum()) - np.repeat(begin - start, counts)
        fit = np.repeat(np.arange(len(rows)), counts)
        time_s = (self.tracks.frame_index[used] - self.tracks.frame_index[rows][fit]) / self.rate
        weight = np.exp(-np.abs(time_s) / window.decay_s)
        boxes = self.boxes_cxywh[used]
        total = np.add.reduceat(weight, begin)
        mean_s = np.add.reduceat(weight * time_s, begin) / total
        mean_box = np.add.reduceat(weight[:, None] * boxes, begin) / total[:, None]
        off_s, off_box = time_s - mean_s[fit], boxes - mean_box[fit]
        covariance = np.add.reduceat((weight * off_s)[:, None] * off_box, begin)
        variance = np.add.reduceat(weight * off_s**2, begin) + window.velocity_doubt_s2 * total
        velocity = covariance / variance[:, None]
        return Motion(mean_box - velocity * mean_s[:, None], velocity)
