"""Tracklets of one person linked, with a view over the whole video.

Every end of a tracklet may be followed by one start. The cost of a link is how far the two tracklets, carried
on from both sides, miss each other; the cheapest set of links in the whole video is found at once, as a minimum-weight
bipartite matching. Since links go forward in time this is the minimum-cost flow of Zhang, Li and Nevatia (CVPR 2008),
with tracklets in place of detections.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.core.timecode import seconds
from videoprep_nb.tracking.refine.directions import Tracklets
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_WINDOW_S = 1.0  # of a tracklet from which its place and velocity at an end are estimated
_VELOCITY_DOUBT_S2 = 0.005  # draws the velocity to zero where the boxes used are spread over less than this variance

# How far tracklets of one person miss each other: standard deviation at once, and what a second of gap adds; in heights
# of the person across and along the frame, and as the logarithm of the ratio of the heights.
_MISS_X, _MISS_X_PER_S = 0.1, 0.1
_MISS_Y, _MISS_Y_PER_S = 0.06, 0.06
_MISS_HEIGHT, _MISS_HEIGHT_PER_S = 0.08, 0.03
_TURN_PER_S = 1.0  # standard deviation of how the velocity changes: who leaves is seldom who then enters

_GAP_COST_PER_S = 0.5
_NO_LINK_COST = 4.0  # a link of tracklets that no run of the tracker put together may cost this much
_SAME_RUN_GAIN = 5.0  # and so much more for each run that did


@dataclass(frozen=True)
class _Ends:
    """Place and movement of tracklets at one of their ends.

    Args:
        frame: ``(P,)`` the frame of the end.
        boxes_cxywh: ``(P, 4)`` pixels.
        velocity: ``(P, 4)`` pixels per second.
        forward_id: ``(P,)`` id in the run forward.
        backward_id: ``(P,)`` id in the run backward.
    """

    frame: npt.NDArray[np.int64]
    boxes_cxywh: _Array
    velocity: _Array
    forward_id: npt.NDArray[np.int64]
    backward_id: npt.NDArray[np.int64]


def link_tracklets(tracklets: Tracklets, max_gap_s: float, rate: Fraction, frame_stride: int) -> Tracks:
    """Link the tracklets of one person.

    Args:
        tracklets: The tracklets, in coordinates that move with the camera.
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
    first = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
    last = np.append(first[1:], len(tracks)) - 1
    ends, begins = _ends(tracklets, first, last, last, rate), _ends(tracklets, first, last, first, rate)
    max_step = frame_stride + int(seconds(max_gap_s) * rate)
    end, begin = candidates(ends.frame, begins.frame, max_step)
    gain = _gains(ends, begins, end, begin, float(rate))
    chosen = gain > 0
    end, begin = best_links(end[chosen], begin[chosen], gain[chosen], len(first))
    graph = csr_array((np.ones(len(end), dtype=np.int8), (end, begin)), shape=(len(first), len(first)))
    chain = connected_components(graph, directed=False)[1]
    tracklet = np.repeat(np.arange(len(first)), last - first + 1)
    head = np.full(chain.max() + 1, -1)
    head[chain[::-1]] = np.arange(len(first))[::-1]
    ids = tracks.track_id[first][head[chain]]
    linked = replace(tracks, track_id=ids[tracklet])
    return linked.rows(np.lexsort((linked.frame_index, linked.track_id)))


def _ends(tracklets: Tracklets, first: _Indices, last: _Indices, end: _Indices, rate: Fraction) -> _Ends:
    """Fit a straight line to the boxes near one end of each tracklet, the nearer the end the more a box counts."""
    tracks = tracklets.tracks
    tracklet = np.repeat(np.arange(len(first)), last - first + 1)
    time_s = (tracks.frame_index - tracks.frame_index[end][tracklet]) / float(rate)
    weight = np.where(np.abs(time_s) <= _WINDOW_S, np.exp(-np.abs(time_s) / (_WINDOW_S / 2)), 0)
    boxes = to_cxywh(tracks.boxes_xyxy)
    total = np.add.reduceat(weight, first)
    mean_s = np.add.reduceat(weight * time_s, first) / total
    mean_box = np.add.reduceat(weight[:, None] * boxes, first) / total[:, None]
    off_s, off_box = time_s - mean_s[tracklet], boxes - mean_box[tracklet]
    covariance = np.add.reduceat((weight * off_s)[:, None] * off_box, first)
    # few boxes show no velocity: it is drawn to zero
    variance = np.add.reduceat(weight * off_s**2, first) + _VELOCITY_DOUBT_S2 * total
    velocity = covariance / variance[:, None]
    return _Ends(
        frame=tracks.frame_index[end],
        boxes_cxywh=mean_box - velocity * mean_s[:, None],
        velocity=velocity,
        forward_id=tracklets.forward_id[end],
        backward_id=tracklets.backward_id[end],
    )


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


def _gains(ends: _Ends, begins: _Ends, end: _Indices, begin: _Indices, rate: float) -> _Array:
    """What each pair gains by being linked; not to be linked gains 0."""
    gap_s = (begins.frame[begin] - ends.frame[end]) / rate
    before, after = ends.boxes_cxywh[end], begins.boxes_cxywh[begin]
    velocity = (ends.velocity[end] + begins.velocity[begin]) / 2
    height = np.sqrt(np.maximum(before[:, 3], 1) * np.maximum(after[:, 3], 1))
    miss = (after - before - velocity * gap_s[:, None])[:, :2] / height[:, None]
    turn = (begins.velocity[begin] - ends.velocity[end])[:, :2] / height[:, None]
    height_ratio = np.log(np.maximum(after[:, 3], 1) / np.maximum(before[:, 3], 1))
    cost = (
        (miss[:, 0] / (_MISS_X + _MISS_X_PER_S * gap_s)) ** 2
        + (miss[:, 1] / (_MISS_Y + _MISS_Y_PER_S * gap_s)) ** 2
        + (height_ratio / (_MISS_HEIGHT + _MISS_HEIGHT_PER_S * gap_s)) ** 2
        + ((turn / _TURN_PER_S) ** 2).sum(axis=1)
        + _GAP_COST_PER_S * gap_s
    )
    same_forward = (ends.forward_id[end] == begins.forward_id[begin]) & (ends.forward_id[end] > 0)
    same_backward = (ends.backward_id[end] == begins.backward_id[begin]) & (ends.backward_id[end] > 0)
    gain: _Array = _NO_LINK_COST + _SAME_RUN_GAIN * same_forward + _SAME_RUN_GAIN * same_backward - cost
    return gain


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
