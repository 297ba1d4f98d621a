"""Made-up persons who walk through a frame, and tables of tracks, for the tests of tracking."""

from collections.abc import Sequence

import numpy as np

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.tracks import Tracks

WALKER_XYXY = (100.0, 200.0, 160.0, 380.0)


def detections(*boxes_xyxy: Sequence[float], score: float = 0.9) -> FrameDetections:
    boxes = np.array(boxes_xyxy, dtype=np.float32).reshape(-1, 4)
    return FrameDetections(boxes, np.full(len(boxes), score, np.float32))


def walkers(frame_index: int, *, step_px: float = 6.0, row_count: int = 2) -> FrameDetections:
    """Persons on lanes 300 px apart, all walking to the right."""
    shift = np.array([1, 0, 1, 0]) * frame_index * step_px
    return detections(*(np.array(WALKER_XYXY) + shift + [300 * row, 0, 300 * row, 0] for row in range(row_count)))


def track_table(*rows: tuple[int, int, Sequence[float]], scores: Sequence[float] | None = None) -> Tracks:
    """A table of found boxes, each given as (frame index, track id, box)."""
    return Tracks.from_arrays(
        frame_index=[row[0] for row in rows],
        track_id=[row[1] for row in rows],
        boxes_xyxy=[row[2] for row in rows],
        scores=scores if scores is not None else [0.5] * len(rows),
    )
