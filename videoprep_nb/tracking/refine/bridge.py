"""Two tracks of a person who stands half hidden for a while, joined over weak detections between them.

Someone behind a sign, a bush or a table has low scores as long as she stands there, often for many seconds. Where one
track ends, another one starts, and unused detections lie all the way between them where no other person is, it is the
same person. People who hide each other leave such detections too, and they are wrong in most cases: so none of the
other tracks may pass by.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_of_pairs
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.refine.unused import unused_rows, with_detections
from videoprep_nb.tracking.tracks import Tracks

_Indices = npt.NDArray[np.intp]

_MIN_GAP_S, _MAX_GAP_S = 2.0, 30.0  # nearer ones are left to link_tracklets
_MAX_MOVE, _MAX_MOVE_PER_S = 0.7, 0.1  # of the feet, in heights of the person
_MAX_LOG_HEIGHT = 0.3
_PATH_IOU = 0.5  # minimum overlap of a detection with the straight path between both tracks
_MIN_COVERED = 0.5  # of the sampled frames between them
_MIN_COUNT = 8
_OTHER_IOU = 0.3
_MAX_CROSSED = 0.1


@dataclass(frozen=True)
class _Bridge:
    """Two tracks, by row of their end and of their start, and the detections between them."""

    end: int
    start: int
    rows: _Indices
    covered: float


def bridge_tracks(tracks: Tracks, found: Detections, rate: Fraction, frame_stride: int) -> Tracks:
    """Join tracks of persons who are half hidden by something that is no person, 2 to 30 s apart.

    Two tracks are joined if unused detections with an IoU of 0.5 or more with the straight path from one to the other
    lie in at least half of the frames between them, and other tracks are on that path in at most a tenth. The best
    covered pairs come first. The detections on the path become part of the track; in a gap inside a track likewise.

    Args:
        tracks: The tracks, with the boxes as they were detected, in pixels of the frame; none is interpolated.
        found: The detections of the shot that they come from.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The tracks; each has the id of its first part.
    """
    free = unused_rows(tracks, found)
    by_frame = np.argsort(tracks.frame_index, kind="stable")
    bridges = [
        bridge
        for pair in _candidates(tracks, rate)
        if (bridge := _bridge(tracks, by_frame, found, free, pair, frame_stride))
    ]
    if not bridges:
        return tracks
    new_id = np.arange(tracks.track_id.max() + 1)
    taken: dict[int, int] = {}
    closed: set[tuple[int, str]] = set()
    for bridge in sorted(bridges, key=lambda one: -one.covered):
        sides = {(bridge.end, "end"), (bridge.start, "start")}
        if closed.isdisjoint(sides):
            closed |= sides
            before, after = new_id[tracks.track_id[[bridge.end, bridge.start]]]
            new_id[new_id == after] = before
            taken = dict.fromkeys(bridge.rows.tolist(), int(tracks.track_id[bridge.end])) | taken
    bridged = with_detections(tracks, found, np.array(list(taken), dtype=np.intp), list(taken.values()))
    return replace(bridged, track_id=new_id[bridged.track_id]).ordered()


def _candidates(tracks: Tracks, rate: Fraction) -> list[tuple[int, int]]:
    """Pairs of the last row of a track and the first row of a later one at about the same place; gaps of tracks."""
    if not len(tracks):
        return []
    starts = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
    ends = np.append(starts[1:], len(tracks)) - 1
    starts = starts[np.argsort(tracks.frame_index[starts], kind="stable")]
    times_s = tracks.frame_index / float(rate)
    feet = np.column_stack([tracks.boxes_xyxy[:, [0, 2]].mean(axis=1), tracks.boxes_xyxy[:, 3]])
    height = np.maximum(tracks.boxes_xyxy[:, 3] - tracks.boxes_xyxy[:, 1], 1)
    gaps = np.flatnonzero((np.diff(tracks.track_id) == 0) & (np.diff(times_s) > _MIN_GAP_S))
    pairs = [(row, row + 1) for row in gaps.tolist()]
    for end in ends.tolist():
        limits_s = times_s[end] + [_MIN_GAP_S, _MAX_GAP_S]
        later = starts[slice(*np.searchsorted(times_s[starts], limits_s, side="right"))]
        moved = np.linalg.norm(feet[later] - feet[end], axis=1) / np.sqrt(height[later] * height[end])
        is_near = moved <= _MAX_MOVE + _MAX_MOVE_PER_S * (times_s[later] - times_s[end])
        is_near &= np.abs(np.log(height[later] / height[end])) <= _MAX_LOG_HEIGHT
        pairs += [(end, start) for start in later[is_near].tolist()]
    return pairs


def _bridge(
    tracks: Tracks, by_frame: _Indices, found: Detections, free: _Indices, pair: tuple[int, int], frame_stride: int
) -> _Bridge | None:
    """The bridge between two tracks; None if too little lies between them, or somebody else passes by."""
    frames = tracks.frame_index[list(pair)]
    boxes = tracks.boxes_xyxy[list(pair)]

    def on_path(table: Tracks | Detections, rows: _Indices) -> tuple[_Indices, npt.NDArray[np.floating]]:
        """The rows of frames between both tracks, and the overlap of their boxes with the path."""
        rows = rows[slice(*np.searchsorted(table.frame_index[rows], [frames[0] + 1, frames[1]]))]
        weight = ((table.frame_index[rows] - frames[0]) / (frames[1] - frames[0]))[:, None]
        return rows, iou_of_pairs((1 - weight) * boxes[0] + weight * boxes[1], table.boxes_xyxy[rows])

    between = (int(frames[1] - frames[0]) - 1) / frame_stride
    rows, iou = on_path(found, free)
    order = np.lexsort((-iou, found.frame_index[rows]))
    rows = rows[order][iou[order] >= _PATH_IOU]
    rows = rows[np.unique(found.frame_index[rows], return_index=True)[1]]  # the best one of each frame
    if len(rows) < max(_MIN_COUNT, _MIN_COVERED * between):
        return None
    others, iou = on_path(tracks, by_frame)
    crossed = np.unique(tracks.frame_index[others[iou > _OTHER_IOU]])
    return _Bridge(*pair, rows, len(rows) / between) if len(crossed) <= _MAX_CROSSED * between else None
