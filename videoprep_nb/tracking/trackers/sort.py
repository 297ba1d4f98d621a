"""SORT: a Kalman filter per person, and the assignment of boxes that overlaps most.

Written from the paper: Bewley, Ge, Ott, Ramos, Upcroft, "Simple online and realtime tracking", ICIP 2016,
arXiv:1602.00763.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions
from videoprep_nb.tracking.trackers.kalman import BoxFilter


class SortOptions(TrackerOptions):
    """Options of SORT."""

    max_age_s: float = Field(default=1.0, ge=0, le=60, description="seconds a person may be occluded and keep the id")
    min_hits: int = Field(
        default=0, ge=0, le=100, description="frames in a row a new person must be found again in before being reported"
    )
    match_iou: float = Field(default=0.3, gt=0, lt=1, description="minimum overlap (IoU) of a box with its prediction")


class _Track:
    def __init__(self, track_id: int, box_xyxy: npt.NDArray[np.float32]) -> None:
        self.track_id = track_id
        self.filter = BoxFilter(box_xyxy)
        self.hits_in_a_row = 0
        self.missed = 0

    def predict(self) -> None:
        self.filter.predict()
        self.missed += 1

    def update(self, box_xyxy: npt.NDArray[np.float32]) -> None:
        self.filter.update(box_xyxy)
        self.hits_in_a_row = self.hits_in_a_row + 1 if self.missed == 1 else 1
        self.missed = 0


class Sort(Tracker):
    """SORT: a filter per person and the assignment that overlaps most (Bewley et al. 2016, arXiv:1602.00763)."""

    name: ClassVar[str] = "sort"
    options_type: ClassVar[type[TrackerOptions]] = SortOptions

    def __init__(self, frame_rate: float, options: SortOptions | None = None) -> None:
        super().__init__(frame_rate)
        self._options = options or SortOptions()
        # One missed frame is always allowed, as in the paper (T_lost = 1).
        self._max_missed = max(1, round(self._options.max_age_s * frame_rate))

    def reset(self) -> None:
        """Forget everything; ids begin at 1 again."""
        self._tracks: list[_Track] = []
        self._last_id = 0
        self._frames_seen = 0

    def update(self, detections: FrameDetections, frame: npt.NDArray[np.uint8] | None = None) -> TrackedBoxes:
        """Track one more frame; see ``Tracker.update``."""
        self._frames_seen += 1
        for track in self._tracks:
            track.predict()
        matched = self._match(detections)
        for row, track in matched.items():
            track.update(detections.boxes_xyxy[row])
        for row in range(len(detections)):
            if row not in matched:
                matched[row] = self._begin(detections.boxes_xyxy[row])
        self._tracks = [track for track in self._tracks if track.missed <= self._max_missed]
        # In the first frames nobody can have been seen often enough yet.
        needed_hits = self._options.min_hits if self._frames_seen > self._options.min_hits else 0
        return _report({row: track for row, track in matched.items() if track.hits_in_a_row >= needed_hits})

    def _match(self, detections: FrameDetections) -> dict[int, _Track]:
        """Detections (by row) and the tracks they belong to: the greatest sum of IoU, section 3.3."""
        if not self._tracks or not len(detections):
            return {}
        expected = np.stack([track.filter.box_xyxy for track in self._tracks])
        iou = iou_matrix(detections.boxes_xyxy.astype(np.float64), expected)
        pairs = zip(*linear_sum_assignment(iou, maximize=True), strict=True)
        return {int(row): self._tracks[column] for row, column in pairs if iou[row, column] >= self._options.match_iou}

    def _begin(self, box_xyxy: npt.NDArray[np.float32]) -> _Track:
        self._last_id += 1
        track = _Track(self._last_id, box_xyxy)
        self._tracks.append(track)
        return track


def _report(tracks: dict[int, _Track]) -> TrackedBoxes:
    return TrackedBoxes(
        track_ids=np.array([track.track_id for track in tracks.values()], dtype=np.int64),
        boxes_xyxy=np.array([track.filter.box_xyxy for track in tracks.values()], dtype=np.float64).reshape(-1, 4),
        rows=np.array(list(tracks), dtype=np.int64),
    )
