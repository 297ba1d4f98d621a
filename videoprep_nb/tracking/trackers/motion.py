"""Persons tracked by position and velocity: the default tracker.

The two stages are those of ByteTrack (Zhang et al., ECCV 2022, arXiv:2110.06864): detections with a high score are
matched with all tracks, those with a low score with the remaining tracks that were detected in the frame before; only
detections with a high score start a track. Overlap is the height modulated IoU of Hybrid-SORT (Yang et al., AAAI 2024,
arXiv:2308.00783). Camera motion is estimated from the boxes: the median offset of the persons from their predictions.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import from_cxywh, height_modulated_iou_matrix, to_cxywh
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions
from videoprep_nb.tracking.trackers.box_filters import BoxFilters

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_NONE: _Indices = np.zeros(0, dtype=np.intp)
_CAMERA_IOU = 0.2
_CAMERA_PERSONS = 3
_CAMERA_DOUBT = 2  # weighs like so many more persons for whom the camera stands still
_CAMERA_MEMORY_S = 0.2


class MotionOptions(TrackerOptions):
    """Options of the default tracker."""

    renamed: ClassVar[dict[str, str]] = {
        "sure_score": "high_score_threshold",
        "begin_score": "new_track_threshold",
        "unsure_match_iou": "low_score_match_iou",
        "follow_camera": "camera_compensation",
    }

    high_score_threshold: float = Field(
        default=0.6, gt=0, le=1, description="minimum score of a detection that is matched with every track"
    )
    new_track_threshold: float = Field(
        default=0.7, gt=0, le=1, description="minimum score of a detection that starts a track"
    )
    match_iou: float = Field(
        default=0.1, gt=0, lt=1, description="minimum overlap (IoU) of a high-score detection with a predicted box"
    )
    low_score_match_iou: float = Field(
        default=0.6, gt=0, lt=1, description="minimum overlap (IoU) of a low-score detection with a predicted box"
    )
    max_age_s: float = Field(default=1.0, ge=0, le=60, description="seconds a person may be occluded and keep the id")
    camera_compensation: bool = Field(default=True, description="compensate camera motion, estimated from the boxes")


class Motion(Tracker):
    """Default: two stages as in ByteTrack, height modulated IoU, camera motion estimated from the boxes."""

    name: ClassVar[str] = "motion"
    options_type: ClassVar[type[TrackerOptions]] = MotionOptions

    def __init__(self, frame_rate: float, options: MotionOptions | None = None) -> None:
        super().__init__(frame_rate)
        self._options = options or MotionOptions()
        self._max_missed = max(1, round(self._options.max_age_s * frame_rate))

    def reset(self) -> None:
        """Forget everything; ids begin at 1 again."""
        self._filters = BoxFilters()
        self._ids = np.zeros(0, dtype=np.int64)
        self._missed = np.zeros(0, dtype=np.int64)
        self._last_id = 0

    def update(self, detections: FrameDetections, frame: npt.NDArray[np.uint8] | None = None) -> TrackedBoxes:
        """Track one more frame; see ``Tracker.update``."""
        boxes: _Array = detections.boxes_xyxy.astype(np.float64)
        self._filters.predict(1 / self.frame_rate, self._missed > 0)
        self._missed += 1
        is_high = detections.scores >= self._options.high_score_threshold
        high = is_high.nonzero()[0]
        if self._options.camera_compensation:
            self._compensate_camera(boxes[high])
        track_of = self._match(boxes, detections.scores, high, (~is_high).nonzero()[0])
        rows = (track_of >= 0).nonzero()[0]
        tracked = track_of[rows]
        self._filters.update(tracked, to_cxywh(boxes[rows]))
        self._missed[tracked] = 0
        new = high[(track_of[high] < 0) & (detections.scores[high] >= self._options.new_track_threshold)]
        tracked_ids = np.concatenate([self._ids[tracked], self._last_id + 1 + np.arange(len(new))])
        self._begin_and_end(to_cxywh(boxes[new]))
        rows = np.concatenate([rows, new])
        return TrackedBoxes(track_ids=tracked_ids, boxes_xyxy=boxes[rows], rows=rows.astype(np.int64))

    def _match(self, boxes: _Array, scores: npt.NDArray[np.float32], high: _Indices, low: _Indices) -> _Indices:
        """The track of each detection, by index; -1 for none."""
        track_of = np.full(len(boxes), -1, dtype=np.intp)
        if not len(boxes) or not len(self._filters):
            return track_of
        overlap = height_modulated_iou_matrix(from_cxywh(self._filters.boxes_cxywh), boxes)
        track, found = _best_pairs(overlap[:, high] * scores[high], self._options.match_iou)
        track_of[high[found]] = track
        is_free = self._missed == 1
        is_free[track] = False
        free = is_free.nonzero()[0]
        track, found = _best_pairs(overlap[free[:, None], low], self._options.low_score_match_iou)
        track_of[low[found]] = free[track]
        return track_of

    def _compensate_camera(self, boxes: _Array) -> None:
        """Move all predictions by the median offset of the persons detected lately from theirs."""
        seen = (self._missed <= max(1, _CAMERA_MEMORY_S * self.frame_rate)).nonzero()[0]
        expected = self._filters.boxes_cxywh[seen]
        track, found = _best_pairs(height_modulated_iou_matrix(from_cxywh(expected), boxes), _CAMERA_IOU)
        if len(track) >= _CAMERA_PERSONS:
            off_xy = np.sort(to_cxywh(boxes[found])[:, :2] - expected[track, :2], axis=0)
            median = (off_xy[(len(track) - 1) // 2] + off_xy[len(track) // 2]) / 2
            self._filters.shift(median * len(track) / (len(track) + _CAMERA_DOUBT))

    def _begin_and_end(self, new_cxywh: _Array) -> None:
        stays = self._missed <= self._max_missed
        if not len(new_cxywh) and stays.all():  # as in most frames
            return
        self._filters.keep(stays)
        self._filters.add(new_cxywh)
        new_ids = self._last_id + 1 + np.arange(len(new_cxywh))
        self._ids = np.concatenate([self._ids[stays], new_ids])
        self._missed = np.concatenate([self._missed[stays], np.zeros(len(new_cxywh), dtype=np.int64)])
        self._last_id += len(new_cxywh)


def _best_pairs(similarity: _Array, minimum: float) -> tuple[_Indices, _Indices]:
    """Rows and columns of the assignment with the greatest sum, of pairs that are similar enough."""
    if not similarity.size:
        return _NONE, _NONE
    allowed = np.where(similarity >= minimum, similarity, 0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    matched = allowed[rows, columns] > 0
    return rows[matched], columns[matched]
