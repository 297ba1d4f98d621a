"""SORT with the paper's parameters gives the figures that were published for it."""

from pathlib import Path

import motmetrics
import numpy as np
import pytest

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.trackers import create_tracker

FRAME_RATE = 25
PAPER_OPTIONS = [f"max_age_s:{1 / FRAME_RATE}", "min_hits:3", "match_iou:0.3"]
MATCH_IOU = 0.5


def test_tud_campus(shared_data: Path) -> None:
    sequence = shared_data / "mot15" / "TUD-Campus"
    truth = np.loadtxt(sequence / "gt" / "gt.txt", delimiter=",")
    frames = range(int(truth[:, 0].max()))
    detector = PrecomputedDetector.from_file(sequence / "det" / "det.txt")
    tracker = create_tracker("sort", FRAME_RATE, PAPER_OPTIONS)
    events = motmetrics.MOTAccumulator(auto_id=True)
    for index, found in zip(frames, detector.detect([], frames, 640, 480), strict=True):
        tracked = tracker.update(found)
        rows = truth[truth[:, 0] == index + 1]
        corners = rows[:, 2:4] - 1
        distances = 1 - iou_matrix(np.hstack([corners, corners + rows[:, 4:6]]), tracked.boxes_xyxy)
        distances[distances > 1 - MATCH_IOU] = np.nan
        events.update(rows[:, 1].astype(int), tracked.track_ids, distances)
    names = ["mota", "num_false_positives", "num_misses", "num_switches"]
    figures = motmetrics.metrics.create().compute(events, metrics=names, return_dataframe=False)
    assert figures["mota"] * 100 == pytest.approx(62.7, abs=0.5)
    assert figures["num_false_positives"] == pytest.approx(15, abs=2)
    assert figures["num_misses"] == pytest.approx(113, abs=3)
    assert figures["num_switches"] == pytest.approx(6, abs=1)
