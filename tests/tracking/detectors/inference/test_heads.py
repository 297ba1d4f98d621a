"""Every family of ultralytics' networks gives the boxes that ultralytics itself predicts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.photographs import bus_photograph
from tests.support.untrained import assert_same, predicted, untrained
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.yolo import YoloDetector

TYPICAL = ["yolo26n-p2.yaml", "yolo26n.yaml/fused", "yolov8n-rtdetr.yaml", "yolov8n-seg.yaml", "yolov8n-worldv2.yaml"]
OTHERS = [
    *["yolov3-tiny.yaml", "yolov5n.yaml", "yolov5n-p6.yaml", "yolov6n.yaml", "yolov9t.yaml", "yolov10n.yaml"],
    *["yolov8n.yaml", "yolov8n-p2.yaml", "yolov8n-p6.yaml", "yolov8n-ghost.yaml", "yolov8n-ghost-p2.yaml"],
    *["yolov8n-ghost-p6.yaml", "yolo11n.yaml", "yolo12n.yaml", "yolo26n.yaml", "yolo26n-p6.yaml", "rtdetr-l.yaml"],
    *["yolov9c-seg.yaml", "yolo11n-seg.yaml", "yolo12n-seg.yaml", "yolo26n-seg.yaml", "yolov8n-pose.yaml"],
    *["yolo11n-pose.yaml", "yolo12n-pose.yaml", "yolo26n-pose.yaml", "yolov8n-world.yaml", "yoloe-v8s.yaml"],
    *["yoloe-11s.yaml", "yoloe-26n.yaml", "yoloe-v8s-seg.yaml", "yoloe-11s-seg.yaml", "yoloe-26n-seg.yaml"],
    *["yoloe-11s.yaml/prompt-free", "yoloe-26n-seg.yaml/prompt-free", "yolov10n.yaml/fused"],
]


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def detect(path: Path, frame: np.ndarray, **options: object) -> FrameDetections:
    detector = YoloDetector(YoloOptions(weights=str(path), device="cpu", precision="float32", **options))
    return detector.detect([frame], [0], frame.shape[1], frame.shape[0])[0]


@pytest.mark.parametrize(
    "yaml_name", [*TYPICAL, *(pytest.param(name, marks=[pytest.mark.slow, pytest.mark.exhaustive]) for name in OTHERS)]
)
def test_the_boxes_are_those_that_ultralytics_predicts(yaml_name: str, tmp_path: Path) -> None:
    frame = bus_photograph()
    path = untrained(yaml_name, frame, tmp_path / "net.pt")  # by its name, ultralytics would take it for another
    assert_same(detect(path, frame), predicted(path, frame))
