"""A part of a video is taken frame by frame: what is in the standard video is the cut of the source."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic import encode_numbers, numbers_in, write_counter_video
from videoprep_nb.core.errors import ParameterError, ProbeError
from videoprep_nb.core.timecode import first_frame_at_or_after, seconds
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize


def standardise(source: Path, folder: Path, part: str, **options: object) -> ResizeResult:
    params = ResizeParams(
        input_file=str(source), output_dir=str(folder), width=320, height=180, time_ranges=[part], **options
    )
    return resize(params, lambda done, total, unit: None)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(10)], ids=str)
@pytest.mark.parametrize(("start_s", "end_s"), [(2, 5), (0, 3), (4.2, 6), (1.5, None)])
def test_frames_are_those_from_the_start_to_the_end(
    rate: Fraction, start_s: float, end_s: float | None, tmp_path: Path
) -> None:
    count = round(8 * rate)
    source = write_counter_video(tmp_path / "source.mp4", count, rate)
    result = standardise(source, tmp_path, f"1:{start_s}-{end_s or ''}")
    first = first_frame_at_or_after(seconds(start_s), rate)
    expected = list(range(first, count if end_s is None else first_frame_at_or_after(seconds(end_s), rate)))
    assert numbers_in(tmp_path / "1.mp4") == expected
    assert result.frame_count == result.decoded_frame_count == result.expected_frame_count == len(expected)
    times_s = [float(number / rate) for number in expected]
    assert np.load(tmp_path / "1_stamps.npy") == pytest.approx(times_s, abs=0.001)
    assert np.load(tmp_path / "1_source_times.npy") == pytest.approx(times_s, abs=0.001)
    [finding] = [finding for finding in result.findings if "taken" in finding]
    assert finding.startswith(f"only 0:0{start_s:.1f} to ")
    assert ResizeResult.read(tmp_path / "1.json") == result


def test_part_begins_between_key_frames(tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / "source.mkv", range(100), "-c:v", "libx264", "-g", "50", "-bf", "2")
    result = standardise(source, tmp_path, "1:1.04-3")
    assert numbers_in(tmp_path / "1.mp4") == list(range(26, 75))
    assert (result.damage, result.decoding_error_count) == ([], 0)


def test_recording_without_times_is_cut_by_its_rate(tmp_path: Path) -> None:
    source = encode_numbers(tmp_path / "source.h264", range(75), "-c:v", "libx264", "-bf", "0")
    standardise(source, tmp_path, "1:1-2")
    assert numbers_in(tmp_path / "1.mp4") == list(range(25, 50))


def test_gap_is_kept_and_its_place_is_that_in_the_part(tmp_path: Path) -> None:
    times_s = [Fraction(number, 25) + (2 if number >= 50 else 0) for number in range(100)]
    source = write_counter_video(tmp_path / "source.mp4", 100, Fraction(25), times_s)
    result = standardise(source, tmp_path, "1:1-5")
    assert numbers_in(tmp_path / "1.mp4") == [*range(25, 50), *[49] * 50, *range(50, 75)]
    assert [gap.start_frame for gap in result.gaps] == [24]


def test_part_of_another_video_changes_nothing(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 20, Fraction(10))
    standardise(source, tmp_path, "2:1-2")
    assert numbers_in(tmp_path / "1.mp4") == list(range(20))


@pytest.mark.parametrize("part", ["1:1-1.5", "source.mp4:1-1.5"])
def test_video_is_named_by_number_or_name(part: str, tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 20, Fraction(10))
    standardise(source, tmp_path, part)
    assert numbers_in(tmp_path / "1.mp4") == list(range(10, 15))


def test_start_after_the_end_of_the_video_is_refused(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 20, Fraction(10))
    with pytest.raises(ProbeError, match=r"its start \(7 s\) is after the end of the video \(2.0 s\)"):
        standardise(source, tmp_path / "out", "1:7-9")
    with pytest.raises(ProbeError, match=r"no frame between 1.02 s and 1.05 s"):
        standardise(source, tmp_path / "out", "1:1.02-1.05")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["1:5-2"], "expected an end behind the start"),
        (["1:-"], "such as 2:12.5-60"),
        (["12-60"], "such as 2:12.5-60"),
        (["1:1e3-2e3"], "such as 2:12.5-60"),
        (["1:1-2", "1:3-4"], "expected one part of video"),
    ],
)
def test_texts_that_name_no_part_are_refused(parts: list[str], words: str) -> None:
    with pytest.raises(ParameterError, match="time_ranges") as caught:
        ResizeParams.checked({"time_ranges": parts})
    assert words in caught.value.reason
