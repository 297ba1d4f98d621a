"""Formats of boxes on single frames, read back by datumaro and ultralytics."""

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.walking_scene import CLIPS, HEIGHT, SECONDS, WIDTH, write_walking_scene
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.formats.frames_folders import FramesFoldersExporter
from videoprep_nb.exports.labels import DEFAULT_LABELS
from videoprep_nb.exports.registry import EXPORTERS
from videoprep_nb.exports.result import Result

MAX_DIFFERENCE_PX = 0.01

Boxes = dict[int | None, list[float]]
"""Track id → x1 y1 x2 y2."""


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return write_walking_scene(tmp_path / "job")


def export(name: str, result: Result, folder: Path, **options: Any) -> Path:
    exporter: Exporter = EXPORTERS[name](EXPORTERS[name].options_type(**options))
    target = folder / exporter.file_name
    (target if exporter.writes_folder else folder).mkdir(parents=True)
    exporter.write(result, target)
    return target


def written(result: Result) -> dict[str, Boxes]:
    return {
        name: {int(box[5]): box[:4] for box in boxes}
        for frames in result.proposals.values()
        for name, boxes in frames.items()
    }


def read_with_datumaro(folder: Path, data_format: str) -> Mapping[str, tuple[Boxes, Any]]:
    """Id of an item → its boxes by track id, and its size."""
    from datumaro.components.dataset import Dataset

    dataset = Dataset.import_from(str(folder), data_format)
    items = {}
    for item in dataset:
        boxes = {each.attributes["track_id"]: each.points for each in item.annotations}
        assert len(boxes) == len(item.annotations)
        assert {dataset.categories()[_label_type()].items[each.label].name for each in item.annotations} <= {"person"}
        items[item.id] = (boxes, item.media.size if item.media else None)
    return items


def _label_type() -> Any:
    from datumaro.components.annotation import AnnotationType

    return AnnotationType.label


def read_coco(path: Path) -> dict[str, Boxes]:
    (path.parent / "annotations").mkdir()
    shutil.move(path, path.parent / "annotations" / "instances_default.json")
    items = read_with_datumaro(path.parent, "coco")
    assert {size for _, size in items.values()} == {(HEIGHT, WIDTH)}
    return {f"{name}.jpg": boxes for name, (boxes, _) in items.items()}


def read_datumaro(path: Path) -> dict[str, Boxes]:
    return {f"{name}.jpg": boxes for name, (boxes, _) in read_with_datumaro(path, "datumaro").items()}


def read_mot(path: Path) -> dict[str, Boxes]:
    frames = {}
    for clip in CLIPS:
        items = read_with_datumaro(path / clip, "mot_seq")
        assert sorted(items) == [str(number) for number in range(1, SECONDS + 1)]
        assert {size for _, size in items.values()} == {(HEIGHT, WIDTH)}
        for number, (boxes, _) in items.items():
            frames[f"{clip}_frame_{int(number) - 1:04d}.jpg"] = boxes
    return frames


@pytest.mark.parametrize(
    ("name", "read"),
    [("coco", read_coco), ("mot", read_mot), ("datumaro", read_datumaro)],
    ids=["coco", "mot", "datumaro"],
)
def test_datumaro_reads_the_same_frames_boxes_and_ids(
    name: str, read: Callable[[Path], dict[str, Boxes]], result: Result, tmp_path: Path
) -> None:
    frames, expected = read(export(name, result, tmp_path / "out")), written(result)
    assert frames.keys() == expected.keys()
    for frame, boxes in expected.items():
        assert frames[frame].keys() == boxes.keys()
        for track_id, box in boxes.items():
            assert np.abs(np.array(frames[frame][track_id]) - box).max() <= MAX_DIFFERENCE_PX


def test_coco_has_what_cvat_makes_tracks_from(result: Result, tmp_path: Path) -> None:
    annotations = json.loads(export("coco", result, tmp_path / "out").read_text())["annotations"]
    flags = {"keyframe": True, "occluded": False, "outside": False}
    ids = [int(box[5]) for clip in result.proposals.values() for boxes in clip.values() for box in boxes]
    assert [annotation["attributes"] for annotation in annotations] == [{"track_id": each, **flags} for each in ids]


@pytest.mark.parametrize("labels", [DEFAULT_LABELS, "[{label: 'a: b'}, {label: bag}]"], ids=["person", "colon"])
def test_ultralytics_reads_the_same_frames_and_boxes(labels: str, result: Result, tmp_path: Path) -> None:
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    folder = export("yolo", result, tmp_path / "out", labels=labels)
    data = check_det_dataset(str(folder / "data.yaml"), autodownload=False)
    assert list(data["names"].values()) == (["person"] if labels == DEFAULT_LABELS else ["a: b", "bag"])
    dataset = YOLODataset(img_path=data["train"], data=data, task="detect", augment=False)
    expected = written(result)
    assert {Path(label["im_file"]).name for label in dataset.labels} == set(expected)
    for label in dataset.labels:
        boxes = np.array(list(expected[Path(label["im_file"]).name].values())).reshape(-1, 4)
        centres = label["bboxes"] * [WIDTH, HEIGHT, WIDTH, HEIGHT]
        corners = np.hstack([centres[:, :2] - centres[:, 2:] / 2, centres[:, :2] + centres[:, 2:] / 2])
        assert corners.shape == boxes.shape
        assert np.abs(corners - boxes).max(initial=0) <= MAX_DIFFERENCE_PX
        assert (label["cls"] == 0).all()


@pytest.mark.parametrize(("name", "images"), [("mot", "*/img1/*.jpg"), ("yolo", "images/*/*.jpg")])
def test_frames_are_those_of_the_package_or_left_out(name: str, images: str, result: Result, tmp_path: Path) -> None:
    copied = sorted(export(name, result, tmp_path / "with").glob(images))
    assert [path.read_bytes() for path in copied] == [
        result.read_frame(clip, frame) for clip, frames in result.proposals.items() for frame in frames
    ]
    assert Image.open(copied[0]).size == (WIDTH, HEIGHT)
    without = export(name, result, tmp_path / "without", frames=False)
    assert list(without.rglob("*.jpg")) == []
    assert list(without.rglob("*.txt"))


def test_folders_of_frames(result: Result, tmp_path: Path) -> None:
    FramesFoldersExporter().write(result, tmp_path / "frames.zip")
    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{clip}/{name}" for clip, frames in result.proposals.items() for name in frames]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        for info in archive.infolist():
            assert archive.read(info) == result.read_frame(*info.filename.split("/"))
