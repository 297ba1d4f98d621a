"""Boxes drawn on frames lead back to the pixels of a source whose shape changes on the way."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.synthetic import write_video
from videoprep_nb.annotations.annotated import AnnotatedBox
from videoprep_nb.annotations.people import NamedBox
from videoprep_nb.annotations.training_boxes import planes, training_boxes
from videoprep_nb.exports.build_manifest import build_manifest
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

RECTANGLES = {(320, 192): (80, 40, 200, 120), (192, 320): (30, 60, 90, 280)}
"""Width and height of the frames of a part → a white rectangle in them, x1 y1 x2 y2."""


def quiet(done: int, total: int, unit: str) -> None:
    """Progress that nobody watches."""


def turned_phone(folder: Path) -> Path:
    """A transport stream whose frames stand upright from 2 s on."""
    joined = folder / "joined.ts"
    for (width, height), (x1, y1, x2, y2) in RECTANGLES.items():
        frame = np.zeros((height, width, 3), np.uint8)
        frame[y1:y2, x1:x2] = 255
        part = write_video(folder / f"{width}.ts", [frame] * 50, Fraction(25))
        with joined.open("ab") as file:
            file.write(part.read_bytes())
    return joined


def manifest_of(source: Path, work: Path) -> Manifest:
    """The manifest of the frames of a source, as it is read back from its file."""
    resize(ResizeParams(input_file=str(source), output_dir=str(work / "resized")), quiet)
    clip(ClipParams(input_file=str(work / "resized" / "1.mp4"), output_dir=str(work / "clips"), clip_duration_s=3))
    extract_frames(ExtractFramesParams(clips_dir=str(work / "clips"), output_dir=str(work / "frames")), quiet)
    built = build_manifest(
        ["1"],
        resized_dir=work / "resized",
        clips_dir=work / "clips",
        frames_dir=work / "frames",
        job_params={},
    )
    return Manifest.model_validate_json(built.model_dump_json())


def white_part(image: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(image.mean(axis=2) > 127)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_boxes_of_each_part_lie_in_its_source_pixels(tmp_path: Path) -> None:
    manifest = manifest_of(turned_phone(tmp_path), tmp_path)
    by_frame = planes(manifest, source_pixels=True)
    named = []
    for each in manifest.clips:
        for frame in each.frames:
            with Image.open(tmp_path / "frames" / "1" / each.clip_id / frame.name) as image:
                drawn = AnnotatedBox(1, "1", "person", {}, white_part(np.asarray(image)))
            named.append(NamedBox(each.clip_id, frame.name, 1, False, drawn))
    boxes = training_boxes(named, by_frame, []).boxes
    assert [(by_frame[box.frame_name].width, by_frame[box.frame_name].height) for box in boxes] == [
        *[(320, 192)] * 2,
        *[(192, 320)] * 2,
    ]
    for box in boxes:
        plane = by_frame[box.frame_name]
        assert box.box_xyxy == pytest.approx(RECTANGLES[plane.width, plane.height], abs=0.6)


def test_shared_phone(shared_data: Path, tmp_path: Path) -> None:
    manifest = manifest_of(shared_data / "media_faults" / "ts_phone_turned.ts", tmp_path)
    sizes = [(plane.width, plane.height) for plane in planes(manifest, source_pixels=True).values()]
    assert sizes == [(160, 96)] * 2 + [(96, 160)] * 2
