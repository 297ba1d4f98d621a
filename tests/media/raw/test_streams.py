"""Which stream of a file is read, and what is refused for the sake of its frames."""

import re
import struct
import subprocess
from pathlib import Path

import av
import pytest

from tests.support.mp4_boxes import box
from tests.support.synthetic import encode_numbers, numbers_in
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.probe import probe
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12", "-bf", "0")
FRONT, REAR = range(50), range(500, 550)


def cameras(path: Path, *arguments: str, sizes: tuple[tuple[int, int], tuple[int, int]] = ((160, 96),) * 2) -> Path:
    """A file of two streams, front and rear."""
    inputs = []
    for name, numbers, size in (("front", FRONT, sizes[0]), ("rear", REAR, sizes[1])):
        inputs += ["-i", str(encode_numbers(path.with_name(f"{name}.mp4"), numbers, *H264, size=size))]
    argv = [ffmpeg_executable(), "-v", "error", *inputs, "-map", "0", "-map", "1", "-c", "copy", *arguments, str(path)]
    subprocess.run(argv, check=True, capture_output=True)
    return path


def numbers_of(source: Path, folder: Path, video_stream: int = 0) -> list[int]:
    params = ResizeParams(
        input_file=str(source), output_dir=str(folder), fit="stretch", width=320, height=192, video_stream=video_stream
    )
    resize(params, lambda done, total, unit: None)
    return numbers_in(folder / "1.mp4")


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov", "ts", "avi"])
def test_each_of_two_cameras_can_be_chosen(suffix: str, tmp_path: Path) -> None:
    path = cameras(tmp_path / f"dual.{suffix}")
    assert numbers_of(path, tmp_path, 0) == numbers_of(path, tmp_path, 1) == list(FRONT)
    assert numbers_of(path, tmp_path, 2) == list(REAR)
    assert any("2 video streams; 1 (160×96 h264) is used" in finding for finding in probe(path).findings)


def test_stream_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = cameras(tmp_path / "dual.mkv")
    with pytest.raises(ProbeError, match=r"it has no video stream 3, only 2; change video_stream\.$"):
        probe(path, video_stream=3)


def test_default_stream_is_read(tmp_path: Path) -> None:
    path = cameras(tmp_path / "dual.mkv", "-disposition:v:0", "0", "-disposition:v:1", "default")
    assert numbers_of(path, tmp_path) == list(REAR)


def test_preview_does_not_count_though_it_is_the_default(tmp_path: Path) -> None:
    marked = ("-disposition:v:0", "default", "-disposition:v:1", "0")
    path = cameras(tmp_path / "dual.mkv", *marked, sizes=((80, 48), (320, 192)))
    assert numbers_of(path, tmp_path) == list(REAR)


def test_cover_does_not_count(tmp_path: Path) -> None:
    cover = encode_numbers(tmp_path / "cover.png", [7], "-frames:v", "1", size=(640, 384))
    video = encode_numbers(tmp_path / "video.mkv", FRONT, *H264)
    path = tmp_path / "covered.mp4"
    streams = ("-i", str(cover), "-i", str(video), "-map", "0", "-map", "1", "-disposition:v:0", "attached_pic")
    argv = [ffmpeg_executable(), "-v", "error", *streams, "-c", "copy", str(path)]
    subprocess.run(argv, check=True, capture_output=True)
    assert numbers_of(path, tmp_path) == list(FRONT)
    assert probe(path).findings == []


def with_thumbnails(movie: bytes, thumbnails: int, video: int) -> bytes:
    """A QuickTime file of which a video track holds the images of the chapters of another one.

    Args:
        movie: A file whose index lies behind its frames.
        thumbnails: Id of the track of images.
        video: Id of the track that names it.
    """
    starts = [place.start() - 4 for place in re.finditer(b"trak", movie)]
    reference = box(b"tref", box(b"chap", thumbnails.to_bytes(4)))
    place = starts[video - 1]
    length = int.from_bytes(movie[place : place + 4])
    data = bytearray(movie[: place + length] + reference + movie[place + length :])
    for start in (place, movie.index(b"moov") - 4):
        struct.pack_into(">I", data, start, struct.unpack_from(">I", data, start)[0] + len(reference))
    return bytes(data)


@pytest.mark.parametrize("thumbnails", [1, 2])
def test_images_of_chapters_do_not_count(thumbnails: int, tmp_path: Path) -> None:
    path = cameras(tmp_path / "dual.mov")
    path.write_bytes(with_thumbnails(path.read_bytes(), thumbnails, 3 - thumbnails))
    assert numbers_of(path, tmp_path) == list(REAR if thumbnails == 1 else FRONT)
    assert probe(path).findings == []


@pytest.mark.parametrize("pids", [(256, 257), (300, 256)], ids=str)
def test_each_program_of_a_transport_stream_can_be_chosen(pids: tuple[int, int], tmp_path: Path) -> None:
    programs = ("-program", "title=front:program_num=1:st=0", "-program", "title=rear:program_num=2:st=1")
    numbers = ("-streamid", f"0:{pids[0]}", "-streamid", f"1:{pids[1]}")
    path = cameras(tmp_path / "programs.ts", *programs, *numbers)
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 2
    found = [numbers_of(path, tmp_path, number) for number in (1, 2)]
    assert sorted(found) == [list(FRONT), list(REAR)]
    assert any("2 video streams" in finding for finding in probe(path).findings)


def test_stream_that_nobody_can_decode_is_passed_over(tmp_path: Path) -> None:
    path = cameras(tmp_path / "dual.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/XXX/XXX", 1))
    assert numbers_of(path, tmp_path) == list(REAR)
    assert any("not 1 (unknown codec)" in finding for finding in probe(path).findings)


def too_large(path: Path, *arguments: str) -> Path:
    source = ("-f", "lavfi", "-i", "color=gray:s=16384x8704:r=1", "-frames:v", "1")
    argv = [ffmpeg_executable(), "-v", "error", *source, *arguments, str(path)]
    subprocess.run(argv, check=True, capture_output=True)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.gif", ()),
        ("a.avi", ("-c:v", "mjpeg", "-strict", "-1")),
        pytest.param("a.hevc", ("-c:v", "libx265", "-preset", "ultrafast"), marks=pytest.mark.exhaustive),
        pytest.param(
            *("a.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
            marks=pytest.mark.exhaustive,  # takes 40 s
        ),
    ],
)
def test_too_many_pixels_are_the_reason(name: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = too_large(tmp_path / name, *arguments)
    with pytest.raises(ProbeError, match=r"its frames have 16,384×8,704 pixels; at most 67,108,864"):
        probe(path)


@pytest.mark.slow
def test_header_cannot_conceal_the_number_of_pixels(tmp_path: Path) -> None:
    path = too_large(tmp_path / "a.avi", "-c:v", "mjpeg", "-strict", "-1")
    size = struct.pack("<II", 16384, 8704)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<II", 320, 180)))
    with pytest.raises(ProbeError, match=r"its frames have 16,384×8,704 pixels"):
        probe(path)
