"""Frames of a raw file by their times, without decoding the rest."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.synthetic import encode_numbers, number_in, write_counter_video
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.upload_frames import read_samples


def numbers(images: list[bytes]) -> list[int]:
    return [number_in(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)) for image in images]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mp4", ("-c:v", "libx264", "-g", "250", "-bf", "2")),
        ("a.mkv", ("-c:v", "libx264", "-g", "12")),
        ("a.ts", ("-c:v", "libx264", "-g", "25")),
        ("a.h264", ("-c:v", "libx264", "-bf", "0")),
        (
            "a.avi",
            (
                "-c:v",
                "mpeg4",
            ),
        ),
    ],
)
def test_exact_frames_are_those_that_a_player_shows(name: str, arguments: tuple[str, ...], tmp_path: Path):
    source = encode_numbers(tmp_path / name, range(100), *arguments, size=(320, 192))
    images = read_samples(source, name, [0.0, 0.99, 2.0, 3.96, 99.0], is_exact=True)
    assert numbers(images) == [0, 24, 50, 99, 99]


def test_frames_behind_a_pause_that_is_cut_out(tmp_path: Path):
    times_s = [Fraction(number, 25) + (500 if number >= 50 else 0) for number in range(100)]
    source = write_counter_video(tmp_path / "a.mp4", 100, Fraction(25), times_s)
    assert numbers(read_samples(source, "a.mp4", [1.0, 3.0], is_exact=True)) == [25, 75]


def test_thumbnails_are_small(tmp_path: Path):
    source = write_counter_video(tmp_path / "a.mp4", 50, Fraction(25))
    for image in read_samples(source, "a.mp4", [0.0, 1.0], is_exact=False):
        assert cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR).shape == (136, 240, 3)


def test_file_that_is_no_video_is_refused(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(ProbeError, match=r"a\.mp4 cannot be processed"):
        read_samples(tmp_path / "a.mp4", "a.mp4", [0.0], is_exact=False)
