"""Frames have the shape that a player shows, and the transform leads back to the pixels of the source."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.mp4_boxes import add_clean_aperture
from tests.support.synthetic import decoded_frames, write_video
from videoprep_nb.media.ffmpeg import ffmpeg_executable
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
    assert result.content_xyxy == (64, 0, 1216, 720)
    found = white_part(decoded_frames(tmp_path / "1.mp4")[1])
    assert result.transform.to_source(np.array([found], float))[0] == pytest.approx([20, 20, 80, 60], abs=0.5)


def test_shared_clean_aperture(shared_data: Path, tmp_path: Path) -> None:
    result = standardise(shared_data / "media_faults" / "clean_aperture_160x180.mp4", tmp_path)
    assert result.content_xyxy == (320, 0, 960, 720)
