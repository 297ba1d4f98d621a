"""How well the movement in a video can be predicted, measured where the truth is known: in gaps cut into its tracks.

People who walk are found again where a straight line says; dancers are not. Instead of one tolerance for all videos,
gaps of some lengths are cut into the tracks of each, and it is measured how far straight lines from both sides miss
each other.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from videoprep_nb.tracking.refine.line_fit import LONG_WINDOW, SHORT_WINDOW, FitWindow, TrackRows, mismatch
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_GAPS_S = (0.2, 0.5, 1.0)
_MAX_GAPS = 300  # of each length
_BESIDE_S = 0.25  # of a track that is left at least on both sides of a gap
_COMPARED_AT_S = 0.5  # the window that misses less in gaps of this length is the better one

# Standard deviation of the miss at once and what a second of gap adds, across and along the frame, in heights of the
# person: of people who walk. Measured values count by n / (n + _DOUBT), n being the number of gaps.
_USUAL_XY = np.array([0.025, 0.015])
_DOUBT = 100
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class SimulatedGaps:
    """Gaps of one length cut into tracks.

    Args:
        before: ``(G,)`` the last row before each gap.
        after: ``(G,)`` the first row after it.
        gap_s: Seconds between these two rows, the same for all.
        possible_count: Gaps of this length that the tracks have room for; those above are some of them.
    """

    before: _Indices
    after: _Indices
    gap_s: float
    possible_count: int


@dataclass(frozen=True)
class MotionMisses:
    """How far straight lines before and after a gap miss each other in a video.

    Args:
        window: The boxes to fit the lines to.
        at_once_xy: ``(2,)`` float64, standard deviation without a gap, in heights of the person.
        per_s_xy: ``(2,)`` float64, what each second of gap adds.
    """

    window: FitWindow
    at_once_xy: _Array
    per_s_xy: _Array

    @classmethod
    def usual(cls) -> Self:
        """Those of people who walk, for videos in which nothing can be measured."""
        return cls(LONG_WINDOW, _USUAL_XY, _USUAL_XY)

    def deviation_xy(self, gap_s: _Array) -> _Array:
        """``(P, 2)`` standard deviation after ``(P,)`` gaps, in heights of the person."""
        return self.at_once_xy + gap_s[:, None] * self.per_s_xy


def measure_misses(tracks: Tracks, rate: Fraction, frame_stride: int) -> MotionMisses:
    """Measure how far straight lines miss each other, with the window that suits the movement in this video.

    The deviation (1.48 times the median of the absolute misses, so that wrong tracks do not count) is a straight line
    over the length of the gap. Few gaps draw it towards the usual values.

    Args:
        tracks: Tracks or tracklets that hold one person each, mostly.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The misses; the usual ones where tracks are too short for gaps of two lengths.
    """
    if not len(tracks):
        return MotionMisses.usual()
    rows = TrackRows(tracks, rate)
    gaps = simulate_gaps(rows, _GAPS_S, frame_stride)
    if len(gaps) < 2:
        return MotionMisses.usual()
    measured = [_measured(rows, gaps, window) for window in (SHORT_WINDOW, LONG_WINDOW)]
    return min(measured, key=lambda misses: misses.deviation_xy(np.array([_COMPARED_AT_S])).sum())


def simulate_gaps(rows: TrackRows, lengths_s: tuple[float, ...], frame_stride: int) -> list[SimulatedGaps]:
    """Cut gaps into tracks, spread evenly over all boxes of the video.

    Args:
        rows: The tracks.
        lengths_s: Times from the last box before to the first box after a gap, in seconds; rounded to sampled frames.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The gaps by length, without lengths for which no track is long enough.
    """
    steps = sorted({max(1, round(length_s * rows.rate / frame_stride)) * frame_stride for length_s in lengths_s})
    simulated = []
    for step in steps:
        after = rows.later(np.arange(len(rows.track)), step)
        before = np.flatnonzero(after >= 0)
        after = after[before]
        track, frame = rows.track[before], rows.tracks.frame_index
        beside = np.minimum(frame[before] - frame[rows.first[track]], frame[rows.last[track]] - frame[after])
        chosen = np.flatnonzero(beside >= _BESIDE_S * rows.rate)
        possible_count = len(chosen)
        chosen = chosen[np.linspace(0, possible_count - 1, min(possible_count, _MAX_GAPS)).astype(np.intp)]
        if possible_count:
            simulated.append(SimulatedGaps(before[chosen], after[chosen], step / rows.rate, possible_count))
    return simulated


def _measured(rows: TrackRows, gaps: list[SimulatedGaps], window: FitWindow) -> MotionMisses:
    gap_s = np.array([gap.gap_s for gap in gaps])
    median = np.array([np.median(np.abs(_misses(rows, gap, window)), axis=0) for gap in gaps])
    count = np.array([len(gap.before) for gap in gaps])[:, None]
    usual = MotionMisses.usual().deviation_xy(gap_s)
    deviation = (count * _MAD_TO_DEVIATION * median + _DOUBT * usual) / (count + _DOUBT)
    terms = np.stack([np.ones_like(gap_s), gap_s], axis=1)
    (at_once_x, per_s_x), (at_once_y, per_s_y) = (nnls(terms, axis)[0] for axis in deviation.T)
    return MotionMisses(window, np.array([at_once_x, at_once_y]), np.array([per_s_x, per_s_y]))


def _misses(rows: TrackRows, gaps: SimulatedGaps, window: FitWindow) -> _Array:
    before, after = rows.motion_before(gaps.before, window), rows.motion_after(gaps.after, window)
    return mismatch(before, after, np.full(len(gaps.before), gaps.gap_s)).miss_xy
