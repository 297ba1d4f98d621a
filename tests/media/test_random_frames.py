"""Frames of our own videos in any order: their numbers are read back from the frames."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic import write_counter_video
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.frames import read_frames_at
from videoprep_nb.media.random_frames import RandomFrames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

FRAME_COUNT = 45


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standard")
    write_counter_video(folder / "raw.mp4", FRAME_COUNT, Fraction(10))
    resize(ResizeParams(input_file=str(folder / "raw.mp4"), output_dir=str(folder)), lambda done, total, unit: None)
    return folder / "1.mp4"


@pytest.mark.parametrize(
    "indices",
    [
        pytest.param(range(FRAME_COUNT), id="all"),
        pytest.param(range(0, FRAME_COUNT, 10), id="keyframes"),
        pytest.param([44, 7, 8, 3, 30, 7], id="any order"),
    ],
)
def test_frames_are_those_of_a_reader_that_goes_from_start_to_end(standard: Path, indices: list[int]) -> None:
    expected = dict(read_frames_at(standard, range(FRAME_COUNT)))
    frames = RandomFrames(standard)
    for index in indices:
        assert np.array_equal(frames.at(index), expected[index])


@pytest.mark.parametrize("index", [-1, FRAME_COUNT])
def test_a_frame_that_is_not_there(standard: Path, index: int) -> None:
    with pytest.raises(InputError, match=f"ends before its frame {index}"):
        RandomFrames(standard).at(index)


def test_a_missing_file_and_one_that_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        RandomFrames(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match="cannot be read as a video"):
        RandomFrames(tmp_path / "text.mp4")
