"""Detectors that other packages bring, in the real stage; the example in docs/detectors.md is one of them."""

import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.clip_tables import write_table_of_one_clip
from tests.support.plugin_packages import code_blocks, install, run_python, videoprep
from tests.support.synthetic import write_video

GROUP = "videoprep.detectors"
WIDTH, HEIGHT, RATE, FRAME_COUNT = 320, 180, 10, 20
CLIP = "1_clip_000"

RUN_STAGE = """
import json, sys
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.stage import track_persons
params = TrackPersonsParams.checked(json.loads(sys.argv[1]))
result = track_persons(params, lambda *progress: None)
detector = params.create_detector()
facts = {"cost": detector.cost, "image_size": detector.image_size}
print(json.dumps(facts | {"detector": result.detector, "cached": result.cached_clip_count}))
"""


def persons(index: int) -> list[tuple[int, int, int, int]]:
    """Two warm persons who walk, the second one less warm."""
    return [(20 + 4 * index, 40, 50 + 4 * index, 120), (240 - 4 * index, 130, 262 - 4 * index, 176)]


def thermal_frames() -> Iterator[np.ndarray]:
    for index in range(FRAME_COUNT):
        frame = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
        for (x1, y1, x2, y2), brightness in zip(persons(index), (250, 190), strict=True):
            frame[y1:y2, x1:x2] = brightness
        yield frame


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips" / "1"
    folder.mkdir(parents=True)
    write_video(folder / f"{CLIP}.mp4", thermal_frames(), Fraction(RATE))
    write_table_of_one_clip(folder, CLIP, FRAME_COUNT, RATE, (WIDTH, HEIGHT))
    return tmp_path


def run_stage(folder: Path, **values: Any) -> subprocess.CompletedProcess[str]:
    folders = {name: str(folder / name.removesuffix("_dir")) for name in ("clips_dir", "output_dir", "detections_dir")}
    params = folders | {"confidence": 0.05, "smooth": False} | values
    return run_python(folder / "plugins", "-c", RUN_STAGE, json.dumps(params))


def boxes_of(folder: Path) -> dict[int, list[list[float]]]:
    rows = json.loads((folder / "output" / "1" / f"{CLIP}.json").read_text(encoding="utf-8"))
    found: dict[int, list[list[float]]] = {index: [] for index in range(FRAME_COUNT)}
    for row in rows:
        found[row["frame_index"]].append(row["bbox"])
    return found


def assert_boxes_are(found: dict[int, list[list[float]]], person_count: int) -> None:
    for index, boxes in found.items():
        expected = persons(index)[:person_count]
        assert np.array(sorted(boxes)) == pytest.approx(np.array(sorted(expected)), abs=1.5), index


@pytest.mark.exhaustive
def test_the_example_of_the_guide(clips: Path) -> None:
    [code] = code_blocks("detectors.md", "python")
    [toml] = code_blocks("detectors.md", "toml")
    [entry_point] = [line for line in toml.splitlines() if "=" in line]
    plugins = clips / "plugins"
    plugins.mkdir()
    install(plugins, GROUP, "warm_detector", code, entry_point.replace('"', ""))

    process = run_stage(clips, detector="warm")
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == {"cost": 1.0, "image_size": None, "detector": "warm", "cached": 0}
    assert_boxes_are(boxes_of(clips), person_count=1)

    again = run_stage(clips, detector="warm", tracker="sort")
    assert json.loads(again.stdout)["cached"] == 1

    cooler = run_stage(clips, detector="warm", detector_options=["threshold:120"])
    assert json.loads(cooler.stdout)["cached"] == 0, "other options, other detections"
    assert_boxes_are(boxes_of(clips), person_count=2)

    listed = videoprep(plugins, "detectors")
    assert "Warm: bright blobs" in listed.stdout
    assert "threshold" in videoprep(plugins, "detectors", "warm").stdout


BROKEN = "raise ImportError('no_such_library')"

SIZED = """
from pydantic import Field
from videoprep_nb.tracking.detectors import Detector, DetectorOptions, FrameDetections

class SizedOptions(DetectorOptions):
    image_size: int = Field(512, ge=64, le=1024, description="longer side")
    checkpoint: str = Field(description="file")

class Sized(Detector):
    "Sized."
    name, options_type = "sized", SizedOptions

    @property
    def image_size(self):
        return self.options.image_size

    def detect(self, frames, frame_indices, width, height):
        return [FrameDetections.empty() for frame in frames]
"""


@pytest.mark.parametrize(
    ("values", "image_size"), [({}, 512), ({"image_size": 960}, 960)], ids=["own default", "parameter of the stage"]
)
def test_options_by_the_name_of_a_parameter(clips: Path, values: dict[str, Any], image_size: int) -> None:
    (clips / "plugins").mkdir()
    install(clips / "plugins", GROUP, "sized_detector", SIZED, "sized = sized_detector")
    process = run_stage(clips, detector="sized", detector_options=["checkpoint:a.onnx"], **values)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["image_size"] == image_size


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"detector": "size"}, "detector: unknown detector 'size'; did you mean sized?", id="near-name"),
        pytest.param({"detector": "broken"}, "detector: the plugin 'broken' (broken_detector)", id="broken"),
        pytest.param({"detector": "sized"}, "detector_options: checkpoint: it must be set", id="missing"),
        pytest.param(
            {"detector": "sized", "detector_options": ["checkpiont:a"]}, "did you mean checkpoint?", id="near-option"
        ),
        pytest.param(
            {"detector": "sized", "detector_options": ["checkpoint:a"], "image_size": 2048},
            "image_size: got 2048",
            id="range-of-the-detector",
        ),
        pytest.param(
            {"detector": "sized", "detector_options": ["checkpoint:a", "image_size:800"]},
            "detector_options: got 'image_size:800', but image_size is a parameter itself",
            id="parameter-as-option",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(clips: Path, values: dict[str, Any], message: str) -> None:
    (clips / "plugins").mkdir()
    install(clips / "plugins", GROUP, "sized_detector", SIZED, "sized = sized_detector")
    install(clips / "plugins", GROUP, "broken_detector", BROKEN, "broken = broken_detector")
    process = run_stage(clips, **values)
    assert process.returncode == 1
    last_line = process.stderr.strip().splitlines()[-1]
    assert "ParameterError" in last_line
    assert message in last_line
    assert not (clips / "output").exists()


def test_a_broken_plugin_does_not_disturb_the_others(tmp_path: Path) -> None:
    install(tmp_path, GROUP, "broken_detector", BROKEN, "broken = broken_detector")
    install(tmp_path, GROUP, "taken_detector", SIZED.replace('"sized"', '"yolo"'), "yolo = taken_detector:Sized")
    listed = videoprep(tmp_path, "detectors")
    assert listed.returncode == 0
    assert "YOLO, RT-DETR, YOLO-World and YOLOE of ultralytics" in " ".join(listed.stdout.split())
    assert "no_such_library" in listed.stderr
    assert "another detector has that name" in listed.stderr
