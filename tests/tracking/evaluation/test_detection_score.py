"""Recall, precision and average precision of detectors."""

import numpy as np
import pytest

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.evaluation.detection_score import DetectionScore, LabelledBoxes, match

PERSONS = np.array([[0, 0, 10, 20], [100, 0, 110, 20], [200, 0, 210, 20]], dtype=np.float64)
FAR = [500.0, 0, 510, 20]


def found(boxes: list[list[float]], scores: list[float]) -> FrameDetections:
    return FrameDetections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def labels(*counts: bool) -> LabelledBoxes:
    return LabelledBoxes(PERSONS[: len(counts)], np.array(counts, np.bool_))


def test_the_stronger_box_gets_the_person() -> None:
    matches = match(found([[1, 0, 11, 20], [0, 0, 10, 20], FAR], [0.6, 0.8, 0.9]), labels(True, True))
    assert matches.is_hit.tolist() == [False, True, False]
    assert matches.is_missed.tolist() == [False, True]
    assert not matches.is_ignored.any()


def test_what_does_not_count_is_neither_right_nor_wrong() -> None:
    score = DetectionScore()
    score.add(found([PERSONS[0].tolist(), PERSONS[1].tolist()], [0.9, 0.8]), labels(True, False))
    assert vars(score.figures()) == {"recall": 1, "precision": 1, "ap": 1}


def test_figures_of_several_frames() -> None:
    score = DetectionScore()
    score.add(found([PERSONS[0].tolist(), FAR], [0.9, 0.8]), labels(True, True))
    score.add(found([PERSONS[0].tolist(), PERSONS[1].tolist()], [0.7, 0.1]), labels(True, True))
    figures = score.figures()
    assert figures.recall == 2 / 4, "the box of 0.1 is too weak"
    assert figures.precision == pytest.approx(2 / 3)
    # hit, miss, hit, hit: precisions 1, 1/2, 2/3, 3/4, of which each hit gets the best from there on
    assert figures.ap == pytest.approx((1 + 3 / 4 + 3 / 4) / 4)


def test_nobody_there() -> None:
    score = DetectionScore()
    score.add(found([], []), labels())
    assert vars(score.figures()) == {"recall": 1, "precision": 1, "ap": 1}
    score.add(found([FAR], [0.9]), labels())
    assert score.figures().precision == 0
    score.add(found([], []), labels(True))
    assert score.figures().recall == 0
