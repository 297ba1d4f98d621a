"""From files to figures: which frames are tracked and scored, and what is missing or does not fit."""

from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.support.mot_files import Row, sequence, walk, write_rows
from videoprep_nb.core.errors import InputError
from videoprep_nb.tracking.evaluation.evaluate import Evaluation, Tracking, evaluate_detections, evaluate_tracks
from videoprep_nb.tracking.params import TrackingParams

FRAMES = range(1, 41)
TRACKING = Tracking(TrackingParams(tracker="sort"))


def detections(folder: Path, rows: list[Row]) -> Path:
    return write_rows(folder / "det" / "det.txt", [(row[0], -1, *row[2:6], 0.9) for row in rows])


def figures(evaluation: Evaluation) -> dict[str, float | int]:
    return evaluation.result.scores.as_dict()


def test_the_second_half_is_tracked_as_if_there_were_no_first(tmp_path: Path) -> None:
    gt = sequence(tmp_path / "yard", walk(1, FRAMES), frame_count=40)
    det = detections(tmp_path, walk(1, FRAMES))
    half = evaluate_detections(gt, det, TRACKING, "val")
    assert half.name == "yard"
    assert half.tracks.frame_number.tolist() == list(range(22, 41))
    assert half.tracks.object_id.tolist() == [1] * 19
    assert np.abs(half.tracks.boxes_xywh - [row[2:6] for row in walk(1, range(22, 41))]).max() < 1
    assert figures(half)["MOTA"] == 100
    assert len(evaluate_detections(gt, det, TRACKING).tracks) == 40


def test_tracks_that_were_written_score_the_same(tmp_path: Path) -> None:
    truth = [*walk(1, FRAMES), *walk(2, FRAMES, y=300)]
    gt = sequence(tmp_path / "yard", truth, frame_count=40)
    noise = np.random.default_rng(0).normal(0, 4, (len(truth), 4))
    seen = [(*row[:2], *(np.array(row[2:6]) + shift)) for row, shift in zip(truth, noise, strict=True)]
    tracked = evaluate_detections(gt, detections(tmp_path, seen), TRACKING)
    tracked.tracks.write(tmp_path / "tracks.txt")
    assert figures(evaluate_tracks(gt, tmp_path / "tracks.txt")) == figures(tracked)


def test_refinement_fills_gaps_and_can_be_left_out(tmp_path: Path) -> None:
    gt = sequence(tmp_path / "yard", walk(1, FRAMES), frame_count=40)
    det = detections(tmp_path, [*walk(1, range(1, 20)), *walk(1, range(23, 41))])
    assert figures(evaluate_detections(gt, det, TRACKING))["FN"] == 0
    assert figures(evaluate_detections(gt, det, replace(TRACKING, refine=False)))["FN"] == 3


def test_without_information_on_the_sequence(tmp_path: Path) -> None:
    gt = sequence(tmp_path / "yard", walk(1, FRAMES))
    det = detections(tmp_path, walk(1, range(1, 51)))
    tracking = replace(TRACKING, frame_rate=Fraction(10))
    assert figures(evaluate_detections(gt, det, tracking))["FP"] == 10  # the last frame with a box is the last one
    with pytest.raises(InputError, match="--frame-rate"):
        evaluate_detections(gt, det, replace(tracking, frame_rate=None))


@pytest.mark.parametrize("late", ["gt", "det", "tracks"])
def test_boxes_after_the_last_frame(tmp_path: Path, late: str) -> None:
    frames = {name: range(1, 42) if name == late else FRAMES for name in ("gt", "det", "tracks")}
    gt = sequence(tmp_path / "yard", walk(1, frames["gt"]), frame_count=40)
    det = detections(tmp_path, walk(1, frames["det"]))
    tracks = write_rows(tmp_path / "tracks.txt", walk(1, frames["tracks"]))
    evaluate = (
        partial(evaluate_tracks, gt, tracks) if late == "tracks" else partial(evaluate_detections, gt, det, TRACKING)
    )
    with pytest.raises(InputError, match=rf"{late}\.txt has a box in frame 41 of a sequence of 40 frames"):
        evaluate()


def test_ground_truth_without_rows(tmp_path: Path) -> None:
    gt = sequence(tmp_path / "yard", [], frame_count=40)
    with pytest.raises(InputError, match="no box"):
        evaluate_tracks(gt, write_rows(tmp_path / "tracks.txt", walk(1, FRAMES)))


def test_no_tracks_at_all(tmp_path: Path) -> None:
    gt = sequence(tmp_path / "yard", walk(1, FRAMES), frame_count=40)
    evaluation = evaluate_detections(gt, detections(tmp_path, []), TRACKING)
    assert len(evaluation.tracks) == 0
    assert (figures(evaluation)["FN"], figures(evaluation)["MOTA"]) == (40, 0)
