"""The small frames are those of the general reader, scaled."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.decoding import read_frames
from tests.support.synthetic import number_frame, number_in, write_video
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.scaled_frames import read_scaled_frames


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    return write_video(path, (number_frame(number, 1280, 720) for number in range(40)), Fraction(10))


@pytest.mark.parametrize("indices", [list(range(40)), [0, 7, 8, 39], [13], []], ids=["all", "some", "one", "none"])
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (98, 54), (2560, 1440)], ids=str)
def test_frames_by_number(numbered: Path, indices: list[int], size: tuple[int, int]) -> None:
    frames = list(read_scaled_frames(numbered, indices, size))
    assert [number_in(frame) for frame in frames] == indices
    assert all(frame.shape == (size[1], size[0], 3) for frame in frames)


def test_beyond_the_end(numbered: Path) -> None:
    assert [number_in(frame) for frame in read_scaled_frames(numbered, [38, 39, 40, 41], (640, 360))] == [38, 39]


def test_colours_of_the_general_reader(tmp_path: Path) -> None:
    ramp = np.linspace(20, 235, 64 * 64).reshape(64, 64)
    frame = np.stack([ramp, ramp.T, 255 - ramp], axis=2).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    path = write_video(tmp_path / "colours.mp4", [frame] * 3, Fraction(10))
    scaled = next(read_scaled_frames(path, [1], (128, 128)))
    whole = read_frames(path)[1]
    expected = cv2.resize(whole, (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(scaled.astype(int) - expected.astype(int)).mean() < 3


@pytest.mark.parametrize("content", [None, b"", b"no video"], ids=["missing", "empty", "other"])
def test_what_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"clip\.mp4"):
        next(read_scaled_frames(path, [0], (640, 360)))
