"""A second look: detections nobody took, where a track must have passed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import VideoDetections
from videoprep_nb.tracking.tracks import TrackTable

_PATH_IOU = 0.7


def look_again(filled: TrackTable, found: VideoDetections) -> TrackTable:
    """Put detections that belong to no track in the place of boxes that were filled in and lie on them.

    Between two certain boxes even a detection of low score is trusted, as in the second stage of ByteTrack, but here
    both sides of the gap are known.

    Args:
        filled: The tracks with their gaps filled.
        found: All detections, in the same coordinates.
    """
    order = np.argsort(filled.frame_index, kind="stable")
    bounds = np.searchsorted(filled.frame_index[order], [found.looked_at, found.looked_at + 1]).T
    boxes_xyxy, scores, interpolated = filled.boxes_xyxy.copy(), filled.scores.copy(), filled.interpolated.copy()
    for rows, (begin, end) in zip(found.rows_of_frames(), bounds.tolist(), strict=True):
        here = order[begin:end]
        gaps = here[filled.interpolated[here]]
        boxes = found.boxes_xyxy[rows].astype(np.float64)
        free = _free(boxes, filled.boxes_xyxy[here[~filled.interpolated[here]]])
        overlap = iou_matrix(filled.boxes_xyxy[gaps], boxes[free])
        place, taken = linear_sum_assignment(np.where(overlap >= _PATH_IOU, overlap, 0), maximize=True)
        near = overlap[place, taken] >= _PATH_IOU
        place, taken = gaps[place[near]], free[taken[near]]
        boxes_xyxy[place], scores[place], interpolated[place] = boxes[taken], found.scores[rows][taken], False
    return replace(filled, boxes_xyxy=boxes_xyxy, scores=scores, interpolated=interpolated)


def _free(boxes_xyxy: npt.NDArray[np.float64], tracked_xyxy: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The boxes that are not those of a track, by index."""
    if not len(tracked_xyxy):
        return np.arange(len(boxes_xyxy))
    return np.flatnonzero(iou_matrix(boxes_xyxy, tracked_xyxy).max(axis=1) < _PATH_IOU)
