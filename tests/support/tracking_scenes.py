"""Made-up persons who walk through a picture, and tables of tracks, for the tests of tracking."""

from collections.abc import Sequence

import numpy as np

from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import TrackTable

WALKER_XYXY = (100.0, 200.0, 160.0, 380.0)


def detections(*boxes_xyxy: Sequence[float], score: float = 0.9) -> Detections:
    boxes = np.array(boxes_xyxy, dtype=np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(boxes), score, np.float32))


def walkers(frame_index: int, *, step_px: float = 6.0, row_count: int = 2) -> Detections:
    """Persons on lanes 300 px apart, all walking to the right."""
    shift = np.array([1, 0, 1, 0]) * frame_index * step_px
    return detections(*(np.array(WALKER_XYXY) + shift + [300 * row, 0, 300 * row, 0] for row in range(row_count)))


def track_table(*rows: tuple[int, int, Sequence[float]], scores: Sequence[float] | None = None) -> TrackTable:
    """A table of found boxes, each given as (frame index, track id, box)."""
    return TrackTable.ordered(
        frame_index=np.array([row[0] for row in rows], dtype=np.int64),
        track_id=np.array([row[1] for row in rows], dtype=np.int64),
        boxes_xyxy=np.array([row[2] for row in rows], dtype=np.float64).reshape(-1, 4),
        scores=np.array(scores if scores is not None else [0.5] * len(rows), dtype=np.float64),
        interpolated=np.zeros(len(rows), dtype=np.bool_),
    )
