"""ONNX files and OpenVINO folders as weights."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import yaml
from openvino import opset13 as ops

from tests.support.photographs import bus_photograph
from tests.support.untrained import assert_same, predicted, untrained
from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.yolo import YoloDetector
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

NAMES = {0: "bus", 1: "person", 2: "dog"}
COLOUR = (200, 100, 40)  # red, green, blue


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def detector(path: Path, **options: object) -> YoloDetector:
    return YoloDetector(YoloOptions(weights=str(path), **{"device": "cpu", "precision": "float32", **options}))


def detect(path: Path, frame: np.ndarray, **options: object) -> FrameDetections:
    """In float32, unless options say otherwise."""
    return detector(path, **options).detect([frame], [0], frame.shape[1], frame.shape[0])[0]


def exported(path: Path, **options: object) -> Path:
    """What ultralytics makes of weights."""
    with offline_ultralytics():
        from ultralytics import YOLO

        return Path(YOLO(path).export(verbose=False, **options))


def network(folder: Path, outputs: str, metadata: Mapping[str, object] | None = None, width: int = 320) -> Path:
    """An OpenVINO folder with one box, x from 0.25 to 0.75 of the input and y likewise, and three classes.

    The score of each class is that of a channel of the pixel in the upper left corner.

    Args:
        folder: The folder to write.
        outputs: ``rfdetr`` or ``yolox_decoded``.
        metadata: What to write beside it.
        width: Width and height of its input.
    """
    image = ops.parameter([1, 3, width, width], np.float32, name="image")
    pixel = ops.squeeze(ops.slice(image, [0, 0, 0, 0], [1, 3, 1, 1], [1, 1, 1, 1]), [3])  # (1, 3, 1)
    scores = ops.transpose(pixel, [0, 2, 1])
    box = np.array([[[0.5, 0.5, 0.5, 0.5]]], np.float32)
    if outputs == "rfdetr":
        results = [ops.constant(box), scores]
        results[0].output(0).get_tensor().set_names({"dets"})
        results[1].output(0).get_tensor().set_names({"labels"})
    else:
        objectness = np.ones((1, 1, 1), np.float32)
        scaled = ops.divide(scores, np.float32(255))
        results = [ops.concat([ops.constant(box * width), ops.constant(objectness), scaled], 2)]
    folder.mkdir()
    ov.save_model(ov.Model(results, [image]), folder / "network.xml", compress_to_fp16=False)
    if metadata:
        (folder / "metadata.yaml").write_text(yaml.safe_dump(dict(metadata)), encoding="utf-8")
    return folder


def flat_frame() -> np.ndarray:
    return np.full((360, 640, 3), COLOUR, np.uint8)


@pytest.mark.parametrize(
    ("yaml_name", "options"),
    [
        pytest.param("yolov8n-pose.yaml", {"imgsz": (480, 640)}, id="static-with-bars"),
        pytest.param("yolo26n.yaml", {"nms": False, "imgsz": 320}, id="nms-free"),
        pytest.param("yolov8n-seg.yaml", {"dynamic": True}, id="dynamic-masks", marks=pytest.mark.slow),
        pytest.param("yolov8n-rtdetr.yaml", {"imgsz": 320}, id="rtdetr", marks=pytest.mark.exhaustive),
    ],
)
def test_openvino_folders_give_what_ultralytics_predicts(
    yaml_name: str, options: dict[str, object], tmp_path: Path
) -> None:
    frame = bus_photograph()
    weights = untrained(yaml_name, frame, tmp_path / "net.pt")
    folder = exported(weights, format="openvino", max_det=3000, **options)
    # With the weights: it would run the folder in bf16, where it can. Without rect, bars fill the whole input.
    expected = predicted(weights, frame, rect="dynamic" in options, **options)
    assert_same(detect(folder, frame), expected)


def test_onnx_files_say_themselves_what_they_are(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    frame = bus_photograph()
    weights = untrained("yolov8n.yaml", frame, tmp_path / "net.pt")
    onnx = exported(weights, format="onnx", simplify=False, imgsz=(640, 480))  # the size that fits this frame
    assert_same(detect(onnx, frame), detect(weights, frame))
    assert detector(onnx, image_size=1280).image_size == 640


def test_rfdetr_is_recognised_and_gets_frames_as_it_was_trained(tmp_path: Path) -> None:
    folder = network(tmp_path / "net_openvino_model", "rfdetr")
    found = detect(folder, flat_frame(), person_classes=["0"])
    assert found.boxes_xyxy.tolist() == [[160, 90, 480, 270]]  # stretched
    logit = (COLOUR[0] / 255 - 0.485) / 0.229
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)


def test_yolox_is_declared_and_gets_blue_first_in_the_upper_left_corner(tmp_path: Path) -> None:
    folder = network(tmp_path / "net_openvino_model", "yolox_decoded", {"names": NAMES})
    found = detect(folder, flat_frame(), output_layout="yolox_decoded", person_classes=["bus"])
    assert found.boxes_xyxy.tolist() == [[160, 160, 480, 360]]  # cut at the border of the frame
    assert found.scores[0] == pytest.approx(COLOUR[2] / 255, abs=1e-4)
    assert detect(folder, flat_frame(), output_layout="yolox_decoded").scores[0] == pytest.approx(COLOUR[1] / 255)


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    plain = network(tmp_path / "plain_openvino_model", "yolox_decoded")
    turned = network(tmp_path / "turned_openvino_model", "yolox_decoded", {"task": "obb", "names": NAMES})
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"output_layout, one of: yolo .*yolox "):
        detect(plain, flat_frame())
    with pytest.raises(ParameterError, match=r"rfdetr expects outputs .*has \(1, 1, 8\)"):
        detect(plain, flat_frame(), output_layout="rfdetr")
    with pytest.raises(WeightsError, match=r"no class with a name such as 'person'.*person_classes"):
        detect(plain, flat_frame(), output_layout="yolox_decoded")
    with pytest.raises(WeightsError, match="made for 'obb'"):
        detect(turned, flat_frame())
    with pytest.raises(WeightsError, match=r"broken\.onnx cannot be read"):
        detect(broken, flat_frame())
    with pytest.raises(ParameterError, match="runs as it is"):
        detect(plain, flat_frame(), precision="int8")
    with pytest.raises(ParameterError, match="runs on the CPU"):
        detect(plain, flat_frame(), device="cuda")


def test_the_layout_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    folder = network(tmp_path / "net_openvino_model", "yolox_decoded", {"names": NAMES})
    layouts = ("auto", "yolox", "yolox_decoded", "yolov5")
    assert len({detector(folder, output_layout=layout).fingerprint for layout in layouts}) == len(layouts)
