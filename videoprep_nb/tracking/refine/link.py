"""Tracklets of one person linked, with a view over the whole video.

Every end of a tracklet may be followed by one start. The cost of a link is how far the two tracklets, carried
on from both sides, miss each other; the cheapest set of links in the whole video is found at once, as a minimum-weight
bipartite matching. Since links go forward in time this is the minimum-cost flow of Zhang, Li and Nevatia (CVPR 2008),
with tracklets in place of detections.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from videoprep_nb.core.timecode import seconds
from videoprep_nb.tracking.refine.directions import Tracklets
from videoprep_nb.tracking.refine.line_fit import LONG_WINDOW, FitWindow, Mismatch, TrackRows, mismatch
from videoprep_nb.tracking.refine.misses import MotionMisses
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

# How far the two sides of a link may miss each other, across and along the frame, in heights of the person: so many
# times the standard deviation measured in the video, and never less than this at once and for each second of gap.
_TOLERANCE = 4.0
_MIN_MISS_XY = np.array([0.03, 0.02])
_MISS_HEIGHT, _MISS_HEIGHT_PER_S = 0.08, 0.03  # of the logarithm of the ratio of the heights
_TURN_PER_S = 1.0  # how the velocity changes: who leaves is seldom who then enters
# Costs grow with the square of a miss up to the square root of this, then only with its logarithm.
_TAIL, _TURN_TAIL = 4.0, 8.0

_GAP_COST_PER_S = 0.5
_NO_LINK_COST = 4.0  # a link of tracklets that no run of the tracker put together may cost this much
_SAME_RUN_GAIN = 5.0  # and so much more for each run that did
_WHOLE_TRACKLET_S = 0.25  # a shorter tracklet is weaker evidence: its link may cost less, in proportion


def link_tracklets(
    tracklets: Tracklets, misses: MotionMisses, max_gap_s: float, rate: Fraction, frame_stride: int
) -> Tracks:
    """Link the tracklets of one person.

    Args:
        tracklets: The tracklets, in coordinates that move with the camera.
        misses: How well the movement in the video can be predicted.
        max_gap_s: Longest time between the end of a tracklet and the beginning of its successor, in seconds, beyond the
            step from one sampled frame to the next.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The tracks; each has the id of its first tracklet.
    """
    tracks = tracklets.tracks
    if not len(tracks):
        return tracks
    rows = TrackRows(tracks, rate)
    max_step = frame_stride + int(seconds(max_gap_s) * rate)
    end, begin = candidates(tracks.frame_index[rows.last], tracks.frame_index[rows.first], max_step)
    gain = _gains(tracklets, rows, misses, end, begin)
    chosen = gain > 0
    count = len(rows.first)
    end, begin = best_links(end[chosen], begin[chosen], gain[chosen], count)
    graph = csr_array((np.ones(len(end), dtype=np.int8), (end, begin)), shape=(count, count))
    chain = connected_components(graph, directed=False)[1]
    head = np.full(chain.max() + 1, -1)
    head[chain[::-1]] = np.arange(count)[::-1]
    ids = tracks.track_id[rows.first][head[chain]]
    linked = replace(tracks, track_id=ids[rows.track])
    return linked.rows(np.lexsort((linked.frame_index, linked.track_id)))


def candidates(
    end_frames: npt.NDArray[np.int64], begin_frames: npt.NDArray[np.int64], max_step: int
) -> tuple[_Indices, _Indices]:
    """All pairs of an end and a later beginning that are near enough in time."""
    order = np.argsort(begin_frames, kind="stable")
    lower = np.searchsorted(begin_frames[order], end_frames, side="right")
    upper = np.searchsorted(begin_frames[order], end_frames + max_step, side="right")
    counts = upper - lower
    end = np.repeat(np.arange(len(end_frames)), counts)
    place = np.arange(len(end)) - np.repeat(np.cumsum(counts) - counts, counts)
    return end, order[lower[end] + place]


def _gains(tracklets: Tracklets, rows: TrackRows, misses: MotionMisses, end: _Indices, begin: _Indices) -> _Array:
    """What each pair of tracklets gains by being linked; not to be linked gains 0."""
    before, after = rows.last[end], rows.first[begin]
    gap_s = (tracklets.tracks.frame_index[after] - tracklets.tracks.frame_index[before]) / rows.rate
    walk = _mismatch(rows, end, begin, gap_s, LONG_WINDOW)
    miss_xy = _mismatch(rows, end, begin, gap_s, misses.window).miss_xy
    allowed_xy = np.maximum(_TOLERANCE * misses.deviation_xy(gap_s), _MIN_MISS_XY * (1 + gap_s[:, None]))
    cost = (
        _cost(miss_xy / allowed_xy).sum(axis=1)
        + _cost(walk.height_ratio / (_MISS_HEIGHT + _MISS_HEIGHT_PER_S * gap_s))
        + _cost(walk.turn_xy / _TURN_PER_S, _TURN_TAIL).sum(axis=1)
        + _GAP_COST_PER_S * gap_s
    )
    same_runs: _Array = sum(
        ((run_id[before] == run_id[after]) & (run_id[before] > 0)).astype(np.float64)
        for run_id in (tracklets.forward_id, tracklets.backward_id)
    )
    evidence = np.minimum(np.minimum(rows.duration_s[end], rows.duration_s[begin]) / _WHOLE_TRACKLET_S, 1)
    gain: _Array = evidence * (_NO_LINK_COST + _SAME_RUN_GAIN * same_runs) - cost
    return gain


def _mismatch(rows: TrackRows, end: _Indices, begin: _Indices, gap_s: _Array, window: FitWindow) -> Mismatch:
    before = rows.motion_before(rows.last, window).rows(end)
    return mismatch(before, rows.motion_after(rows.first, window).rows(begin), gap_s)


def _cost(deviations: _Array, tail: float = _TAIL) -> _Array:
    """Minus twice the logarithm of a density like Student's t, so that one outlier forbids no link by itself."""
    cost: _Array = tail * np.log1p(deviations**2 / tail)
    return cost


def best_links(end: _Indices, begin: _Indices, gain: _Array, count: int) -> tuple[_Indices, _Indices]:
    """The links with the greatest sum of gains in which no end and no beginning occurs twice."""
    # Every end may also go to a column of its own, which stands for no link; weights must be positive.
    offset = 1 + gain.max(initial=0)
    nothing = np.arange(count)
    weights = coo_array(
        (
            np.concatenate([offset - gain, np.full(count, offset)]),
            (np.concatenate([end, nothing]), np.concatenate([begin, count + nothing])),
        ),
        shape=(count, 2 * count),
    )
    rows, columns = min_weight_full_bipartite_matching(weights.tocsr())
    linked = columns < count
    return rows[linked].astype(np.intp), columns[linked].astype(np.intp)
