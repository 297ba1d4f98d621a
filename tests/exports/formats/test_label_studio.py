"""Label Studio, expanded by its own rule."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.support.label_studio import expand
from tests.support.walking_scene import CLIPS, HEIGHT, RATE, SECONDS, WIDTH, rows_of, write_walking_scene
from videoprep_nb.core.boxes import iou_of_pairs
from videoprep_nb.exports.formats.label_studio import LabelStudioExporter, LabelStudioOptions
from videoprep_nb.exports.result import Result

LABELS = "[{label: person, attributes: {action: [walk, 'sit & talk']}}, {label: bag}]"


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return write_walking_scene(tmp_path / "job")


def export(result: Result, folder: Path, **options: Any) -> Path:
    folder.mkdir()
    LabelStudioExporter(LabelStudioOptions(labels=LABELS, **options)).write(result, folder)
    return folder


@pytest.mark.parametrize("keyframe_iou", [0.9, 1])
def test_every_box_comes_back_and_no_other(keyframe_iou: float, result: Result, tmp_path: Path) -> None:
    tasks = json.loads((export(result, tmp_path / "ls", keyframe_iou=keyframe_iou) / "tasks.json").read_text())
    assert [task["data"]["clip"] for task in tasks] == list(CLIPS)
    written = 0
    for task in tasks:
        expected: dict[int, dict[int, list[float]]] = {}
        for index, track_id, box, _ in rows_of(task["data"]["clip"]):
            expected.setdefault(track_id, {})[index + 1] = box
        regions = task["predictions"][0]["result"]
        assert [region["meta"]["text"] for region in regions] == [[f"track_id {track}"] for track in expected]
        for region, boxes in zip(regions, expected.values(), strict=True):
            assert (region["value"]["framesCount"], region["value"]["duration"]) == (RATE * SECONDS, SECONDS)
            found = expand(region)
            assert found.keys() == boxes.keys()
            sides = np.array([found[frame] for frame in boxes]) / 100 * [WIDTH, HEIGHT, WIDTH, HEIGHT]
            corners = np.hstack([sides[:, :2], sides[:, :2] + sides[:, 2:]])
            as_written = np.round(list(boxes.values()), 2)
            assert iou_of_pairs(corners, as_written).min() >= keyframe_iou - 1e-9
            written += len(region["value"]["sequence"])
    total = sum(1 for clip in CLIPS for _ in rows_of(clip))
    assert written == total if keyframe_iou == 1 else written < total / 3


def test_clips_lie_where_the_tasks_say(result: Result, tmp_path: Path) -> None:
    folder = export(result, tmp_path / "ls", video_url="https://videos.example/")
    for task in json.loads((folder / "tasks.json").read_text()):
        name = task["data"]["video"].removeprefix("https://videos.example/")
        with av.open(str(folder / "clips" / name)) as video:
            assert sum(1 for _ in video.decode(video=0)) == RATE * SECONDS
        assert task["data"]["fps"] == RATE


def test_labels_and_choices_of_the_project(result: Result, tmp_path: Path) -> None:
    text = (export(result, tmp_path / "ls") / "labeling_config.xml").read_text()
    config = ET.fromstring(text)
    assert [label.get("value") for label in config.iter("Label")] == ["person", "bag"]
    assert [choice.get("value") for choice in config.iter("Choice")] == ["walk", "sit & talk"]  # no "not labelled"
    assert {"box", "video"} <= {element.get("name") for element in config.iter()}
