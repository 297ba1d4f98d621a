"""Corrections are counted as an annotator would make them."""

import numpy as np
import pytest

from benchmarks.corrections import count_corrections
from videoprep_nb.tracking.evaluation.mot_rows import MotRows
from videoprep_nb.tracking.evaluation.score import score_sequence

PERSON_A, PERSON_B = 10.0, 200.0  # where they stand
FRAMES = 4


def rows(*persons: tuple[float, list[int]]) -> MotRows:
    """For each person the left edge and the id in each frame; 0 where there is no box."""
    found = [
        (frame, object_id, left) for left, ids in persons for frame, object_id in enumerate(ids, start=1) if object_id
    ]
    frames, ids, lefts = (np.array([row[column] for row in found]) for column in range(3))
    boxes = np.column_stack([lefts, *np.tile([[10.0], [20.0], [60.0]], len(found))])
    one = np.ones(len(found), np.int64)
    return MotRows(frames, ids, boxes, one.astype(float), one, has_classes=False)


TRUTH = rows((PERSON_A, [1] * FRAMES), (PERSON_B, [2] * FRAMES))


@pytest.mark.parametrize(
    ("tracks", "missed", "false", "splits", "merges"),
    [
        pytest.param(rows((PERSON_A, [7] * 4), (PERSON_B, [8] * 4)), 0, 0, 0, 0, id="right"),
        pytest.param(rows((PERSON_A, [7] * 4), (500.0, [8] * 4)), 4, 4, 0, 0, id="elsewhere"),
        pytest.param(rows((PERSON_A, [7, 7, 9, 9]), (PERSON_B, [8] * 4)), 0, 0, 0, 1, id="two-tracks-of-one"),
        pytest.param(rows((PERSON_A, [7, 7, 8, 8]), (PERSON_B, [8, 8, 7, 7])), 0, 0, 2, 2, id="swapped"),
        pytest.param(rows((PERSON_A, [7, 7, 0, 0]), (PERSON_B, [0, 0, 7, 7])), 4, 0, 1, 0, id="one-track-of-two"),
        pytest.param(rows((PERSON_A, [7, 0, 0, 7]), (PERSON_B, [8] * 4)), 2, 0, 0, 0, id="gap"),
    ],
)
def test_corrections(tracks: MotRows, missed: int, false: int, splits: int, merges: int) -> None:
    found = count_corrections(TRUTH, tracks, rate=1)
    assert (found.missed, found.false, found.splits, found.merges) == (missed, false, splits, merges)
    assert found.person_minutes == pytest.approx(8 / 60)


def test_boxes_are_missed_and_false_as_trackeval_counts_them() -> None:
    random = np.random.default_rng(0)
    truth = rows(*((60.0 * person, [person] * 50) for person in range(1, 6)))
    tracks = rows(*((60.0 * person + random.uniform(-12, 12), [person] * 50) for person in range(1, 6)))
    kept = random.random(len(tracks)) < 0.8
    tracks = tracks.rows(kept)
    scores = score_sequence("", truth, tracks, range(1, 51)).scores
    found = count_corrections(truth, tracks, rate=1)
    assert (found.missed, found.false) == (scores.FN, scores.FP)
