"""Rows of ground truth and tracks."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.mot_files import write_rows
from tests.support.tracking_scenes import track_table
from videoprep_nb.core.errors import InputError
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth, read_tracks

ROW = (1, 1, 10, 20, 30, 40, 1)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    tracks = track_table((4, 7, (0, 0.126, 10, 20)), (2, 7, (1, 2, 3, 4)), (2, 3, (5, 5, 9, 9)), scores=[0.5, 0.75, 1])
    rows = MotRows.from_tracks(tracks)
    rows.write(tmp_path / "new" / "out.txt")
    lines = (tmp_path / "new" / "out.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "3,3,6.00,6.00,4.00,4.00,1.0000,-1,-1,-1",
        "3,7,2.00,3.00,2.00,2.00,0.7500,-1,-1,-1",
        "5,7,1.00,1.13,10.00,19.87,0.5000,-1,-1,-1",
    ]
    again = read_tracks(tmp_path / "new" / "out.txt")
    for column in ("frame_number", "object_id", "boxes_xywh", "scores", "classes"):
        assert np.array_equal(getattr(again, column), getattr(rows, column))


@pytest.mark.parametrize(
    ("tail", "has_classes"),
    [
        pytest.param((), False, id="seven-columns"),
        pytest.param((1,), True, id="class"),
        pytest.param((1, 0.4), True, id="mot17"),
        pytest.param((-1, -1), False, id="no-class"),
        pytest.param((-1, -1, -1), False, id="mot15"),
        pytest.param((4.48, 5.5, 0), False, id="mot15-with-places"),
    ],
)
def test_which_column_is_a_class(tmp_path: Path, tail: tuple[float, ...], has_classes: bool) -> None:
    rows = read_ground_truth(write_rows(tmp_path / "gt.txt", [(*ROW, *tail)]))
    assert rows.has_classes == has_classes
    assert rows.classes.tolist() == [1]


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        pytest.param([ROW, (2, *ROW[1:]), ROW], "id 1 more than once in frame 1", id="twice-in-a-frame"),
        pytest.param([(1, -1, *ROW[2:])], "detections", id="no-ids"),
        pytest.param([(1, -2, *ROW[2:])], "id -2", id="negative-id"),
        pytest.param([(1, 1.5, *ROW[2:])], "id 1.5", id="half-an-id"),
        pytest.param([(*ROW, 3, 1)], "class 3", id="a-car"),
        pytest.param([(*ROW, float("nan"), 1)], "class", id="class-nan"),
    ],
)
def test_broken_tracks(tmp_path: Path, rows: list[tuple[float, ...]], hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        read_tracks(write_rows(tmp_path / "tracks.txt", rows))


def test_a_class_that_mot_challenge_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="class 14"):
        read_ground_truth(write_rows(tmp_path / "gt.txt", [(*ROW, 14, 1)]))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match=r"cannot be read"):
            read_tracks(path)
