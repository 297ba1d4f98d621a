"""What every detector must do, and that wrong names and options are reported."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.photographs import bus_in_standard_frame
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.detectors import (
    DETECTION_FLOOR,
    DETECTORS,
    Detector,
    DetectorOptions,
    FrameDetections,
    RgbFrame,
    create_detector,
)

WIDTH, HEIGHT = 1280, 720
PERSONS_IN = 4  # the first frames of the scene show persons, the others nobody


class Blobs(Detector):
    """Finds bright columns; a detector without anything to load, as a plugin may bring it."""

    name = "blobs"

    def detect(self, frames, frame_indices, width, height):
        found = []
        for frame in frames:
            columns = np.flatnonzero(frame.mean(axis=(0, 2)) > 20)
            box = [[columns[0] * width / frame.shape[1], 0, width, height]] if len(columns) else []
            found.append(FrameDetections(np.array(box, np.float32).reshape(-1, 4), np.full(len(box), 0.9, np.float32)))
        return found


@dataclass(frozen=True)
class Case:
    """A detector on a scene of which it knows the persons, and options that make a difference.

    Args:
        create: Makes it; the texts come after those that it needs.
        changes: Options of which each one may change the boxes.
    """

    create: Callable[[list[str]], Detector]
    changes: list[str] = field(default_factory=list)


def write_boxes(path: Path, height: float) -> Path:
    rows = [f"{frame + 1},-1,{101 + frame},101,60,{height},0.9" for frame in range(PERSONS_IN)]
    rows += [f"1,-1,300,300,50,90,{score}" for score in (0.01, 0.06)]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture(params=[*DETECTORS, "blobs"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "precomputed":
        file, other = write_boxes(tmp_path / "a.txt", 180), write_boxes(tmp_path / "b.txt", 190)
        return Case(
            lambda texts: create_detector("precomputed", [f"detections_file:{file}", *texts]),
            [f"detections_file:{other}"],
        )
    if request.param == "yolo":
        needed = ["device:cpu", "precision:float32", "image_size:320"]
        changes = ["image_size:640", "tiles:2", "nms_iou:0.5", "person_classes:person,bus"]
        return Case(lambda texts: create_detector("yolo", [*needed, *texts]), changes)
    if request.param == "blobs":
        return Case(lambda texts: Blobs(), [])
    pytest.fail(f"a case for the detector {request.param} is missing here")


def scene(size: tuple[int, int], count: int = 6) -> list[RgbFrame]:
    photograph = cv2.resize(bus_in_standard_frame(), size, interpolation=cv2.INTER_AREA)
    return [photograph if index < PERSONS_IN else np.zeros_like(photograph) for index in range(count)]


def detect(detector: Detector, batch: int, count: int = 6) -> list[FrameDetections]:
    """Detect in batches, in frames of the size that the detector asks for."""
    frames = scene(detector.input_size(WIDTH, HEIGHT), count)
    found: list[FrameDetections] = []
    for begin in range(0, count, batch):
        indices = range(begin, min(begin + batch, count))
        found += detector.detect(iter(frames[begin : begin + batch]), indices, WIDTH, HEIGHT)
    return found


def test_boxes_are_pixels_of_the_video(case: Case) -> None:
    detector = case.create([])
    found = detect(detector, batch=6)
    assert [len(frame) > 0 for frame in found] == [index < PERSONS_IN for index in range(6)]
    for frame in found:
        assert frame.boxes_xyxy.shape == (len(frame), 4)
        assert frame.boxes_xyxy.dtype == frame.scores.dtype == np.float32
        assert (frame.boxes_xyxy[:, 2:] > frame.boxes_xyxy[:, :2]).all()
        assert (frame.boxes_xyxy >= 0).all()
        assert (frame.boxes_xyxy <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
        assert ((frame.scores >= DETECTION_FLOOR) & (frame.scores <= 1)).all()
    tallest = max((frame.boxes_xyxy[:, 3] - frame.boxes_xyxy[:, 1]).max() for frame in found[:PERSONS_IN])
    assert tallest > HEIGHT / 5, "in pixels of the video, not of the network's input"


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_batches_make_no_difference(case: Case, batch: int) -> None:
    detector = case.create([])
    for one, other in zip(detect(detector, batch), detect(case.create([]), 6), strict=True):
        assert np.array_equal(one.boxes_xyxy, other.boxes_xyxy)
        assert np.array_equal(one.scores, other.scores)


def test_frames_one_after_the_other_make_no_difference(case: Case) -> None:
    detector = case.create([])
    frames = scene(detector.input_size(WIDTH, HEIGHT))
    whole = detect(detector, 6)
    left_alone = detector.detect_each(iter(frames), range(6), WIDTH, HEIGHT)
    next(left_alone)
    del left_alone  # while later frames are in work
    found = list(detector.detect_each(iter(frames), iter(range(6)), WIDTH, HEIGHT))
    for one, other in zip(found, whole, strict=True):
        assert np.array_equal(one.boxes_xyxy, other.boxes_xyxy)
        assert np.array_equal(one.scores, other.scores)


def test_frames_are_read_or_not_as_declared(case: Case) -> None:
    detector = case.create([])
    frames = iter(scene(detector.input_size(WIDTH, HEIGHT), 2))
    detector.detect(frames, [0, 1], WIDTH, HEIGHT)
    assert (next(frames, None) is None) == detector.reads_frames


def test_no_frames(case: Case) -> None:
    assert case.create([]).detect(iter([]), [], WIDTH, HEIGHT) == []


def test_fingerprint_follows_the_options(case: Case) -> None:
    detector = case.create([])
    assert detector.fingerprint == case.create([]).fingerprint
    prints = {detector.fingerprint, *(case.create([text]).fingerprint for text in case.changes)}
    assert len(prints) == 1 + len(case.changes)


def test_facts_for_people_and_estimates(case: Case) -> None:
    detector = case.create([])
    assert detector.batch_size >= 1
    assert detector.cost >= 0
    assert detector.description
    assert "\n" not in detector.description
    assert detector.image_size is None or detector.image_size > 0
    assert all(side > 0 and side % 2 == 0 for side in detector.input_size(WIDTH, HEIGHT))
    detector.find_weights()
    assert issubclass(type(detector).options_type, DetectorOptions)
    assert type(detector).__doc__


def test_the_default_fingerprint_holds_name_version_and_options() -> None:
    class Optional(Blobs):
        name = "optional"
        options_type = type(create_detector("yolo").options)

    one = Optional()
    other = Optional(one.options.model_copy(update={"tiles": 2}))
    assert one.fingerprint.startswith("optional 1 ")
    assert one.fingerprint != other.fingerprint
    Optional.version = 2
    assert one.fingerprint.startswith("optional 2 ")


def test_a_detector_that_needs_weights_finds_them() -> None:
    class Forgetful(Blobs):
        name = "forgetful"
        needs_weights = True

    with pytest.raises(NotImplementedError, match="Forgetful"):
        Forgetful().find_weights()


@pytest.mark.parametrize(
    ("image_size", "tiles", "cost"), [(640, 1, 1.0), (1280, 1, 4.0), (640, 2, 5.0), (320, 3, 2.5)], ids=str
)
def test_cost_of_yolo(image_size: int, tiles: int, cost: float) -> None:
    assert create_detector("yolo", [f"image_size:{image_size}", f"tiles:{tiles}"]).cost == cost


def test_precomputed_costs_nothing(tmp_path: Path) -> None:
    assert create_detector("precomputed", [f"detections_file:{tmp_path / 'not-yet.txt'}"]).cost == 0


@pytest.mark.parametrize(
    ("name", "options", "field", "hint"),
    [
        pytest.param("yollo", [], "detector", "did you mean yolo?", id="near-name"),
        pytest.param("xyz", [], "detector", "known are precomputed, yolo", id="far-name"),
        pytest.param("yolo", ["tile:2"], "detector_options", "tiles", id="near-option"),
        pytest.param("yolo", ["tiles:many"], "detector_options", "tiles: got 'many'", id="no-number"),
        pytest.param("yolo", ["tiles:9"], "detector_options", "4", id="out-of-range"),
        pytest.param("yolo", ["tiles"], "detector_options", "name:value", id="no-value"),
        pytest.param("precomputed", [], "detector_options", "file", id="no-file"),
    ],
)
def test_wrong_names_and_options(name: str, options: list[str], field: str, hint: str) -> None:
    with pytest.raises(ParameterError) as caught:
        create_detector(name, options)
    assert caught.value.field == field
    assert hint in caught.value.reason


LISTED = """
import json, sys
from videoprep_nb.tracking.detectors import DETECTORS, create_detector
for detector in DETECTORS.values():
    detector.options_type.model_json_schema()
detector = create_detector("yolo", ["tiles:2"])
heavy = {"torch", "cv2", "ultralytics", "openvino"}
print(json.dumps([list(DETECTORS), detector.cost, sorted(heavy & set(sys.modules))]))
"""


def test_listing_and_estimating_load_nothing_heavy() -> None:
    process = subprocess.run([sys.executable, "-c", LISTED], capture_output=True, text=True, check=True)
    assert json.loads(process.stdout) == [["precomputed", "yolo"], 5.0, []]
