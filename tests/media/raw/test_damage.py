"""Damage: what the decoder conceals is reported with its place, what is whole raises no alarm."""

from pathlib import Path

import av
import pytest

from tests.support.raw_files import converted, damaged, without_packets
from tests.support.synthetic import encode_numbers
from videoprep_nb.media.raw.damage import DamageLog
from videoprep_nb.media.raw.decode import DecodedFrame

FAST = ("-preset", "ultrafast", "-pix_fmt", "yuv420p")
H264 = ("-c:v", "libx264", *FAST, "-bf", "0", "-g", "25", "-x264-params", "scenecut=0", "-crf", "5")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "1", "-g", "25")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "1", "-g", "25", "-sc_threshold", "1000000000")
MJPEG = ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")
SIZE = (640, 384)

FLAGGED = {
    "h264.mp4": H264,
    "h264.mkv": H264,
    "h264.avi": H264,
    "mpeg4.mp4": MPEG4,
    "mpeg4.avi": MPEG4,
    "mpeg4.mkv": MPEG4,
    "mpeg2.mp4": MPEG2,
    "mpeg2.avi": MPEG2,
}
HEALTHY = {
    "intra_refresh.ts": ("-c:v", "libx264", *FAST, "-x264-params", "intra-refresh=1:keyint=30"),
    "open_gop.ts": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params", "open-gop=1:keyint=20:bframes=3"),
    "open_gop_hevc.mkv": ("-c:v", "libx265", *FAST, "-x265-params", "open-gop=1:keyint=20:log-level=none"),
    "interlaced.ts": ("-c:v", "libx264", *FAST, "-x264-params", "tff=1", "-flags", "+ilme+ildct"),
    "alternative_reference.webm": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "1M"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
    "av1.mp4": ("-c:v", "libsvtav1", "-preset", "12", "-crf", "40"),
    "b_frames.avi": (*MPEG4, "-bf", "2"),
    "mpeg2.mpg": (*MPEG2, "-bf", "2"),
    "wmv2.asf": ("-c:v", "wmv2", "-q:v", "2"),
    "theora.ogv": ("-c:v", "libtheora", "-q:v", "9"),
    "mjpeg.avi": MJPEG,
    "prores.mov": ("-c:v", "prores_ks"),
    "flv1.flv": ("-c:v", "flv", "-q:v", "2"),
}


@pytest.mark.parametrize("name", FLAGGED)
def test_damage_lasts_until_the_next_key_frame(name: str, tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / f"whole_{name}", [*range(40), *range(1000, 1040)], *FLAGGED[name], size=SIZE)
    source = damaged(whole, tmp_path / name, [40])
    result = converted(source, tmp_path)
    (span,) = result.written["damage"]
    assert span == {"start_frame": 40, "end_frame": 49, "frame_count": 10, "lacks_key_frame": False}
    assert result.written["decoded_frame_count"] == result.written["frame_count"] == 80
    assert result.numbers[:40] == list(range(40))
    assert result.numbers[50:] == list(range(1010, 1040))


def test_damaged_frames_can_be_left_out(tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mp4", range(80), *H264, size=SIZE)
    source = damaged(whole, tmp_path / "damaged.mp4", [40])
    result = converted(source, tmp_path, damaged_frames="leave_out")
    result.check_sum()
    assert result.numbers == [*range(40), *[39] * 10, *range(50, 80)]
    assert (result.written["left_out_frame_count"], result.written["repeated_frame_count"]) == (10, 10)


@pytest.mark.parametrize("suffix", ["avi", "mkv", "mp4"])
def test_damage_of_a_codec_without_flags_costs_one_frame(suffix: str, tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / f"whole.{suffix}", range(60), *MJPEG, size=SIZE)
    result = converted(damaged(whole, tmp_path / f"damaged.{suffix}", [30], byte=0xFE), tmp_path)
    spans = [(span["start_frame"], span["frame_count"]) for span in result.written["damage"]]
    assert spans == [(30, 1)]


@pytest.mark.parametrize(("name", "codec"), [("mpeg4.avi", MPEG4), ("mpeg4.mkv", MPEG4)])
def test_missing_first_key_frame(name: str, codec: tuple[str, ...], tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / f"whole_{name}", range(60), *codec)
    result = converted(without_packets(whole, tmp_path / name, {0}), tmp_path)
    (span,) = result.written["damage"]
    assert (span["start_frame"], span["frame_count"], span["lacks_key_frame"]) == (0, 24, True)
    assert result.distinct_numbers[-35:] == list(range(25, 60))


def test_first_frames_that_cannot_be_decoded_are_counted(tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / "whole.mkv", range(60), *H264)
    result = converted(without_packets(whole, tmp_path / "late.mkv", {0}), tmp_path)
    assert result.numbers == list(range(25, 60))
    assert result.written["undecodable_first_frames"] == 24
    assert result.written["undecodable_first_s"] == pytest.approx(0.96)
    assert result.written["damage"] == []


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", H264), ("mp4", MPEG4), ("avi", MPEG4), ("mp4", MPEG2)])
def test_frames_behind_a_lost_one_are_damaged(suffix: str, codec: tuple[str, ...], tmp_path: Path) -> None:
    whole = encode_numbers(tmp_path / f"whole.{suffix}", range(60), *codec, size=SIZE)
    result = converted(damaged(whole, tmp_path / f"lost.{suffix}", [40], part=(0, 1)), tmp_path)
    assert result.written["decoded_frame_count"] == 59
    (span,) = result.written["damage"]
    assert (span["start_frame"], span["end_frame"], span["frame_count"]) == (41, 49, 9)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_recording_raises_no_alarm(name: str, tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / name, range(80), *HEALTHY[name])
    result = converted(source, tmp_path)
    assert (result.written["damage"], result.written["undecodable_first_frames"]) == ([], 0)
    assert (result.written["decoded_frame_count"], result.written["frame_count"]) == (80, 80)


def test_stream_that_renews_its_image_bit_by_bit_may_begin_anywhere(tmp_path: Path) -> None:
    codec = ("-c:v", "libx264", *FAST, "-x264-params", "intra-refresh=1:keyint=30", "-bsf:v", "dump_extra=freq=all")
    whole = encode_numbers(tmp_path / "whole.ts", range(200), *codec).read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole[len(whole) // 3 // 188 * 188 :])
    result = converted(cut, tmp_path)
    assert result.written["damage"] == []
    assert result.written["undecodable_first_frames"] > 0
    assert result.numbers[-100:] == list(range(100, 200))


@pytest.mark.parametrize(("codec", "is_damaged"), [("vvc", False), ("h264", False), ("mpeg4", True)])
def test_decoder_that_waits_for_a_whole_image_gives_no_damaged_first_frame(codec: str, is_damaged: bool) -> None:
    """A stream of VVC may begin with a gradual refresh instead of a key frame."""
    frame = av.VideoFrame(16, 16)
    frame.pict_type = 2  # predicted
    first = DecodedFrame(
        frame=frame, display=None, time_s=0.0, stamp_s=0.0, source_s=0.0, is_key=False, is_damaged=False,
        follows_loss=False,
    )  # fmt: skip
    assert DamageLog(codec).check(first) is is_damaged


def test_shared_files_have_the_damage_that_is_known(shared_data: Path, tmp_path: Path) -> None:
    faults = shared_data / "media_faults"
    lost = converted(faults / "ts_2_percent_of_packets_lost.ts", tmp_path / "lost").written
    assert (len(lost["damage"]), sum(span["frame_count"] for span in lost["damage"])) == (2, 135)
    late = converted(faults / "first_key_frame_missing.avi", tmp_path / "late").written
    assert [(span["frame_count"], span["lacks_key_frame"]) for span in late["damage"]] == [(98, True)]
