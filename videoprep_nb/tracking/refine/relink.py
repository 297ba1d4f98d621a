"""Tracks of one person linked across longer gaps, by looks.

``link_tracklets`` asks where a person must be after a second or two. After ten seconds that says little; looks say
more, where people differ. The best links of the whole video are found at once, as in ``link_tracklets``.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from videoprep_nb.tracking.appearance.likeness import measure_likeness
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.refine.link import best_links, candidates
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

MAX_GAP_S = 30.0
MIN_SEPARATION = 0.8
"""With ``auto``, looks count where they tell parts of one track from tracks at the same time at least so well."""

_WINDOW_S = 1.0  # at the end of a track, for its velocity
_SLOWING_S = 2.0  # after which a person has gone on for 63 % of the way that a velocity is good for
_REACH, _REACH_PER_S = 0.7, 0.3  # heights from there at which a link still counts, and what a second of gap adds
_HEIGHT_DEVIATION = 0.2  # of the logarithm of the ratio of heights
_BORDER = 0.1  # heights from the border of the content within which people may have left
_NO_LINK_EVIDENCE = 1.5
_GAP_COST_PER_S = 0.05


@dataclass(frozen=True)
class _Ends:
    """Tracks at one of their ends: ``(T,)`` times in seconds, heights; ``(T, 2)`` feet and their velocity in pixels."""

    time_s: _Array
    feet: _Array
    height: _Array
    velocity: _Array
    is_inside: npt.NDArray[np.bool_]


def relink_by_looks(
    tracks: Tracks,
    found: Detections,
    mode: Literal["auto", "on"],
    tracked_rate: float,
    rate: float,
    size: tuple[int, int],
) -> Tracks:
    """Link tracks that end inside the frame with tracks of people of the same looks that start up to 30 s later.

    Args:
        tracks: The tracks, in pixels of the frame.
        found: The detections they were made of, with features.
        mode: ``auto`` for nothing unless looks separate the people of this video.
        tracked_rate: Sampled frames per second.
        rate: Frames of the video per second.
        size: Width and height of the frame in pixels, if the detections do not know its content.

    Returns:
        The tracks; each has the id of its first part, and gaps that are not filled.
    """
    likeness = measure_likeness(tracks, found, tracked_rate, rate)
    if likeness is None or (mode == "auto" and likeness.separation < MIN_SEPARATION):
        return tracks
    content = found.content_xyxy if len(found.content_xyxy) else np.array([0, 0, *size])
    first = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
    last = np.append(first[1:], len(tracks)) - 1
    ids = tracks.track_id[first]
    ends, begins = (_ends(tracks, first, last, rows, rate, content) for rows in (last, first))
    end, begin = candidates(tracks.frame_index[last], tracks.frame_index[first], round(MAX_GAP_S * rate))
    inside = ends.is_inside[end] & begins.is_inside[begin]
    end, begin = end[inside], begin[inside]
    gain = likeness.log_ratio(ids[end], ids[begin]) - _cost(ends, begins, end, begin)
    chosen = gain > 0
    end, begin = best_links(end[chosen], begin[chosen], gain[chosen], len(first))
    graph = csr_array((np.ones(len(end), np.int8), (end, begin)), shape=(len(first), len(first)))
    chain = connected_components(graph, directed=False)[1]
    # the part that starts first gives its id
    order = np.argsort(tracks.frame_index[first], kind="stable")
    head = np.empty(len(first), np.intp)
    head[chain[order[::-1]]] = order[::-1]
    return replace(tracks, track_id=np.repeat(ids[head[chain]], last - first + 1)).ordered()


def _ends(
    tracks: Tracks, first: _Indices, last: _Indices, end: _Indices, rate: float, content_xyxy: npt.NDArray[np.floating]
) -> _Ends:
    boxes, time_s = tracks.boxes_xyxy, tracks.frame_index / rate
    feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    # the row about a second away from the end, in the same track
    away_s = np.where(end == last, -_WINDOW_S, _WINDOW_S)
    key = np.repeat(np.arange(len(first)), last - first + 1) * (time_s.max(initial=0) + 3 * _WINDOW_S) + time_s
    other = np.searchsorted(key, key[end] + away_s).clip(first, last)
    span_s, moved = (time_s[end] - time_s[other])[:, None], feet[end] - feet[other]
    height = boxes[end, 3] - boxes[end, 1]
    margin = _BORDER * height
    return _Ends(
        time_s=time_s[end],
        feet=feet[end],
        height=np.maximum(height, 1),
        velocity=np.divide(moved, span_s, out=np.zeros_like(moved), where=span_s != 0),
        is_inside=(boxes[end, :2] > content_xyxy[:2] + margin[:, None]).all(axis=1)
        & (boxes[end, 2:] < content_xyxy[2:] - margin[:, None]).all(axis=1),
    )


def _cost(ends: _Ends, begins: _Ends, end: _Indices, begin: _Indices) -> _Array:
    """What speaks against each link; infinite if nobody goes so far."""
    gap_s = begins.time_s[begin] - ends.time_s[end]
    height = np.sqrt(ends.height[end] * begins.height[begin])
    going_on_s = _SLOWING_S * (1 - np.exp(-gap_s / _SLOWING_S))
    expected = (ends.velocity[end] + begins.velocity[begin]) / 2 * going_on_s[:, None]
    miss = np.linalg.norm(begins.feet[begin] - ends.feet[end] - expected, axis=1) / height
    reach = _REACH + _REACH_PER_S * gap_s
    ratio = np.log(begins.height[begin] / ends.height[end])
    cost = _NO_LINK_EVIDENCE + _GAP_COST_PER_S * gap_s + 2 * (miss / reach) ** 2 + (ratio / _HEIGHT_DEVIATION) ** 2 / 2
    return np.where(miss <= reach, cost, np.inf)
