"""``videoprep evaluate-detector``: detectors side by side on images of one's own."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import Result

from tests.support.command_line import videoprep
from tests.support.mot_files import write_rows
from tests.support.photographs import bus_photograph
from videoprep_nb.media.sample import write_sample
from videoprep_nb.viz.images import read_jpeg

# of the four persons of bus.jpg (810 x 1080), the three that are not cut
BUS_PERSONS_XYWH = [[50, 400, 195, 503], [669, 392, 141, 485], [222, 408, 123, 449]]
PERSON = [100, 100, 60, 180]


def figures(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def boxes_of(output: Path) -> list[dict[str, str]]:
    with (output / "boxes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_coco(path: Path, image: str, boxes_xywh: list[list[int]], category: str = "person") -> Path:
    annotations = [{"id": i, "image_id": 7, "category_id": 3, "bbox": box} for i, box in enumerate(boxes_xywh)]
    crowd = {"id": 99, "image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "iscrowd": 1}
    content = {
        "images": [{"id": 7, "file_name": f"images/{image}"}],
        "categories": [{"id": 1, "name": "bus"}, {"id": 3, "name": category}],
        "annotations": [*annotations, crowd, {"id": 100, "image_id": 7, "category_id": 1, "bbox": [5, 230, 800, 520]}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three black images, and two MOT files with a box in each: one right, one wrong."""
    images = tmp_path / "images"
    images.mkdir()
    for number in (10, 20, 30):
        cv2.imwrite(str(images / f"{number}.png"), np.zeros((720, 1280, 3), np.uint8))
    for name, left in (("right.txt", 100), ("wrong.txt", 900)):
        write_rows(tmp_path / name, [(number, -1, left, *PERSON[1:], 0.9) for number in (10, 20, 30)])
    write_rows(tmp_path / "gt.txt", [(number, 1, *PERSON, 1, 1, 1) for number in (10, 20, 30)])
    return images


def precomputed(file: Path) -> list[str]:
    return ["--detector-set", f"detector=precomputed,detections_file={file}"]


def test_labels_of_motchallenge(folder: Path, tmp_path: Path) -> None:
    variants = [*precomputed(tmp_path / "right.txt"), *precomputed(tmp_path / "wrong.txt")]
    output = tmp_path / "out"
    arguments = ["evaluate-detector", folder, "--gt", tmp_path / "gt.txt", *variants, "--output", output]
    measured = figures(videoprep(*arguments, "--json"))
    assert [(row["recall"], row["precision"], row["ap"]) for row in measured["variants"]] == [(1, 1, 1), (0, 0, 0)]
    assert json.loads((output / "figures.json").read_text(encoding="utf-8")) == measured
    rows = boxes_of(output)
    assert [row["image"] for row in rows] == ["10.png", "20.png", "30.png"] * 2
    assert [float(rows[0][side]) for side in ("x1", "y1", "x2", "y2")] == [99, 99, 159, 279]
    sheet = read_jpeg(output / "contact_sheet.jpg")
    assert sheet.shape[0] > 3 * 300, "a row per image"
    assert videoprep(*arguments).stdout.split()[:3] == ["variant", "boxes", "per"]


def test_every_second_image_and_no_labels(folder: Path, tmp_path: Path) -> None:
    arguments = [*precomputed(tmp_path / "right.txt"), "--every", "2", "--limit", "5", "--output", tmp_path / "out"]
    measured = figures(videoprep("evaluate-detector", folder, *arguments, "--json"))
    assert measured["frames"] == 2
    assert measured["reference"] is None
    assert measured["variants"][0]["recall"] is None
    assert {row["image"] for row in boxes_of(tmp_path / "out")} == {"10.png", "30.png"}


def test_labels_of_coco_and_agreement(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    cv2.imwrite(str(folder / "bus.jpg"), bus_photograph()[..., ::-1])
    labels = write_coco(tmp_path / "labels.json", "bus.jpg", BUS_PERSONS_XYWH)
    options = ["--detector-set", "default", "--output", tmp_path / "out", "--json"]
    measured = figures(videoprep("evaluate-detector", folder, "--gt", labels, *options))
    assert measured["variants"][0]["recall"] == 1
    box = max(boxes_of(tmp_path / "out"), key=lambda row: float(row["score"]))
    assert 350 < float(box["y1"]) < 450, "in pixels of the photograph"
    measured = figures(videoprep("evaluate-detector", folder, *options, "--detector-set", "image_size=320,nms_iou=0.6"))
    by_name = {row["variant"]: row for row in measured["variants"]}
    assert by_name.pop(measured["reference"])["recall"] is None
    assert 0.5 <= next(iter(by_name.values()))["recall"] <= 1


@pytest.mark.slow
def test_frames_of_a_video(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.mp4", duration_s=1.0)
    options = ["--every", "10", "--output", tmp_path / "out", "--json"]
    measured = figures(videoprep("evaluate-detector", tmp_path / "sample.mp4", *options))
    assert measured["frames"] == 3
    assert measured["variants"][0]["boxes_per_frame"] >= 2
    assert {row["image"] for row in boxes_of(tmp_path / "out")} == {"1", "11", "21"}


def test_more_pixels_find_more_of_a_real_crowd(shared_data: Path, tmp_path: Path) -> None:
    sequence = shared_data / "mot17_images" / "MOT17-04-FRCNN"
    options = ["--detector-set", "image_size=320", "--detector-set", "image_size=1280", "--every", "4", "--json"]
    arguments = [sequence / "img1", "--gt", sequence / "gt" / "gt.txt", *options, "--output", tmp_path / "out"]
    small, large = figures(videoprep("evaluate-detector", *arguments))["variants"]
    assert 0.05 < small["recall"] < large["recall"] - 0.2
    assert large["precision"] > 0.7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--detector-set", "image_sise=640"], "image_size", id="unknown-option"),
        pytest.param(["--detector-set", "frame_stride=2"], "frame_stride is no option of the detector", id="stride"),
        pytest.param(["--detector-set", "weights=none.pt"], "There is no file", id="no-weights"),
        pytest.param(["--resolution", "large"], "expected width and height", id="resolution"),
        pytest.param(["--gt", "labels.json"], "'person', only 'bus', 'dragon'", id="no-persons-in-coco"),
        pytest.param(["--gt", "other.json"], "names none of the images", id="labels-of-others"),
        pytest.param(["--gt", "bad.json"], "is not COCO JSON", id="not-coco"),
    ],
)
def test_wrong_usage(
    arguments: list[str], sentence: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_coco(tmp_path / "labels.json", "10.png", [PERSON], "dragon")
    write_coco(tmp_path / "other.json", "99.png", [PERSON])
    (tmp_path / "bad.json").write_text("[]")
    result = videoprep("evaluate-detector", folder, *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    for source, sentence in ((tmp_path, "contains no images"), (tmp_path / "absent", "no such file or folder")):
        assert sentence in videoprep("evaluate-detector", source, "--output", tmp_path / "out").stderr
    (tmp_path / "broken.jpg").write_text("no image")
    assert "cannot be decoded" in videoprep("evaluate-detector", tmp_path, "--output", tmp_path / "out").stderr
