"""The oracle: who is who by the ground truth."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.oracle import NOBODY, ScoredSequence, all_detections, our_tracklets, persons
from tests.support.tracking_scenes import track_table, walkers
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.evaluation.mot_rows import MotRows
from videoprep_nb.tracking.evaluation.score import score_sequence
from videoprep_nb.tracking.tracks import Tracks


@pytest.fixture
def truth() -> Tracks:
    """Three persons on lanes of their own, who are all out of sight for half a second."""
    frames = [frame for frame in range(40) if not 18 <= frame < 23]
    return track_table(
        *(
            (frame, track, box)
            for frame in frames
            for track, box in enumerate(walkers(frame, row_count=3).boxes_xyxy, 1)
        ),
        scores=[1.0] * 3 * len(frames),
    )


def test_a_box_belongs_to_the_person_on_whom_it_lies(truth: Tracks) -> None:
    of_ids = {1: 3, 2: 1, 3: 2}
    renamed = Tracks.from_arrays(
        truth.frame_index, [of_ids[track] for track in truth.track_id], truth.boxes_xyxy + 5, truth.scores
    )
    assert [of_ids[person] for person in persons(MotRows.from_tracks(truth), renamed)] == renamed.track_id.tolist()
    beside = Tracks.from_arrays(
        truth.frame_index, truth.track_id, truth.boxes_xyxy + np.array([80, 0, 80, 0]), truth.scores
    )
    assert (persons(MotRows.from_tracks(truth), beside) == NOBODY).all()


@pytest.mark.parametrize("oracle", [all_detections, our_tracklets])
def test_perfect_association_of_perfect_boxes_is_perfect(
    oracle: Callable[[ScoredSequence], Tracks], truth: Tracks
) -> None:
    found = Detections.from_arrays(truth.frame_index, truth.boxes_xyxy, truth.scores, np.arange(40))
    rows, frames = MotRows.from_tracks(truth), range(1, 41)
    sequence = ScoredSequence("lanes", rows, frames, found, Fraction(20))
    tracks = oracle(sequence)
    assert tracks.interpolated.sum() == 15
    detected = MotRows.from_tracks(tracks.rows(~tracks.interpolated))
    scores = score_sequence("lanes", rows, detected, frames).scores
    assert scores.HOTA > 99.9
