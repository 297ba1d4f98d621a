"""Frames have the shape that a player shows, and the transform leads back to the pixels of the source."""

import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from tests.support.mp4_boxes import add_clean_aperture
from tests.support.synthetic import decoded_frames, number_frame, number_in, write_video
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.probe import probe
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize


def standardise(source: Path, folder: Path, **options: object) -> ResizeResult:
    params = ResizeParams(input_file=str(source), output_dir=str(folder), **options)
    return resize(params, lambda done, total, unit: None)


def white_part(frame: np.ndarray) -> list[int]:
    """The rectangle of white pixels, x1 y1 x2 y2."""
    rows, columns = np.nonzero(frame.mean(axis=2) > 127)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_crop_of_the_container(suffix: str, tmp_path: Path) -> None:
    """A rectangle whose four distances from the edges differ, in a crop likewise."""
    frame = np.zeros((180, 320, 3), np.uint8)
    frame[80:120, 70:130] = 255
    source = write_video(tmp_path / "in.mp4", [frame] * 3, Fraction(25))
    add_clean_aperture(source, (160, 100), (-30, 20))  # columns 50 to 210, rows 60 to 160
    if suffix == "mkv":
        copy = tmp_path / "in.mkv"
        subprocess.run([ffmpeg_executable(), "-v", "error", "-i", source, "-c", "copy", copy], check=True)
        source = copy

    result = standardise(source, tmp_path)

    assert (result.source.width, result.source.height) == (160, 100)
    assert result.findings == ["its container shows 160×100 of 320×180 pixels; cropped"]
    assert result.content_xyxy == (64, 0, 1216, 720)
    found = white_part(decoded_frames(tmp_path / "1.mp4")[1])
    assert result.transform.to_source(np.array([found], float))[0] == pytest.approx([20, 20, 80, 60], abs=0.5)


def test_shared_clean_aperture(shared_data: Path, tmp_path: Path) -> None:
    result = standardise(shared_data / "media_faults" / "clean_aperture_160x180.mp4", tmp_path)
    assert result.content_xyxy == (320, 0, 960, 720)


def ffmpeg(*arguments: object, data: bytes | None = None) -> None:
    subprocess.run([ffmpeg_executable(), "-v", "error", "-y", *map(str, arguments)], input=data, check=True)


def encode(path: Path, frames: Iterable[np.ndarray], *arguments: str) -> Path:
    """Have x264 encode frames with its defaults: B-frames, and few key frames."""
    images = list(frames)
    height, width = images[0].shape[:2]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
    encoder = ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p"]
    ffmpeg(*source, *encoder, *arguments, path, data=b"".join(image.tobytes() for image in images))
    return path


def joined(folder: Path, sizes: Sequence[tuple[int, int]], per_part: int, change: str = "") -> Path:
    """A transport stream of numbered frames in parts; what a bitstream filter changes holds in the second part."""
    parts = []
    for index, (width, height) in enumerate(sizes):
        numbers = range(index * per_part, (index + 1) * per_part)
        part = encode(folder / f"{index}.ts", [number_frame(number, width, height) for number in numbers])
        if change and index == 1:
            ffmpeg("-i", part, "-c", "copy", "-bsf:v", f"h264_metadata={change}", folder / "changed.ts")
            part = folder / "changed.ts"
        parts.append(part.read_bytes())
    path = folder / "joined.ts"
    path.write_bytes(b"".join(parts))
    return path


def numbers_of_source(result: ResizeResult, video: Path) -> list[int]:
    """The numbers that the source frames carry, each read where its part says that it lies."""
    numbers = []
    for index, frame in enumerate(decoded_frames(video)):
        part = result.part_of(index)
        left, top, right, bottom = part.content_xyxy
        numbers.append(number_in(np.rot90(frame[top:bottom, left:right], part.rotation_deg // 90)))
    return numbers


CHANGES = {
    "upright": ([(320, 192), (192, 320)], "", "from 2.1 s on the frames are 192×320"),
    "pixel aspect": (
        [(320, 192)] * 2,
        "sample_aspect_ratio=2/1",
        "from 2.1 s on the frames are 320×192 with pixels 2:1",
    ),
    "rotation": (
        [(320, 192)] * 2,
        "display_orientation=insert:rotate=90",
        "from 2.1 s on the frames are 192×320, rotated 270°",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_on_the_way_counts_from_the_exact_frame(name: str, tmp_path: Path) -> None:
    sizes, change, sentence = CHANGES[name]
    source = joined(tmp_path, sizes, 53, change)
    result = standardise(source, tmp_path)
    assert [part.start_frame for part in result.parts] == [0, 53]
    assert result.parts[0].content_xyxy != result.parts[1].content_xyxy
    assert numbers_of_source(result, tmp_path / "1.mp4") == list(range(106))
    assert f"{sentence}; each part is converted for itself" in result.findings
    assert sentence in probe(source).findings


def test_size_that_changes_every_few_frames(tmp_path: Path) -> None:
    source = joined(tmp_path, [(320, 192), (192, 320), (160, 160), (322, 182)] * 3, 4)
    result = standardise(source, tmp_path)
    assert [part.start_frame for part in result.parts] == list(range(0, 48, 4))
    assert numbers_of_source(result, tmp_path / "1.mp4") == list(range(48))
    assert "the frames change 6 more times" in result.findings


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [(), ("-display_hflip:v:0",)], ids=["as is", "mirrored"])
def test_turned_and_mirrored_as_ffmpeg_shows_it(rotation_deg: int, mirror: tuple[str, ...], tmp_path: Path) -> None:
    plain, turned = encode(tmp_path / "plain.mp4", [four_colours()] * 3), tmp_path / "turned.mp4"
    ffmpeg("-display_rotation:v:0", rotation_deg, *mirror, "-i", plain, "-c", "copy", turned)
    ffmpeg("-i", turned, "-frames:v", "1", tmp_path / "reference.png")
    result = standardise(turned, tmp_path)
    left, top, right, bottom = result.content_xyxy
    with Image.open(tmp_path / "reference.png") as image:
        expected = np.asarray(image.resize((right - left, bottom - top))).astype(int)
    shown = decoded_frames(tmp_path / "1.mp4")[1][top:bottom, left:right]
    assert np.abs(shown - expected).mean() < 3
    assert result.source.is_mirrored == bool(mirror)


def four_colours() -> np.ndarray:
    colours = np.array([[(200, 30, 30), (30, 180, 40)], [(30, 40, 200), (230, 230, 230)]], np.uint8)
    return colours.repeat(90, axis=0).repeat(160, axis=1)


def test_rotation_between_quarters_is_not_applied(tmp_path: Path) -> None:
    plain, turned = encode(tmp_path / "plain.mp4", [four_colours()] * 3), tmp_path / "turned.mp4"
    ffmpeg("-display_rotation:v:0", 45, "-i", plain, "-c", "copy", turned)
    result = standardise(turned, tmp_path, width=320, height=180)
    assert np.abs(decoded_frames(tmp_path / "1.mp4")[1] - four_colours().astype(int)).mean() < 5
    sentence = "asks for a rotation by -45°, which is no multiple of 90° and was not applied"
    assert sentence in probe(turned).findings
    assert sentence in result.findings


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (17, 9), (321, 181)], ids=str)
def test_odd_sizes_fill_their_place(size: tuple[int, int], tmp_path: Path) -> None:
    width, height = size
    frame = np.full((height, width, 3), 200, np.uint8)
    source = write_video(tmp_path / "in.mkv", [frame] * 3, Fraction(25), codec="rawvideo")
    result = standardise(source, tmp_path)
    left, top, right, bottom = result.content_xyxy
    assert (right - left) / (bottom - top) == pytest.approx(width / height, rel=0.01)
    assert decoded_frames(tmp_path / "1.mp4")[1][top:bottom, left:right] == pytest.approx(200, abs=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_of_motion_jpeg_turns_frames(orientation: int, tmp_path: Path) -> None:
    frame = np.zeros((180, 320, 3), np.uint8)
    frame[20:60, 40:100] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=95, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    source = tmp_path / "in.mjpeg"
    source.write_bytes(file.getvalue() * 5)

    standardise(source, tmp_path, width=shown.shape[1] * 2, height=shown.shape[0] * 2)

    assert white_part(decoded_frames(tmp_path / "1.mp4")[1]) == [2 * side for side in white_part(shown)]
