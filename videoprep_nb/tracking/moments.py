"""Moments worth a frame for annotators: persons appear, leave, meet, or change how they move or stand."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]

_WINDOW_S = 0.5  # a change is what lies between so long before and so long after
_BETWEEN_CHANGES_S = 1.0  # of one person
_MIN_CHANGE = 0.25  # see _changes; people who walk straight on stay below
_MEETING_HEIGHTS = 0.6  # between the middles of two persons
_SAME_DEPTH = 0.35  # the feet of two who meet are so near in height of the frame, and their heights alike
_APART_S = 2.0  # who parted for less has not met again
_EVENT_WEIGHT = 10.0  # who comes, goes or meets is worth more than any change

_PARTS = ("moves differently", "changes pose", "changes size")


@dataclass(frozen=True)
class Moment:
    """A frame in which something happens.

    Args:
        frame: Zero-based index in the video.
        reason: What, such as ``person 7 appears``.
        weight: How much it is worth, in comparison with others.
    """

    frame: int
    reason: str
    weight: float


def find_moments(tracks: Tracks, frames: range, rate: float, size: tuple[int, int]) -> list[Moment]:
    """Find what happens in a video.

    A change of a person is the sum of three parts between half a second before and half a second after: how much the
    velocity changes, in heights per half second; the logarithm of the ratio of the aspects of the box; and that of the
    heights, less half of it, since who comes nearer grows. Boxes at the border of the frame are cut by it and do not
    count.

    Args:
        tracks: The persons.
        frames: Frames of the video.
        rate: Frames per second.
        size: Width and height of the frames in pixels.

    Returns:
        The moments, in the order of frames.

    Example:
        >>> boxes = [[10 + 4 * time, 50, 50 + 4 * time, 170] for time in range(20)]
        >>> tracks = Tracks.from_arrays(range(15, 35), [7] * 20, boxes, [0.9] * 20)
        >>> [(moment.frame, moment.reason) for moment in find_moments(tracks, range(60), 10, (1280, 720))]
        [(15, 'person 7 appears'), (34, 'person 7 leaves')]
    """
    of_tracks = [tracks.rows(tracks.track_id == track_id) for track_id in tracks.track_ids]
    moments = [moment for track in of_tracks for moment in _ends(track, frames)]
    moments += [moment for track in of_tracks for moment in _changes(track, rate, size)]
    moments += [moment for pair in combinations(of_tracks, 2) for moment in _meetings(*pair, rate)]
    return sorted(moments, key=lambda moment: moment.frame)


def choose_moments(moments: Sequence[Moment], taken: Collection[int], budget: int, min_distance: int) -> list[Moment]:
    """Choose the moments that are worth most.

    Args:
        moments: The moments.
        taken: Frames that annotators get in any case.
        budget: How many to choose at most.
        min_distance: Frames that a chosen one is at least away from others and from those taken.

    Returns:
        The chosen ones, in the order of frames.
    """
    near = {frame + shift for frame in taken for shift in range(1 - min_distance, min_distance)}
    chosen: list[Moment] = []
    for moment in sorted(moments, key=lambda moment: (-moment.weight, moment.frame)):
        if len(chosen) == budget:
            break
        if moment.frame not in near:
            chosen.append(moment)
            near.update(range(moment.frame + 1 - min_distance, moment.frame + min_distance))
    return sorted(chosen, key=lambda moment: moment.frame)


def _ends(track: Tracks, frames: range) -> Iterator[Moment]:
    """Where a track begins and ends, unless it does with the video; longer tracks are worth more."""
    track_id, first, last = int(track.track_id[0]), int(track.frame_index[0]), int(track.frame_index[-1])
    weight = _EVENT_WEIGHT + len(track) / len(frames)
    if first > frames[0]:
        yield Moment(first, f"person {track_id} appears", weight)
    if last < frames[-1]:
        yield Moment(last, f"person {track_id} leaves", weight)


def _changes(track: Tracks, rate: float, size: tuple[int, int]) -> Iterator[Moment]:
    window = max(1, round(_WINDOW_S * rate))
    frame = track.frame_index
    before, after = np.searchsorted(frame, frame - window), np.searchsorted(frame, frame + window)
    after_is_there = after < len(frame)
    now = np.flatnonzero(after_is_there & (frame[before] == frame - window))
    now = now[frame[after[now]] == frame[now] + window]
    touches = _touches_border(track.boxes_xyxy, size)
    now = now[~(touches[now] | touches[before[now]] | touches[after[now]])]
    if not len(now):
        return
    boxes = to_cxywh(track.boxes_xyxy)
    earlier, middle, later = boxes[before[now]], boxes[now], boxes[after[now]]
    turn = np.linalg.norm(earlier[:, :2] - 2 * middle[:, :2] + later[:, :2], axis=1) / middle[:, 3]
    grown = np.abs(np.log(later[:, 3] / earlier[:, 3]))
    aspect = np.abs(np.log(later[:, 2] * earlier[:, 3] / (earlier[:, 2] * later[:, 3])))
    parts = np.stack([turn, aspect, grown / 2])
    change = parts.sum(axis=0)
    strongest_first = np.argsort(-change, kind="stable")
    used: list[int] = []
    for row in strongest_first[change[strongest_first] >= _MIN_CHANGE].tolist():
        index = int(frame[now[row]])
        if all(abs(index - other) >= _BETWEEN_CHANGES_S * rate for other in used):
            used.append(index)
            reason = f"person {int(track.track_id[0])} {_PARTS[int(parts[:, row].argmax())]}"
            yield Moment(index, reason, min(float(change[row]), _EVENT_WEIGHT / 2))


def _touches_border(boxes_xyxy: _Array, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    beyond = np.concatenate([boxes_xyxy[:, :2] <= 1, boxes_xyxy[:, 2:] >= np.array(size) - 1], axis=1)
    return np.asarray(beyond.any(axis=1), np.bool_)


def _meetings(one: Tracks, other: Tracks, rate: float) -> Iterator[Moment]:
    """Where two persons come together side by side, one no farther from the camera than the other."""
    frames, of_one, of_other = np.intersect1d(one.frame_index, other.frame_index, return_indices=True)
    if not len(frames):
        return
    a, b = to_cxywh(one.boxes_xyxy[of_one]), to_cxywh(other.boxes_xyxy[of_other])
    height = np.sqrt(a[:, 3] * b[:, 3])
    feet = np.abs(a[:, 1] + a[:, 3] / 2 - b[:, 1] - b[:, 3] / 2) / height
    is_deep = (feet <= _SAME_DEPTH) & (np.abs(np.log(a[:, 3] / b[:, 3])) <= _SAME_DEPTH)
    together = frames[is_deep & (np.abs(a[:, 0] - b[:, 0]) <= _MEETING_HEIGHTS * height)]
    starts = together[np.diff(together, prepend=-(10**9)) > _APART_S * rate]
    first = max(int(one.frame_index[0]), int(other.frame_index[0]))
    for frame in starts.tolist():
        if frame > first:  # else one of them appears beside the other
            ids = sorted((int(one.track_id[0]), int(other.track_id[0])))
            yield Moment(frame, f"persons {ids[0]} and {ids[1]} meet", _EVENT_WEIGHT)
