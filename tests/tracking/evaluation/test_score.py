"""Figures of TrackEval: cases whose result is known, and motmetrics as a second judge."""

from pathlib import Path

import motmetrics
import numpy as np
import pytest

from tests.support.mot_files import Row, walk, write_rows
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.evaluation.evaluate import evaluate_tracks
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth, read_tracks
from videoprep_nb.tracking.evaluation.score import combine, score_sequence

FRAMES = range(1, 11)


def rows(folder: Path, name: str, lines: list[Row]) -> Path:
    return write_rows(folder / f"{name}.txt", lines)


def score(
    folder: Path, truth: list[Row], tracks: list[Row], name: str = "MOT17-00", frames: range = FRAMES
) -> dict[str, float | int]:
    gt, found = read_ground_truth(rows(folder, "gt", truth)), read_tracks(rows(folder, "tracks", tracks))
    return score_sequence(name, gt, found, frames).scores.as_dict()


def distances(a_xywh: np.ndarray, b_xywh: np.ndarray) -> np.ndarray:
    iou = iou_matrix(*(np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]) for boxes in (a_xywh, b_xywh)))
    return np.where(iou >= 0.5, 1 - iou, np.nan)


def test_perfect_tracks(tmp_path: Path) -> None:
    huge_ids = [*walk(2**40, FRAMES, kind=None), *walk(5, FRAMES, y=300, kind=None)]
    scores = score(tmp_path, [*walk(1, FRAMES), *walk(2, FRAMES, y=300)], huge_ids)
    percentages, counts = ["HOTA", "DetA", "AssA", "LocA", "MOTA", "IDF1"], ["IDSW", "Frag", "FP", "FN"]
    assert scores == pytest.approx(dict.fromkeys(percentages, 100) | dict.fromkeys(counts, 0))


def test_a_switch_and_a_gap(tmp_path: Path) -> None:
    tracks = [*walk(1, range(1, 5), kind=None), *walk(2, range(7, 11), kind=None)]
    other = walk(3, FRAMES, y=300, kind=None)
    scores = score(tmp_path, [*walk(1, FRAMES), *walk(3, FRAMES, y=300)], [*tracks, *other])
    assert (scores["IDSW"], scores["Frag"], scores["FP"], scores["FN"]) == (1, 1, 0, 2)
    assert scores["MOTA"] == pytest.approx(100 * (1 - 3 / 20))
    assert scores["IDF1"] == pytest.approx(100 * 2 * (10 + 4) / (20 + 18))


@pytest.mark.parametrize(
    ("name", "distractor", "false_boxes"),
    [
        pytest.param("MOT17-00", walk(2, FRAMES, y=300, kind=7, mark=0), 0, id="standing-person"),
        pytest.param("MOT17-00", walk(2, FRAMES, y=300, kind=6, mark=0), 10, id="vehicle"),
        pytest.param("MOT20-00", walk(2, FRAMES, y=300, kind=6, mark=0), 0, id="vehicle-in-mot20"),
        pytest.param("MOT17-00", walk(2, FRAMES, y=300, kind=1, mark=0), 10, id="person-who-does-not-count"),
    ],
)
def test_tracks_on_distractors(tmp_path: Path, name: str, distractor: list[Row], false_boxes: int) -> None:
    tracks = [*walk(1, FRAMES, kind=None), *walk(2, FRAMES, y=300, kind=None)]
    scores = score(tmp_path, [*walk(1, FRAMES), *distractor], tracks, name)
    assert (scores["FP"], scores["FN"]) == (false_boxes, 0)


def test_mot15_has_no_distractors(tmp_path: Path) -> None:
    truth = [(*row, -1, -1, -1) for row in walk(1, FRAMES, kind=None)]
    scores = score(tmp_path, truth, [*walk(1, FRAMES, kind=None), *walk(2, FRAMES, y=300, kind=None)])
    assert (scores["FP"], scores["FN"]) == (10, 0)


def test_only_the_frames_that_count(tmp_path: Path) -> None:
    truth = walk(1, FRAMES)
    tracks = [*walk(9, range(1, 6), y=300, kind=None), *walk(1, range(7, 11), kind=None)]
    scores = score(tmp_path, truth, tracks, frames=range(7, 11))
    assert scores["HOTA"] == pytest.approx(100)
    assert (scores["FP"], scores["FN"]) == (0, 0)


@pytest.mark.parametrize("empty", ["tracks", "truth", "both"])
def test_nothing_there(tmp_path: Path, empty: str) -> None:
    truth = walk(1, FRAMES if empty == "tracks" else range(11, 12))
    tracks = walk(1, FRAMES, kind=None) if empty == "truth" else []
    scores = score(tmp_path, truth, tracks)
    assert (scores["HOTA"], scores["FN"], scores["FP"]) == (0, 10 if empty == "tracks" else 0, len(tracks))


def test_sequences_are_combined_by_counts(tmp_path: Path) -> None:
    gt = read_ground_truth(rows(tmp_path, "gt", walk(1, range(1, 31))))
    good = score_sequence("long", gt, read_tracks(rows(tmp_path, "good", walk(1, range(1, 31)))), range(1, 31))
    bad = score_sequence("short", gt, read_tracks(rows(tmp_path, "bad", walk(1, FRAMES, y=300))), FRAMES)
    combined = combine([good, bad]).as_dict()
    assert combined["MOTA"] == pytest.approx(100 * (1 - 20 / 40))
    assert combined["IDF1"] == pytest.approx(100 * 30 / 40)
    assert (combined["FP"], combined["FN"]) == (10, 10)


def test_motmetrics_counts_the_same(shared_data: Path, tmp_path: Path) -> None:
    """Ground truth of TUD-Stadtmitte against itself with holes, shifts and exchanged ids."""
    gt_file = shared_data / "mot15" / "TUD-Stadtmitte" / "gt" / "gt.txt"
    gt = read_ground_truth(gt_file)
    rng = np.random.default_rng(3)
    kept = rng.random(len(gt)) > 0.1
    ids = np.where((gt.frame_number > 90) & (gt.object_id <= 2), 3 - gt.object_id, gt.object_id)
    boxes = gt.boxes_xywh + rng.normal(0, 8, gt.boxes_xywh.shape) * [1, 1, 0, 0]
    tracks = MotRows(gt.frame_number[kept], ids[kept], boxes[kept], gt.scores[kept], gt.classes[kept], False)
    tracks.write(tmp_path / "tracks.txt")
    ours = evaluate_tracks(gt_file, tmp_path / "tracks.txt").result.scores.as_dict()
    events = motmetrics.MOTAccumulator(auto_id=True)
    for number in range(1, gt.frame_count + 1):
        here, found = gt.in_frames(range(number, number + 1)), tracks.in_frames(range(number, number + 1))
        events.update(here.object_id, found.object_id, distances(here.boxes_xywh, found.boxes_xywh))
    names = ["mota", "idf1", "num_switches", "num_false_positives", "num_misses"]
    theirs = motmetrics.metrics.create().compute(events, metrics=names, return_dataframe=False)
    assert theirs["num_switches"] > 0
    assert ours["MOTA"] == pytest.approx(100 * theirs["mota"], abs=0.01)
    assert ours["IDF1"] == pytest.approx(100 * theirs["idf1"], abs=0.01)
    assert (ours["IDSW"], ours["FP"], ours["FN"]) == tuple(theirs[name] for name in names[2:])
