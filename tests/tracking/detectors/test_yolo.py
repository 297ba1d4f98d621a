"""The YOLO detector on photographs of real persons."""

import shutil
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tests.support.photographs import bus_photograph, in_standard_frame
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.tracking.detections import DETECTION_FLOOR, FrameDetections
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.inference.device import (
    Precision,
    choose_device,
    choose_precision,
    cpu_has_bfloat16,
    multiplies_bfloat16_faster,
)
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
from videoprep_nb.tracking.detectors.inference.output import read_outputs
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights
from videoprep_nb.tracking.detectors.yolo import YoloDetector

# The four persons of bus.jpg (810 x 1080) as a person would draw them; the fourth is cut by the left border.
BUS_PERSONS_XYXY = np.array(
    [[50, 400, 245, 903], [669, 392, 810, 877], [222, 408, 345, 857], [0, 552, 66, 874]], dtype=np.float64
)
YOLO_FORM = NetworkForm("yolo", (0,))


@cache
def detector(image_size: int = 640, device: str = "cpu", precision: str = "float32") -> YoloDetector:
    return YoloDetector(YoloOptions(image_size=image_size, device=device, precision=precision))


def detect(using: YoloDetector, frames: Iterable[np.ndarray]) -> list[FrameDetections]:
    """Detections in frames of one size."""
    whole = list(frames)
    height, width = whole[0].shape[:2]
    return using.detect(iter(whole), range(len(whole)), width, height)


def recall(truth_xyxy: np.ndarray, found: FrameDetections) -> float:
    iou = iou_matrix(truth_xyxy, found.boxes_xyxy.astype(np.float64))
    pairs = linear_sum_assignment(iou, maximize=True)
    return float((iou[pairs] >= 0.5).sum() / len(truth_xyxy))


def test_persons_of_the_bus_photograph() -> None:
    frame, scale, left = in_standard_frame(bus_photograph())
    found = detect(detector(), [frame])[0].above(0.25)
    assert 3 <= len(found) <= 5
    truth_xyxy = BUS_PERSONS_XYXY * scale + [left, 0, left, 0]
    iou = iou_matrix(truth_xyxy, found.boxes_xyxy.astype(np.float64)).max(axis=1)
    assert (iou[:3] > 0.75).all()
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_a_frame_that_was_scaled_by_the_reader() -> None:
    frame, _, _ = in_standard_frame(bus_photograph())
    size = detector().input_size(1280, 720)
    assert size == (640, 360)
    scaled = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    whole, small = detector().detect([frame, scaled], [0, 1], 1280, 720)
    assert np.array_equal(whole.boxes_xyxy, small.boxes_xyxy)


def test_a_batch_keeps_its_order_and_gives_the_same_again() -> None:
    frame, _, _ = in_standard_frame(bus_photograph())
    frames = [np.roll(frame, 7 * shift, axis=1) if shift % 3 else np.zeros_like(frame) for shift in range(12)]
    first = detect(detector(), frames)
    assert [len(found) == 0 for found in first] == [shift % 3 == 0 for shift in range(12)]
    for _ in range(3):
        for before, after in zip(first, detect(detector(), iter(frames)), strict=True):
            assert np.array_equal(before.boxes_xyxy, after.boxes_xyxy)
            assert np.array_equal(before.scores, after.scores)
    for frame, found in zip(frames, first, strict=True):
        alone = detect(detector(), [frame])[0]
        assert np.array_equal(alone.boxes_xyxy, found.boxes_xyxy)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sequence", "image_size", "least_recall"),
    [
        pytest.param("MOT17-04-FRCNN", 640, 0.2, id="crowd-from-afar"),
        pytest.param("MOT17-04-FRCNN", 1920, 0.5, id="crowd-from-afar-large"),
        pytest.param("MOT17-09-FRCNN", 640, 0.45, id="persons-close-by"),
    ],
)
def test_recall_in_real_crowds(shared_data: Path, sequence: str, image_size: int, least_recall: float) -> None:
    folder = shared_data / "mot17_images" / sequence
    rows = np.loadtxt(folder / "gt" / "gt.txt", delimiter=",")
    # considered, a pedestrian, and at least a third of it in sight
    rows = rows[(rows[:, 6] == 1) & (rows[:, 7] == 1) & (rows[:, 8] >= 0.33)]
    recalls = []
    for number, path in enumerate(sorted((folder / "img1").glob("*.jpg")), start=1):
        frame = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        found = detect(detector(image_size), [frame])[0].above(0.25)
        corners = rows[rows[:, 0] == number, 2:4] - 1
        truth_xyxy = np.hstack([corners, corners + rows[rows[:, 0] == number, 4:6]])
        recalls.append(recall(truth_xyxy, found))
        assert (found.boxes_xyxy >= 0).all()
        assert (found.boxes_xyxy <= [1920, 1080, 1920, 1080]).all()
    assert np.mean(recalls) >= least_recall


@pytest.mark.parametrize(
    ("words", "is_faster"),
    [
        pytest.param("GenuineIntel avx512f avx512_bf16 amx_bf16", True, id="xeon"),
        pytest.param("GenuineIntel avx512f avx512_bf16", False, id="xeon-in-a-machine-that-hides-amx"),
        pytest.param("AuthenticAMD avx512f avx512_bf16", True, id="epyc"),
        pytest.param("GenuineIntel avx512f", False, id="neither"),
    ],
)
def test_bfloat16_is_used_where_it_is_faster(words: str, is_faster: bool) -> None:
    assert multiplies_bfloat16_faster(words.split()) is is_faster


@pytest.mark.skipif(not cpu_has_bfloat16(), reason="this processor has no bf16")
def test_half_precision_finds_the_same_persons() -> None:
    frame, _, _ = in_standard_frame(bus_photograph())
    found = [detect(detector(precision=name), [frame])[0].above(0.3) for name in ("float32", "half")]
    assert len(found[0]) == len(found[1])
    assert iou_matrix(found[0].boxes_xyxy, found[1].boxes_xyxy).max(axis=1).min() > 0.9


@pytest.mark.exhaustive
@pytest.mark.slow
def test_int8_finds_the_same_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nncf", reason="INT8 needs nncf")
    monkeypatch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path))
    frame, _, _ = in_standard_frame(bus_photograph())
    found = detect(YoloDetector(YoloOptions(device="cpu", precision="int8")), [frame])[0].above(0.3)
    exact = detect(detector(), [frame])[0].above(0.4)
    assert iou_matrix(exact.boxes_xyxy, found.boxes_xyxy).max(axis=1).min() > 0.8
    files = {path.name for path in (tmp_path / "openvino").iterdir()}
    assert len(files) == 4
    assert sum("int8" in name for name in files) == 2
    again = detect(YoloDetector(YoloOptions(device="cpu", precision="int8")), [frame])[0].above(0.3)
    assert np.array_equal(again.boxes_xyxy, found.boxes_xyxy)
    assert {path.name for path in (tmp_path / "openvino").iterdir()} == files


def test_int8_is_for_processors() -> None:
    with pytest.raises(ParameterError, match="cpu"):
        choose_precision("int8", "cuda")


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "px", "score"), [("float32", 0.05, 1e-3), ("float16", 2.0, 0.02)])
def test_torch_gives_the_same_boxes_as_openvino(precision: Precision, px: float, score: float) -> None:
    """On the processor, which runs the very code of a GPU, half precision too; only slowly."""
    from videoprep_nb.tracking.detectors.inference.torch_network import TorchNetwork

    frame, _, _ = in_standard_frame(bus_photograph())
    letterbox = Letterbox.fit(1280, 720, 640)
    network = TorchNetwork(resolve_weights("yolov8n"), "cpu", precision)
    read = partial(read_outputs, form=network.form, letterbox=letterbox, nms_iou=0.7)
    by_torch = network.run([frame] * 2, letterbox, read)
    by_openvino = detect(detector(), [frame])[0].above(0.3)
    for found in by_torch:
        assert found.above(0.3).boxes_xyxy == pytest.approx(by_openvino.boxes_xyxy, abs=px)
        assert found.above(0.3).scores == pytest.approx(by_openvino.scores, abs=score)


@pytest.mark.gpu
def test_cuda_finds_the_same_persons() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    frame, _, _ = in_standard_frame(bus_photograph())
    by_cuda = detect(detector(device="cuda", precision="half"), [frame] * 3)
    by_cpu = detect(detector(), [frame])[0].above(0.3)
    for found in by_cuda:
        assert iou_matrix(by_cpu.boxes_xyxy, found.boxes_xyxy).max(axis=1).min() > 0.9


def test_a_file_that_is_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match=r"broken\.pt"):
        detect(YoloDetector(YoloOptions(weights=str(path), device="cpu")), [np.zeros((360, 640, 3), np.uint8)])


def test_nothing_is_written_beside_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOPREP_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "weights"
    folder.mkdir()
    shutil.copyfile(resolve_weights("yolov8n").path, folder / "mine.pt")
    frame, _, _ = in_standard_frame(bus_photograph())
    found = detect(YoloDetector(YoloOptions(weights=str(folder / "mine.pt"), device="cpu")), [frame])
    assert len(found[0].above(0.25)) >= 3
    assert [path.name for path in folder.iterdir()] == ["mine.pt"]
    exported = sorted(path.suffix for path in (tmp_path / "cache" / "openvino").iterdir())
    assert exported == [".bin", ".xml"]


@pytest.mark.parametrize(
    ("size", "image_size", "scaled", "padded"),
    [
        pytest.param((1280, 720), 640, (640, 360), (640, 384), id="16-to-9"),
        pytest.param((720, 1280), 640, (360, 640), (384, 640), id="upright"),
        pytest.param((640, 640), 640, (640, 640), (640, 640), id="square"),
        pytest.param((320, 180), 640, (640, 360), (640, 384), id="enlarged"),
        pytest.param((4000, 16), 640, (640, 2), (640, 32), id="strip"),
    ],
)
def test_letterbox(size: tuple[int, int], image_size: int, scaled: tuple[int, int], padded: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(*size, image_size)
    assert (letterbox.scaled_width, letterbox.scaled_height) == scaled
    canvas = np.zeros((padded[1], padded[0], 3), np.uint8)
    letterbox.draw(np.full((size[1], size[0], 3), 255, np.uint8), canvas)
    inside = canvas[letterbox.top : letterbox.top + scaled[1], letterbox.left : letterbox.left + scaled[0]]
    assert inside.shape == (scaled[1], scaled[0], 3)
    assert (inside == 255).all()
    assert (canvas == 114).sum() == canvas.size - inside.size
    corners = [letterbox.left, letterbox.top, letterbox.left + scaled[0], letterbox.top + scaled[1]]
    assert letterbox.to_frame(np.array([corners], dtype=np.float32))[0] == pytest.approx([0, 0, *size])


@pytest.mark.parametrize(
    ("options", "corners", "size"),
    [
        pytest.param({"stride_px": 64}, [240, 0, 400, 360], (640, 384), id="coarse-grid"),
        pytest.param({"placing": "stretched"}, [240, 0, 400, 640], (640, 640), id="stretched"),
        pytest.param({"placing": "upper_left"}, [240, 0, 400, 360], (640, 384), id="upper-left"),
        pytest.param({"input_size": (320, 320)}, [120, 70, 200, 250], (320, 320), id="input-of-one-size"),
        pytest.param(
            {"input_size": (320, 416), "placing": "stretched"}, [120, 0, 200, 416], (320, 416), id="stretched-to-it"
        ),
    ],
)
def test_letterbox_of_other_networks(options: dict[str, object], corners: list[float], size: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(1280, 720, 640, **options)
    assert (letterbox.input_width, letterbox.input_height) == size
    bars = np.array([0, 12, 0, 12]) if options.keys() == {"stride_px"} else 0
    found = letterbox.to_frame(np.array([corners], dtype=np.float32) + bars)
    assert found[0] == pytest.approx([480, 0, 800, 720], abs=1e-3)


def test_read_outputs_takes_the_stronger_of_two_boxes() -> None:
    letterbox = Letterbox.fit(1280, 720, 640)
    candidates = [  # centre x, centre y, width, height, score
        [100, 112, 40, 100, 0.6],
        [102, 112, 40, 100, 0.9],
        [300, 112, 40, 100, 0.3],
        [500, 112, 40, 100, DETECTION_FLOOR / 2],
        [600, 4, 40, 6, 0.9],  # in the bar
    ]
    found = read_outputs([np.array(candidates, dtype=np.float32).T], YOLO_FORM, letterbox, nms_iou=0.7)
    assert found.boxes_xyxy.tolist() == [[164, 100, 244, 300], [560, 100, 640, 300]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.3])
    assert len(read_outputs([np.zeros((5, 0), np.float32)], YOLO_FORM, letterbox, nms_iou=0.7)) == 0


def test_read_outputs_merges_classes_by_their_greatest_score() -> None:
    letterbox = Letterbox.fit(1280, 720, 640)
    candidates = [  # centre x, centre y, width, height, score as one class, as another
        [100, 112, 40, 100, 0.6, 0.2],
        [102, 112, 40, 100, 0.1, 0.7],
        [300, 112, 40, 100, 0.0, 0.3],
    ]
    form = NetworkForm("yolo", (0, 1))
    found = read_outputs([np.array(candidates, dtype=np.float32).T], form, letterbox, nms_iou=0.7)
    assert found.boxes_xyxy.tolist() == [[164, 100, 244, 300], [560, 100, 640, 300]]
    assert found.scores.tolist() == pytest.approx([0.7, 0.3])


def test_classes_that_are_asked_for_count_as_persons() -> None:
    frame, _, _ = in_standard_frame(bus_photograph())
    named = YoloDetector(YoloOptions(device="cpu", precision="float32", person_classes=["Bus", "person"]))
    merged = detect(named, [frame])[0].above(0.5)
    persons = detect(detector(), [frame])[0].above(0.5)
    assert len(merged) == len(persons) + 1, "the bus"
    assert iou_matrix(persons.boxes_xyxy, merged.boxes_xyxy).max(axis=1).min() > 0.99


def test_cuda_that_is_not_there() -> None:
    if choose_device("auto") == "cuda":
        pytest.skip("there is a CUDA device")
    with pytest.raises(ParameterError, match="CUDA"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("requested", "device", "expected"),
    [("float32", "cuda", "float32"), ("half", "cuda", "float16"), ("float32", "cpu", "float32")],
)
def test_precision(requested: str, device: str, expected: str) -> None:
    assert choose_precision(requested, device) == expected
