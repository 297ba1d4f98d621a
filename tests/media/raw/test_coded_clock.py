"""Streams without a container: their own clock counts, and what nobody says is reported as assumed."""

from pathlib import Path

import pytest

from tests.support.raw_files import converted
from tests.support.synthetic import encode_numbers
from videoprep_nb.media.probe import probe

CIF = (352, 288)
H263_START = b"\x00\x00\x80"
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2")
ASSUMED = "the file does not say its frame rate; assumed 25 frames per second"


@pytest.mark.parametrize("codec", ["h261", "h263"])
@pytest.mark.parametrize("rate", ["25", "30000/1001", "15", "10"])
def test_frames_count_the_ticks_of_the_clock(rate: str, codec: str, tmp_path: Path) -> None:
    """The clock has 29.97 ticks per second, whatever the rate."""
    source = encode_numbers(
        tmp_path / f"a.{codec}", range(50), "-r", rate, "-c:v", codec, "-q:v", "2", "-frames:v", "20", size=CIF
    )
    result = converted(source, tmp_path)
    assert (result.written["rate"], result.written["decoded_frame_count"]) == (rate, 20)
    assert (result.written["repeated_frame_count"], result.source["is_variable_rate"]) == (0, False)


def test_frames_that_a_camera_left_out_keep_their_time(tmp_path: Path) -> None:
    arguments = ("-vf", "settb=1001/30000,setpts=N", "-r", "30000/1001", "-c:v", "h263", "-g", "1", "-q:v", "2")
    whole = encode_numbers(tmp_path / "whole.h263", range(50), *arguments, size=CIF).read_bytes()
    frames = [H263_START + frame for frame in whole.split(H263_START)[1:]]
    assert len(frames) == 50
    source = tmp_path / "gap.h263"
    source.write_bytes(b"".join(frames[:20] + frames[30:]))
    result = converted(source, tmp_path)
    result.check_sum()
    assert result.distinct_numbers == [*range(20), *range(30, 50)]
    assert (result.written["rate"], result.written["repeated_frame_count"]) == ("30000/1001", 10)
    assert result.stamps_s[-1] == pytest.approx(49 * 1001 / 30000)


@pytest.mark.parametrize("reordered", ["0", "2"])
@pytest.mark.parametrize(("rate", "lines"), [("25", 576), ("30000/1001", 480)])
def test_gxf_counts_fields(rate: str, lines: int, reordered: str, tmp_path: Path) -> None:
    one, two = (
        encode_numbers(tmp_path / f"{start}.gxf", range(start, start + 50), "-r", rate, "-frames:v", "50", *MPEG2,
                       "-bf", reordered, size=(720, lines))
        for start in (0, 500)
    )  # fmt: skip
    assert probe(one).findings == []
    both = tmp_path / "both.gxf"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    result = converted(both, tmp_path)
    assert (result.written["rate"], result.written["frame_count"]) == (rate, 100)
    assert result.numbers == sorted(result.numbers)


@pytest.mark.parametrize(
    ("suffix", "arguments", "findings"),
    [
        ("m1v", ("-c:v", "mpeg1video", "-bf", "2"), []),
        ("m2v", (*MPEG2, "-bf", "2"), []),
        ("m4x", ("-c:v", "mpeg4", "-bf", "2", "-f", "m4v"), []),
        ("h264", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), []),
        ("hevc", ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-preset", "ultrafast"), []),
        ("drc", ("-c:v", "vc2", "-pix_fmt", "yuv420p", "-f", "dirac"), []),
        ("mjpeg", ("-c:v", "mjpeg"), [ASSUMED]),
        ("mpjpeg", ("-c:v", "mjpeg", "-f", "mpjpeg"), [ASSUMED]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_stream_says_its_rate_or_it_is_assumed(
    suffix: str, arguments: tuple[str, ...], findings: list[str], tmp_path: Path
) -> None:
    source = encode_numbers(tmp_path / f"a.{suffix}", range(50), *arguments)
    info = probe(source)
    assert (info.rate, info.packet_count, info.duration_s) == (25, 50, 2)
    assert info.findings == findings
    assert converted(source, tmp_path).written["frame_count"] == 50
