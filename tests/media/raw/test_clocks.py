"""Clocks of real containers: every frame once, in order, at its time; what is odd is reported."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.raw_files import converted, with_stamps
from tests.support.synthetic import encode_numbers, write_counter_video
from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.video_info import VideoInfo

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12", "-g", "25")
WITHOUT_B_FRAMES = (*H264, "-bf", "0")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2")
CODECS = {
    "mkv": H264,
    "mp4": H264,
    "ts": H264,
    "nut": H264,
    "flv": WITHOUT_B_FRAMES,
    "mpg": ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-f", "vob"),
    "asf": MPEG4,
    "ogv": ("-c:v", "libtheora", "-q:v", "9"),
}


@pytest.mark.parametrize("suffix", CODECS)
def test_short_pause_stays_and_long_pause_goes(suffix: str, tmp_path: Path) -> None:
    for pause_s, count in ((20, 600), (3000, 100)):
        pause = ("-vf", f"setpts='if(gte(N,50),PTS+{pause_s}/TB,PTS)'", "-fps_mode", "passthrough")
        source = encode_numbers(tmp_path / f"{pause_s}.{suffix}", range(100), *pause, *CODECS[suffix])
        result = converted(source, tmp_path / str(pause_s))
        result.check_sum()
        assert result.distinct_numbers == list(range(100))
        assert (result.written["rate"], result.written["frame_count"]) == ("25", count)
        times_s = [0, 1.96, 2.04 + pause_s, 3.96 + pause_s]
        assert result.source_times_s[[0, 49, -49, -1]] == pytest.approx(times_s, abs=0.002)
        assert result.stamps_s[-1] - result.stamps_s[0] == pytest.approx(3.96 + pause_s, abs=0.002)
        if pause_s == 20:
            assert [gap["duration_s"] for gap in result.written["gaps"]] == [20.0]
            assert result.source["cuts"] == []
        else:
            assert [cut["removed_s"] for cut in result.source["cuts"]] == [pytest.approx(3000, abs=0.1)]


@pytest.mark.parametrize("start_s", [1.4, 1_700_000.0, 1_700_000_000.0])
def test_first_stamp_does_not_matter(start_s: float, tmp_path: Path) -> None:
    plain = encode_numbers(tmp_path / "plain.mkv", range(50), *WITHOUT_B_FRAMES)
    source = with_stamps(plain, tmp_path / "late.mkv", lambda index: Fraction(index, 25) + Fraction(start_s))
    result = converted(source, tmp_path)
    assert (result.numbers, result.written["rate"]) == (list(range(50)), "25")
    assert (result.source["cuts"], result.source["starts_at_s"]) == ([], 0.0)
    assert result.source["claimed_duration_s"] == pytest.approx(2, abs=0.1)


def test_wall_clock_that_arrives_after_the_first_frame(tmp_path: Path) -> None:
    plain = encode_numbers(tmp_path / "plain.mkv", range(50), *WITHOUT_B_FRAMES)
    source = with_stamps(
        plain, tmp_path / "wall.mkv", lambda index: Fraction(index, 25) + (1_700_000_000 if index else 0)
    )
    result = converted(source, tmp_path)
    assert (result.numbers, result.written["rate"]) == (list(range(50)), "25")
    assert len(result.source["cuts"]) == 1


@pytest.mark.parametrize("rate", ["1/1000", "1000", "90000"])
def test_absurd_rate_of_an_avi_header_is_not_trusted(rate: str, tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / "plain.avi", range(50), *MPEG4)
    data = bytearray(source.read_bytes())
    place = data.index(b"strh") + 8 + 20
    fraction = Fraction(rate)
    data[place : place + 8] = fraction.denominator.to_bytes(4, "little") + fraction.numerator.to_bytes(4, "little")
    source.write_bytes(data)
    result = converted(source, tmp_path)
    assert (result.numbers, result.written["rate"]) == (list(range(50)), "25")
    assert result.source["is_assumed_rate"]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts", "flv"])
@pytest.mark.parametrize("rate", ["1/2", "1", "5"])
def test_slow_camera_keeps_its_last_frame(rate: str, suffix: str, tmp_path: Path) -> None:
    source = encode_numbers(
        tmp_path / f"slow.{suffix}", range(12), "-vf", f"setpts=N/({rate})/TB", "-r", rate, *WITHOUT_B_FRAMES
    )
    result = converted(source, tmp_path)
    assert (result.numbers, result.written["rate"]) == (list(range(12)), rate)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi", "ts", "flv"])
def test_missing_frames_are_reported_with_their_time(suffix: str, tmp_path: Path) -> None:
    codec = ("-c:v", "mjpeg", "-q:v", "2") if suffix == "avi" else (*WITHOUT_B_FRAMES, "-g", "1")
    lacking = ("-vf", "select='not(between(n,30,33)+between(n,60,60))'", "-fps_mode", "passthrough")
    source = encode_numbers(tmp_path / f"gaps.{suffix}", range(100), *lacking, *codec)
    result = converted(source, tmp_path)
    result.check_sum()
    assert (result.written["frame_count"], result.written["repeated_frame_count"]) == (100, 5)
    info = VideoInfo.from_facts(result.source)
    assert (info.gap_count, info.missing_frame_count) == (2, 5)
    assert "5 frames missing in 2 places; the longest gap, 0.16 s, begins at 1.16 s" in info.findings


@pytest.mark.parametrize("rate", ["25", "30000/1001", "10"])
@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_regular_recording_lacks_no_frame(rate: str, suffix: str, tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / f"a.{suffix}", range(100), "-r", rate, *WITHOUT_B_FRAMES)
    assert VideoInfo.from_facts(converted(source, tmp_path).source).findings == []


def test_time_lapse_is_kept_at_its_times(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "lapse.mkv", 10, Fraction(25), [Fraction(60 * i) for i in range(10)])
    result = converted(source, tmp_path)
    assert result.distinct_numbers == list(range(10))
    assert result.written["rate"] == "1/10"
    assert result.source_times_s[-1] == 540


def test_frames_that_are_far_too_sparse_are_refused_with_advice(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "sparse.mkv", 20, Fraction(25), [Fraction(7200 * i) for i in range(20)])
    with pytest.raises(ProbeError, match=r"too far apart, 20 frames in .*max_pause_s"):
        converted(source, tmp_path, max_pause_s=86_400.0)


@pytest.mark.parametrize("codec", [("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2"), (*MPEG4, "-bf", "2")])
def test_container_without_stamps_of_showing(codec: tuple[str, ...], tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / "reordered.avi", range(50), *codec)
    assert converted(source, tmp_path).numbers == list(range(50))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "flv"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_video_of_few_frames(count: int, suffix: str, tmp_path: Path) -> None:
    codec = MPEG4 if suffix == "avi" else H264
    result = converted(encode_numbers(tmp_path / f"few.{suffix}", range(count), *codec), tmp_path)
    assert result.numbers == list(range(count))


@pytest.mark.parametrize("rate", [120, 240])
def test_fast_source_is_thinned_out_evenly(rate: int, tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "fast.mp4", 96, Fraction(rate))
    result = converted(source, tmp_path)
    assert (result.numbers, result.written["rate"]) == (list(range(0, 96, rate // 60)), "60")
    result.check_sum()


def test_sum_rule_holds_for_all_shared_files(shared_data: Path, tmp_path: Path) -> None:
    files = [path for folder in ("media_faults", "zoo") for path in (shared_data / folder).iterdir()]
    results = {}
    for path in files:
        try:
            results[path.name] = converted(path, tmp_path / path.name)
        except ProbeError:
            continue
    for result in results.values():
        result.check_sum()
        assert np.all(np.diff(result.source_times_s) >= -1e-6)
    left_out = {name for name, result in results.items() if result.written["left_out_frame_count"]}
    assert (len(results) > 35, left_out) == (True, set())


@pytest.mark.parametrize(("suffix", "sound"), [("mp4", "aac"), ("mkv", "aac"), ("mov", "aac"), ("ts", "mp2")])
def test_video_that_starts_after_the_sound(suffix: str, sound: str, tmp_path: Path) -> None:
    late = ("-f", "lavfi", "-i", "sine=d=8", "-map", "0:v", "-map", "1:a", "-c:a", sound, "-vf", "setpts=PTS+2/TB")
    source = encode_numbers(tmp_path / f"late.{suffix}", range(50), *late, *WITHOUT_B_FRAMES)
    result = converted(source, tmp_path)
    assert result.numbers == list(range(50))
    assert result.source["starts_at_s"] == pytest.approx(2, abs=0.1)
    assert result.source_times_s[[0, -1]] == pytest.approx([2, 3.96], abs=0.1)


@pytest.mark.parametrize(("suffix", "sound"), [("mkv", "aac"), ("flv", "aac"), ("webm", "libopus"), ("asf", "wmav2")])
def test_sound_that_goes_on_is_no_wrong_header(suffix: str, sound: str, tmp_path: Path) -> None:
    codec = {"webm": ("-c:v", "libvpx"), "asf": MPEG4}.get(suffix, WITHOUT_B_FRAMES)
    longer = ("-f", "lavfi", "-i", "sine=d=8", "-map", "0:v", "-map", "1:a", "-c:a", sound)
    source = encode_numbers(tmp_path / f"long.{suffix}", range(50), *longer, *codec)
    assert VideoInfo.from_facts(converted(source, tmp_path).source).findings == []


def test_empty_edit_delays_the_video(tmp_path: Path) -> None:
    plain = encode_numbers(tmp_path / "plain.mkv", range(50), *H264)
    source = tmp_path / "delayed.mp4"
    argv = [ffmpeg_executable(), "-v", "error", "-itsoffset", "2", "-i", str(plain), "-c", "copy", str(source)]
    subprocess.run(argv, check=True)
    result = converted(source, tmp_path)
    assert result.numbers == list(range(50))
    assert (result.source["starts_at_s"], result.source_times_s[0]) == (2, 2)


def test_edit_list_hides_the_first_frames(tmp_path: Path) -> None:
    plain = encode_numbers(tmp_path / "plain.mp4", range(100), *WITHOUT_B_FRAMES)
    source = tmp_path / "hidden.mp4"
    argv = [ffmpeg_executable(), "-v", "error", "-ss", "1.4", "-i", str(plain), "-c", "copy", str(source)]
    subprocess.run(argv, check=True)
    result = converted(source, tmp_path)
    assert result.numbers == list(range(35, 100))
    assert (result.source["starts_at_s"], result.written["undecodable_first_frames"]) == (0, 0)
    assert result.source_times_s[-1] == pytest.approx(64 / 25, abs=0.001)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["fields-first", "frames-first"])
def test_recording_of_fields_and_of_frames(order: tuple[int, int], shared_data: Path, tmp_path: Path) -> None:
    faults = shared_data / "media_faults"
    parts = [faults / name for name in ("field_coded_paff.ts", "interlaced_mbaff.ts")]
    source = tmp_path / "mixed.ts"
    source.write_bytes(b"".join(parts[index].read_bytes() for index in order))
    result = converted(source, tmp_path)
    assert (result.written["rate"], result.source["packet_count"]) == ("25", 74)
    assert (result.written["decoded_frame_count"], result.written["frame_count"]) == (74, 74)


@pytest.mark.parametrize("title", ["Überwachung".encode("latin-1"), "監視カメラ".encode("shift-jis"), b"\xff\xfe\x80"])
def test_tag_in_another_code_page(title: bytes, tmp_path: Path) -> None:
    mark = "x" * len(title)
    source = encode_numbers(tmp_path / "tag.avi", range(10), *MPEG4, "-metadata", f"title={mark}")
    source.write_bytes(source.read_bytes().replace(mark.encode(), title))
    assert converted(source, tmp_path).numbers == list(range(10))
