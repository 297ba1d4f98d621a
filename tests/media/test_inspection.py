"""What people see of a file before they submit it."""

import base64
import io
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.synthetic import encode_numbers, number_frame, number_in, write_video
from videoprep_nb.media.inspection import inspect_video


def thumbnail_of(path: Path) -> np.ndarray:
    found = inspect_video(path, path.name)
    assert found.problem == ""
    data = base64.b64decode(found.thumbnail.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_thumbnail_is_a_frame_past_the_beginning(tmp_path: Path) -> None:
    video = encode_numbers(tmp_path / "a.mp4", range(250), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25")
    thumbnail = thumbnail_of(video)
    assert thumbnail.shape == (192, 320, 3)
    assert 25 <= number_in(thumbnail) <= 62  # the key frame before 2.5 s


def test_thumbnail_is_turned_as_in_a_player(tmp_path: Path) -> None:
    frame = np.rot90(number_frame(1000, 96, 160))  # what is stored so that it is upright after a turn by 90°
    thumbnail = thumbnail_of(write_video(tmp_path / "a.mp4", [frame] * 10, Fraction(25), rotation_deg=90))
    assert thumbnail.shape == (320, 192, 3)
    assert number_in(thumbnail) == 1000


def test_thumbnail_of_a_file_that_cannot_be_sought(tmp_path: Path) -> None:
    video = encode_numbers(tmp_path / "a.h264", [7] * 50, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    assert number_in(thumbnail_of(video)) == 7


def test_file_that_is_no_video_has_no_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("just some words\n")
    found = inspect_video(path, "holiday.mp4")
    assert found.problem.startswith("holiday.mp4 cannot be processed")
    assert found.thumbnail == ""
