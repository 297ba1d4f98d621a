"""What a GPU would do, done by the same code on the processor: frames like those of the usual reader."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from tests.support.synthetic import number_frame, number_in, write_video
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.device_frames import read_device_frames, scaled
from videoprep_nb.media.scaled_frames import read_scaled_frames


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    return write_video(path, (number_frame(number, 1280, 720) for number in range(40)), Fraction(10))


@pytest.mark.parametrize("indices", [list(range(40)), [0, 7, 8, 39], [13], []], ids=["all", "some", "one", "none"])
def test_frames_by_number(numbered: Path, indices: list[int]) -> None:
    frames = [np.asarray(frame) for frame in read_device_frames(numbered, indices, (640, 360), "cpu")]
    assert [number_in(frame) for frame in frames] == indices


def test_beyond_the_end(numbered: Path) -> None:
    frames = read_device_frames(numbered, [38, 39, 40, 41], (640, 360), "cpu")
    assert [number_in(np.asarray(frame)) for frame in frames] == [38, 39]


@pytest.mark.parametrize("size", [(640, 480), (768, 576), (320, 240), (98, 54), (1280, 960)], ids=str)
@pytest.mark.parametrize("name", ["pets09_s2l1.avi", "one_by_one_person.mp4"])
def test_pixels_are_those_of_the_usual_reader(shared_data: Path, name: str, size: tuple[int, int]) -> None:
    """OpenCV rounds a scaled plane up to three quarters off, so the planes differ by one, which RGB multiplies."""
    path = shared_data / "videos" / name
    indices = [0, 20, 40]
    usual = np.stack(list(read_scaled_frames(path, indices, size))).astype(int)
    frames = np.stack([np.asarray(frame) for frame in read_device_frames(path, indices, size, "cpu")]).astype(int)
    difference = np.abs(usual - frames)
    assert difference.max() <= 5
    assert difference.mean() < 0.3


@pytest.mark.parametrize("size", [(640, 360), (384, 288), (1280, 720), (98, 54)], ids=str)
def test_scaling_differs_from_opencv_by_one_grey_level(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (576, 768), np.uint8)
    by_opencv = cv2.resize(noise, size, interpolation=cv2.INTER_LINEAR).astype(int)
    by_torch = scaled(torch.from_numpy(noise)[None], *size)[0].numpy()
    assert np.abs(by_opencv - by_torch).max() <= 1


def test_colours_as_the_video_names_them(tmp_path: Path) -> None:
    """The same samples are other colours by another matrix or range; unscaled, every pixel is the same."""
    samples = np.random.default_rng(0).integers(0, 256, (96, 64), np.uint8)  # of a frame of 64 x 64
    for colorspace, color_range in [(1, 1), (5, 1), (1, 2), (5, 2), (9, 1), (2, 0)]:
        path = tmp_path / f"{colorspace}_{color_range}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            stream.codec_context.colorspace, stream.codec_context.color_range = colorspace, color_range
            frame = av.VideoFrame.from_ndarray(samples, "yuv420p")
            frame.colorspace, frame.color_range = colorspace, color_range
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        usual = next(read_scaled_frames(path, [0], (64, 64)))
        frame = np.asarray(next(read_device_frames(path, [0], (64, 64), "cpu")))
        assert np.abs(usual.astype(int) - frame).max() <= 1, (colorspace, color_range)


@pytest.mark.parametrize("content", [None, b"", b"no video"], ids=["missing", "empty", "other"])
def test_what_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"clip\.mp4"):
        next(read_device_frames(path, [0], (640, 360), "cpu"))


@pytest.mark.gpu
def test_frames_of_a_gpu_are_those_of_the_processor(numbered: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for usual, frame in zip(
        read_device_frames(numbered, range(40), (640, 360), "cpu"),
        read_device_frames(numbered, range(40), (640, 360), "cuda"),
        strict=True,
    ):
        assert frame.pixels.is_cuda
        assert np.abs(np.asarray(usual).astype(int) - np.asarray(frame)).max() <= 1
