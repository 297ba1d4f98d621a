"""Recordings one behind the other in a file: all frames of all of them, once, in order, on one time line."""

import subprocess
from pathlib import Path

import pytest

from tests.support.synthetic import encode_numbers, numbers_in
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.probe import probe
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12", "-g", "25")
WITHOUT_B_FRAMES = (*H264, "-bf", "0")
HEVC = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-crf", "12", "-preset", "ultrafast")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2")
VP8 = ("-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime")
FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov")
CONTAINERS = {
    "mp4": H264,
    "fragmented.mp4": (*H264, *FRAGMENTS),
    "faststart.mp4": (*H264, "-movflags", "+faststart"),
    "mov": H264,
    "3gp": H264,
    "avi": MPEG4,
    "h264.avi": (*WITHOUT_B_FRAMES, "-f", "avi"),
    "flv": H264,
    "asf": MPEG4,
    "wmv": ("-c:v", "wmv2", "-q:v", "2"),
    "ogv": ("-c:v", "libtheora", "-q:v", "8"),
    "mkv": H264,
    "webm": VP8,
    "mpg": MPEG2,
    "ts": H264,
    "m2ts": H264,
    "h264": H264,
    "hevc": HEVC,
    "gif": (),
    "ivf": VP8,
    "obu": ("-c:v", "libsvtav1", "-preset", "10", "-crf", "20"),
    "mxf": MPEG2,
    "wtv": MPEG2,
    "nut": H264,
    "rm": ("-c:v", "rv20", "-q:v", "2"),
    "y4m": ("-pix_fmt", "yuv420p"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "2"),
    "dav.m4v": (*MPEG4, "-f", "m4v"),
}
FIRST, SECOND, THIRD = range(50), range(500, 550), range(1000, 1050)


def standardise(source: Path, folder: Path) -> ResizeResult:
    params = ResizeParams(input_file=str(source), output_dir=str(folder), fit="stretch", width=320, height=192)
    return resize(params, lambda done, total, unit: None)


def joined(path: Path, *recordings: Path) -> Path:
    path.write_bytes(b"".join(recording.read_bytes() for recording in recordings))
    return path


def check_numbers(result: ResizeResult, folder: Path, *parts: range) -> None:
    expected = [number for part in parts for number in part]
    assert numbers_in(folder / "1.mp4") == expected
    assert (result.rate, result.decoded_frame_count) == (25, len(expected))
    assert (result.repeated_frame_count, result.left_out_frame_count, result.decoding_error_count) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_two_files_in_one_are_both_read(suffix: str, tmp_path: Path) -> None:
    one, two = (
        encode_numbers(tmp_path / f"{name}.{suffix}", numbers, *CONTAINERS[suffix])
        for name, numbers in (("one", FIRST), ("two", SECOND))
    )
    result = standardise(joined(tmp_path / f"both.{suffix}", one, two), tmp_path)
    check_numbers(result, tmp_path, FIRST, SECOND)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", CONTAINERS)
def test_one_file_is_one_recording(suffix: str, tmp_path: Path) -> None:
    info = probe(encode_numbers(tmp_path / f"one.{suffix}", FIRST, *CONTAINERS[suffix]))
    assert len(info.recordings) == 1
    assert info.unread_bytes == 0


def pid(number: int) -> tuple[str, ...]:
    return ("-streamid", f"0:{number}")


CHANGES: dict[str, list[tuple[range, tuple[str, ...], int]]] = {
    "another-pid": [(FIRST, H264, 256), (SECOND, H264, 300)],
    "three-pids": [(FIRST, H264, 256), (SECOND, H264, 300), (THIRD, H264, 400)],
    "back-to-the-first-pid": [(FIRST, H264, 256), (SECOND, H264, 300), (THIRD, H264, 256)],
    "another-codec": [(FIRST, H264, 256), (SECOND, HEVC, 256)],
    "another-codec-and-pid": [(FIRST, MPEG2, 256), (SECOND, H264, 300)],
}


@pytest.mark.parametrize("name", CHANGES)
def test_transport_stream_goes_on_under_another_number_or_codec(name: str, tmp_path: Path) -> None:
    changes = CHANGES[name]
    files = [
        encode_numbers(tmp_path / f"{index}.ts", numbers, *codec, *pid(number))
        for index, (numbers, codec, number) in enumerate(changes)
    ]
    result = standardise(joined(tmp_path / "all.ts", *files), tmp_path)
    check_numbers(result, tmp_path, *(numbers for numbers, _, _ in changes))
    assert f"{len(changes)} recordings, one behind the other; joined" in result.findings


@pytest.mark.parametrize("suffix", ["ts", "m2ts"])
def test_change_of_the_codec_is_reported_with_its_time(suffix: str, tmp_path: Path) -> None:
    one = encode_numbers(tmp_path / f"one.{suffix}", FIRST, *H264)
    two = encode_numbers(tmp_path / f"two.{suffix}", SECOND, *HEVC)
    info = probe(joined(tmp_path / f"both.{suffix}", one, two))
    assert info.packet_count == 100
    assert "from 2.0 s on the video is coded as hevc, before as h264" in info.findings


def test_size_may_change_with_the_number(tmp_path: Path) -> None:
    one = encode_numbers(tmp_path / "one.ts", FIRST, *H264)
    two = encode_numbers(tmp_path / "two.ts", SECOND, *H264, *pid(300), size=(96, 160))
    result = standardise(joined(tmp_path / "both.ts", one, two), tmp_path)
    check_numbers(result, tmp_path, FIRST, SECOND)
    assert [(part.start_frame, part.width, part.height) for part in result.parts] == [(0, 160, 96), (50, 96, 160)]


def test_number_may_change_late_in_a_long_file(tmp_path: Path) -> None:
    """libav looks for streams in the first 5 MB and 5 s only."""
    long = range(0, 60_000, 250)
    one = encode_numbers(tmp_path / "one.ts", long, *H264, "-muxrate", "8M", "-pcr_period", "20")
    assert one.stat().st_size > 6_000_000
    two = encode_numbers(tmp_path / "two.ts", SECOND, *H264, *pid(300))
    result = standardise(joined(tmp_path / "both.ts", one, two), tmp_path)
    check_numbers(result, tmp_path, long, SECOND)


def remux(sources: list[Path], target: Path, *arguments: str) -> None:
    inputs = [argument for source in sources for argument in ("-i", str(source))]
    argv = [ffmpeg_executable(), "-v", "error", *inputs, *arguments, "-c", "copy", str(target)]
    subprocess.run(argv, check=True, capture_output=True)


def test_second_camera_that_comes_and_goes_does_not_part_the_first(tmp_path: Path) -> None:
    alone, both = tmp_path / "alone.ts", tmp_path / "both.ts"
    front = encode_numbers(tmp_path / "front.mkv", [*FIRST, *SECOND], *H264)
    rear = encode_numbers(tmp_path / "rear.mkv", THIRD, *H264)
    remux([front], alone, "-t", "2")
    remux([front, rear], both, "-ss", "2", "-map", "0", "-map", "1", "-copyts")
    result = standardise(joined(tmp_path / "all.ts", alone, both), tmp_path)
    assert len(result.source.recordings) == 1


def test_later_recording_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    one = encode_numbers(tmp_path / "one.mp4", FIRST, *H264)
    header = one.read_bytes()[:2000]
    path = tmp_path / "both.mp4"
    path.write_bytes(one.read_bytes() + header)
    info = probe(path)
    assert info.packet_count == 50
    assert info.unread_bytes == 2000
    assert "2,000 bytes of the file (another recording, or damaged data) cannot be read" in info.findings


@pytest.mark.parametrize(
    "tail", [bytes(100_000), b"\x00\x00\x03\xe8free" + bytes(992), b"\x00\x00\x00\x20uuid" + bytes(24)]
)
def test_padding_is_no_recording(tail: bytes, tmp_path: Path) -> None:
    one = encode_numbers(tmp_path / "one.mp4", FIRST, *H264)
    path = tmp_path / "padded.mp4"
    path.write_bytes(one.read_bytes() + tail)
    assert probe(path).findings == probe(one).findings == []


def test_ticks_of_recordings_may_differ(tmp_path: Path) -> None:
    one = encode_numbers(tmp_path / "one.mp4", FIRST, *H264, "-video_track_timescale", "25")
    two = encode_numbers(tmp_path / "two.mp4", SECOND, *WITHOUT_B_FRAMES, "-video_track_timescale", "90000")
    result = standardise(joined(tmp_path / "both.mp4", one, two), tmp_path)
    check_numbers(result, tmp_path, FIRST, SECOND)
