"""Where recordings begin and end in a file: none is overlooked, and what cannot be read is reported with its size."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.mp4_boxes import without_file_type
from tests.support.raw_files import Converted, converted
from tests.support.synthetic import encode_numbers

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-crf", "12", "-g", "25", "-bf", "0")
FASTSTART = (*H264, "-movflags", "+faststart")
FRAGMENTS = (*H264, "-g", "5", "-movflags", "+frag_keyframe+empty_moov")
MJPEG = ("-c:v", "mjpeg", "-q:v", "2")
MULTIPART = (*MJPEG, "-f", "mpjpeg")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2")
CODECS = {
    "mp4": H264,
    "mkv": H264,
    "flv": H264,
    "ts": H264,
    "avi": MPEG4,
    "asf": MPEG4,
    "mpg": ("-c:v", "mpeg2video", "-q:v", "2"),
    "mpjpeg": MULTIPART,
    "y4m": ("-pix_fmt", "yuv420p"),
    "mxf": ("-c:v", "mpeg2video", "-q:v", "2"),
    "ogv": ("-c:v", "libtheora", "-q:v", "9"),
}
FIRST, SECOND, THIRD = range(50), range(500, 550), range(1000, 1050)


def recording(folder: Path, suffix: str, numbers: range, codec: Sequence[str] = ()) -> bytes:
    path = folder / f"{len(list(folder.iterdir()))}.{suffix}"
    return encode_numbers(path, numbers, *(codec or CODECS[suffix])).read_bytes()


def read(folder: Path, *parts: bytes) -> Converted:
    path = folder / "all.bin"
    path.write_bytes(b"".join(parts))
    return converted(path, folder)


def check_numbers(result: Converted, *parts: range) -> None:
    assert result.numbers == [number for part in parts for number in part]
    assert (result.written["rate"], len(result.source["recordings"])) == ("25", len(parts))
    assert result.source["unread_bytes"] == 0


@pytest.mark.parametrize(
    "between",
    [b"", b"--ffmpeg--\r\n", b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x\r\n\r\n"],
    ids=["directly", "closed", "with-http-header"],
)
def test_streams_of_network_cameras_are_all_read(between: bytes, tmp_path: Path) -> None:
    parts = [recording(tmp_path, "mpjpeg", numbers) for numbers in (FIRST, SECOND, THIRD)]
    parts[1] = parts[1].replace(b"--ffmpeg", b"--another")
    check_numbers(read(tmp_path, parts[0], between, parts[1], between, parts[2]), FIRST, SECOND, THIRD)


def test_camera_stream_goes_on_behind_an_image_that_was_cut_off(tmp_path: Path) -> None:
    one, two = (recording(tmp_path, "mpjpeg", numbers) for numbers in (FIRST, SECOND))
    result = read(tmp_path, one[: len(one) // 2], two)
    assert result.numbers[-50:] == list(SECOND)
    assert len(result.numbers) > 70


@pytest.mark.parametrize("first", [H264, FASTSTART], ids=["index-last", "index-first"])
@pytest.mark.parametrize("second", [H264, FASTSTART], ids=["index-last", "index-first"])
def test_old_quicktime_files_are_all_read(first: tuple[str, ...], second: tuple[str, ...], tmp_path: Path) -> None:
    one, two, three = (
        without_file_type(recording(tmp_path, "mov", numbers, codec))
        for numbers, codec in ((FIRST, first), (SECOND, second), (THIRD, first))
    )
    padding = b"\x00\x00\x00\x10free" + bytes(8)
    check_numbers(read(tmp_path, one, two, padding, three, padding), FIRST, SECOND, THIRD)


def test_old_quicktime_file_behind_a_new_one(tmp_path: Path) -> None:
    new, old = recording(tmp_path, "mov", FIRST, H264), without_file_type(recording(tmp_path, "mov", SECOND, H264))
    check_numbers(read(tmp_path, new, old), FIRST, SECOND)


@pytest.mark.parametrize(
    ("first", "second"),
    [("mp4", "mkv"), ("mkv", "mp4"), ("avi", "ts"), ("ts", "mp4"), ("flv", "avi"), ("mpg", "mpjpeg"), ("mpjpeg", "flv"),
     ("y4m", "asf"), ("asf", "mkv"), ("mxf", "avi"), ("ogv", "ts")],
)  # fmt: skip
def test_recording_behind_one_of_another_container_is_read(first: str, second: str, tmp_path: Path) -> None:
    one, two = recording(tmp_path, first, FIRST), recording(tmp_path, second, SECOND)
    check_numbers(read(tmp_path, one, two), FIRST, SECOND)


@pytest.mark.parametrize("suffix", ["avi", "mxf", "mkv"])
def test_recording_behind_one_that_was_cut_off_is_whole(suffix: str, tmp_path: Path) -> None:
    one, two = recording(tmp_path, suffix, FIRST), recording(tmp_path, suffix, SECOND)
    result = read(tmp_path, one[: len(one) * 7 // 10], two)
    assert len(result.source["recordings"]) == 2
    assert result.numbers[-25:] == list(SECOND)[-25:]
    assert len(result.numbers) > 70


def test_mp4_that_was_cut_off_does_not_hide_the_next_one(tmp_path: Path) -> None:
    fast, last = (recording(tmp_path, "mp4", FIRST, codec) for codec in (FASTSTART, H264))
    two = recording(tmp_path, "mp4", SECOND)
    cut = read(tmp_path, fast[: len(fast) * 7 // 10], two)
    assert (len(cut.source["recordings"]), cut.distinct_numbers[-50:]) == (2, list(SECOND))
    without_index = read(tmp_path, last[:2000], two)
    assert (without_index.numbers, without_index.source["unread_bytes"]) == (list(SECOND), 2000)


@pytest.mark.parametrize(("suffix", "codec"), [("y4m", ("-pix_fmt", "yuv420p")), ("frag.mp4", FRAGMENTS)])
def test_data_behind_a_hole_that_cannot_be_read_are_reported(
    suffix: str, codec: tuple[str, ...], tmp_path: Path
) -> None:
    whole = bytearray(recording(tmp_path, suffix, range(0, 60_000, 600), codec))
    start, end = len(whole) // 2, len(whole) * 6 // 10
    whole[start:end] = bytes(end - start)
    result = read(tmp_path, bytes(whole))
    assert 40 < len(result.numbers) <= 51
    assert result.source["unread_bytes"] == pytest.approx(len(whole) / 2, rel=0.2)


@pytest.mark.parametrize("suffix", ["y4m", "mpjpeg", "avi"])
def test_zeros_behind_a_recording_are_no_loss(suffix: str, tmp_path: Path) -> None:
    check_numbers(read(tmp_path, recording(tmp_path, suffix, FIRST), bytes(100_000)), FIRST)


def test_clock_of_fragments_that_begins_anew_costs_no_frame(tmp_path: Path) -> None:
    """libav takes a later fragment of the same time for the first one."""
    codec = (*H264, "-g", "10", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")
    one, two = (recording(tmp_path, "mp4", numbers, codec) for numbers in (FIRST, SECOND))
    result = read(tmp_path, one, two[two.index(b"moof") - 4 :])
    assert result.numbers == [*FIRST, *SECOND]
    assert (result.written["rate"], len(result.source["recordings"])) == ("25", 2)
