"""Detections of a video to tracks: a tracker runs through the frames, forward or backward."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import Detections, FrameDetections
from videoprep_nb.tracking.trackers.base import Tracker
from videoprep_nb.tracking.tracks import Tracks

_LIKELY_SCORE = 0.25
_TYPICAL_SCORE = 0.8


@dataclass(frozen=True)
class Association:
    """Which detection belongs to whom.

    Args:
        found: The detections.
        track_id: ``(N,)`` int64, the track of each detection, from 1 on; 0 for none.
        boxes_xyxy: ``(N, 4)`` float64, the box that the tracker gave instead of the detected one, in pixels.
    """

    found: Detections
    track_id: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float64]

    def tracks(self) -> Tracks:
        """The tracks with the boxes of the tracker."""
        rows = np.flatnonzero(self.track_id)
        return Tracks.from_arrays(
            self.found.frame_index[rows], self.track_id[rows], self.boxes_xyxy[rows], self.found.scores[rows]
        )


def normalize_scores(found: Detections) -> Detections:
    """Raise the scores of a detector that gives low ones, so that thresholds of trackers mean the same with any.

    Trackers were tuned with detectors whose typical score of a person is 0.8 or more; where it is less, all scores are
    multiplied by one factor. The typical score is the median of those from 0.25 on.

    Args:
        found: The detections.
    """
    likely = found.scores[found.scores >= _LIKELY_SCORE]
    typical = float(np.median(likely)) if len(likely) else _TYPICAL_SCORE
    factor = max(1.0, _TYPICAL_SCORE / typical)
    return replace(found, scores=np.minimum(found.scores * np.float32(factor), np.float32(1)))


def associate(tracker: Tracker, found: Detections, *, backward: bool = False) -> Association:
    """Track persons through a video.

    Args:
        tracker: A new tracker.
        found: The persons detected in the video.
        backward: Start with the last frame.
    """
    track_id = np.zeros(len(found), dtype=np.int64)
    boxes_xyxy = found.boxes_xyxy.astype(np.float64)
    frames = found.rows_of_frames()
    for rows in reversed(frames) if backward else frames:
        tracked = tracker.update(FrameDetections(found.boxes_xyxy[rows], found.scores[rows]))
        track_id[rows.start + tracked.rows] = tracked.track_ids
        boxes_xyxy[rows.start + tracked.rows] = tracked.boxes_xyxy
    return Association(found, track_id, boxes_xyxy)
