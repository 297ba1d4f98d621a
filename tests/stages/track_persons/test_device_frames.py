"""Stage 4 the way it goes with a GPU, from the decoded planes on, on the processor."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.stages.track_persons.test_stage import make_clips, read_rows, run
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.tracking.detectors import DETECTORS
from videoprep_nb.tracking.detectors.yolo import YoloDetector


class OnDevice(YoloDetector):
    """What ``yolo`` does where there is a GPU."""

    name = "on_device"
    frames_device = "cpu"


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    DETECTORS.add(OnDevice)
    yield
    del DETECTORS._members[OnDevice.name]


@pytest.fixture(scope="module")
def clips(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pets")
    make_clips(folder, ["-i", str(shared_data / "videos" / "pets09_s2l1.avi")], [(0, 20), (20, 20)])
    return folder


def boxes_of(result: TrackResult) -> list[tuple[np.ndarray, np.ndarray]]:
    frames = [found.in_frame(index).above(0.3) for found in result.detections for index in range(20)]
    return [(found.boxes_xyxy.astype(np.float64), found.scores) for found in frames]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "max_px", "max_score"),
    [
        pytest.param({}, 0.01, 1e-4, id="unscaled"),
        pytest.param({"image_size": 480}, 4, 0.1, id="scaled"),
        pytest.param({"tiles": 2, "frame_stride": 5}, 4, 0.1, id="tiles"),
        pytest.param({"motion_gate": True, "frame_stride": 3}, 0.01, 1e-4, id="gate"),
    ],
)
def test_boxes_are_those_of_the_processor(
    clips: Path, tmp_path: Path, options: dict[str, object], max_px: float, max_score: float
) -> None:
    """Where frames are scaled, OpenCV's rounding moves boxes with low scores."""
    results = {}
    for detector in ("yolo", OnDevice.name):
        (tmp_path / detector).mkdir()
        (tmp_path / detector / "clips").symlink_to(clips / "clips")
        preview = str(tmp_path / detector / "preview")
        results[detector] = run(
            tmp_path / detector, detector=detector, precision="float32", preview_dir=preview, **options
        )
        assert (tmp_path / detector / "preview" / "1.jpg").stat().st_size > 1000
    usual, on_device = results.values()
    assert all(found.features is not None for found in on_device.detections)
    shifts, changes, one_sided = [], [], 0
    for (boxes, scores), (other_boxes, other_scores) in zip(boxes_of(usual), boxes_of(on_device), strict=True):
        iou = iou_matrix(boxes, other_boxes)
        rows, columns = np.nonzero(iou > 0.8)
        one_sided += len(boxes) + len(other_boxes) - 2 * len(rows)
        shifts += np.abs(boxes[rows] - other_boxes[columns]).max(axis=1).tolist()
        changes += np.abs(scores[rows] - other_scores[columns]).tolist()
    assert one_sided <= 0.02 * len(shifts)  # scores near the threshold
    assert (max(shifts) < max_px, max(changes) < max_score) == (True, True), (max(shifts), max(changes))
    assert np.mean(shifts) < 0.2
    assert np.mean(changes) < 0.01
    assert len(read_rows(tmp_path / OnDevice.name)) == 2
