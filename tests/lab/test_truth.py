"""Ground truth in the lab: its place in the frame, the figures, and every error."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.lab_scene import FRAME_COUNT, GAP, UNSURE_SCORE, open_scene, write_scene
from videoprep_nb.core.errors import InputError
from videoprep_nb.lab.model import open_video
from videoprep_nb.tracking.evaluation.evaluate import evaluate_tracks
from videoprep_nb.tracking.evaluation.mot_rows import MotRows

UNSURE_FRAMES = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scene")


@pytest.fixture(scope="module")
def video(folder):
    return open_scene(folder)


@pytest.fixture(scope="module")
def sure(video):
    """Tracks without the person the detector is not sure of, and with a gap."""
    return video.trial(video.settings.changed(["tracker:sort", "max_gap_s:0", f"confidence:{UNSURE_SCORE + 0.1}"]))


def test_boxes_lie_where_persons_are_in_the_standard_frame(video, sure):
    persons, tracks = video.truth.persons, sure.tracks
    in_first = [np.sort(table.in_frames(0, 1).boxes_xyxy, axis=0) for table in (persons, tracks)]
    assert np.abs(in_first[0] - in_first[1]).max() < 3


def test_missed_persons_are_counted_and_listed(video, sure):
    errors, scores = video.truth.errors(sure.tracks), video.truth.score(sure.tracks)
    assert (len(errors.false), len(errors.switches)) == (scores.FP, scores.IDSW) == (0, 0)
    assert len(errors.missed) == scores.FN == UNSURE_FRAMES + len(GAP)
    assert set(errors.missed.track_id.tolist()) == {3, 4}


def test_switches_and_boxes_on_nobody_are_listed(video, sure):
    ids = sure.tracks.track_id.copy()
    ids[(ids == 1) & (sure.tracks.frame_index >= 20)] = 9
    boxes = sure.tracks.boxes_xyxy.copy()
    boxes[ids == 2] = [1000, 10, 1100, 200]
    errors = video.truth.errors(replace(sure.tracks, track_id=ids, boxes_xyxy=boxes).ordered())
    assert list(zip(errors.switches.frame_index, errors.switches.old_id, errors.switches.new_id, strict=True)) == [
        (20, 1, 9)
    ]
    assert set(errors.false.track_id.tolist()) == {2}
    assert len(errors.false) == FRAME_COUNT - len(GAP)


def test_figures_are_those_of_the_command(video, sure, folder):
    """``videoprep evaluate`` says the same of the same boxes."""
    truth, tracks = folder / "truth" / "gt.txt", folder / "tracks.txt"
    video.truth.rows.write(truth)
    MotRows.from_tracks(sure.tracks).write(tracks)
    expected = evaluate_tracks(truth, tracks).result.scores.as_dict()
    assert video.truth.score(sure.tracks).as_dict() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("rows", "words"), [("900,1,1,1,5,5,1", "has no box in the frames 1 to 40"), ("x", "line 1")])
def test_wrong_ground_truth_is_reported(tmp_path, rows, words):
    params = write_scene(tmp_path)
    (tmp_path / "gt.txt").write_text(rows, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        open_video(params, lambda done, total, unit: None)
