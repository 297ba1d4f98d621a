"""MOT detections of others."""

from pathlib import Path

import numpy as np
import pytest

from videoprep_nb.core.errors import InputError
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector


def detector(tmp_path: Path, *lines: str) -> PrecomputedDetector:
    path = tmp_path / "det.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return PrecomputedDetector.from_file(path)


def test_frames_and_pixels_count_from_one(tmp_path: Path) -> None:
    found = detector(tmp_path, "3,-1,11,21,30,40,0.5,-1,-1,-1", "1,-1,1,1,10,10,0.9,-1,-1,-1").detect(
        [], [0, 1, 2], 64, 64
    )
    assert [frame.boxes_xyxy.tolist() for frame in found] == [[[0, 0, 10, 10]], [], [[10, 20, 40, 60]]]
    assert found[2].scores.tolist() == [0.5]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([0.2, 1, 0.7], [0.2, 1, 0.7], id="as-they-are"),
        pytest.param([-1, -1, -1], [1, 1, 1], id="unknown"),
        pytest.param([0, 50, 100], [0.05, 0.525, 1], id="percent"),
        pytest.param([-30, 10, -1], [0.05, 1, 1], id="svm"),
        pytest.param([100, 100, 100], [1, 1, 1], id="all-the-same"),
        pytest.param([-0.5, 0.5, 0], [0.05, 1, 0.525], id="below-nothing"),
        pytest.param([0, 0.04, 0.06], [0.06], id="under-the-floor"),
    ],
)
def test_scores_become_confidences(tmp_path: Path, scores: list[float], expected: list[float]) -> None:
    found = detector(tmp_path, *(f"1,-1,1,1,10,10,{score}" for score in scores)).detect([], [0], 64, 64)
    assert found[0].scores.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    ["1,-1,1,1,10", "1,-1,1,1,10,x,1", "0,-1,1,1,10,10,1", "1,-1,1,1,0,10,1", "1,-1,nan,1,10,10,1"],
    ids=["columns", "letters", "frame-zero", "no-width", "nan"],
)
def test_a_broken_file_is_reported(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"det\.txt"):
        detector(tmp_path, text).detect([], [0], 64, 64)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.txt"):
        _ = PrecomputedDetector.from_file(tmp_path / "nothing.txt").fingerprint


def test_a_video_without_detections(tmp_path: Path) -> None:
    assert [len(frame) for frame in detector(tmp_path, "").detect([], [0, 1], 64, 64)] == [0, 0]


def test_real_detections(shared_data: Path) -> None:
    path = shared_data / "mot15" / "PETS09-S2L1" / "det" / "det.txt"
    rows = np.loadtxt(path, delimiter=",")
    found = PrecomputedDetector.from_file(path).detect([], range(795), 768, 576)
    assert sum(map(len, found)) == len(rows)
    first = rows[rows[:, 0] == 101]
    assert found[100].scores.tolist() == pytest.approx(first[:, 6].tolist())
    assert found[100].boxes_xyxy[:, 2] - found[100].boxes_xyxy[:, 0] == pytest.approx(first[:, 4], abs=1e-3)
