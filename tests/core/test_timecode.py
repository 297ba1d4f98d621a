"""Rates and frame numbers."""

from fractions import Fraction

import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.timecode import (
    STANDARD_RATES,
    first_frame_at_or_after,
    format_duration,
    nearest_frame,
    parse_rate,
    sampled_frames,
    sampling_stride,
    seconds,
)

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("rate", "sampled_fps", "stride"),
    [
        (10, 8, 1),
        (15, 8, 1),
        (24, 8, 3),
        (25, 8, 3),
        (NTSC, 10, 3),
        (float(NTSC), 10, 3),
        (60, 8, 7),
        (10, 60, 1),
        (120, 60, 2),
    ],
)
def test_no_fewer_frames_are_sampled_than_requested(rate: Fraction | float, sampled_fps: float, stride: int) -> None:
    assert sampling_stride(rate, sampled_fps) == stride
    assert sampling_stride(rate, sampled_fps, frame_stride=9) == 9


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        (" 12.5 ", Fraction(25, 2)),
        ("29.97", NTSC),
        ("29.970", NTSC),
        ("30000/1001", NTSC),
        ("30", Fraction(30)),
        ("23.976", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("119.88", Fraction(120000, 1001)),
        ("0.1", Fraction(1, 10)),
        ("240", Fraction(240)),
    ],
)
def test_parse_rate(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "fast", "25 fps", "1/0", "0", "-25", "0.09", "240.1", "nan", "inf", "1e999999999", "1/1e9"]
)
def test_what_is_no_rate_is_refused_by_name(text: str) -> None:
    with pytest.raises(ParameterError, match="frame rate") as caught:
        parse_rate(text, "resize.frame_rate")
    assert caught.value.field == "resize.frame_rate"


def test_seconds_are_exact() -> None:
    assert seconds(0.1) == Fraction(1, 10)
    assert seconds(15.0) == 15


@pytest.mark.parametrize(
    ("time_s", "rate", "first", "nearest"),
    [
        pytest.param(Fraction(0), Fraction(25), 0, 0, id="start"),
        pytest.param(Fraction(1), Fraction(25), 25, 25, id="on-a-frame"),
        pytest.param(Fraction(1), NTSC, 30, 30, id="after-a-frame"),
        pytest.param(Fraction(1, 100), Fraction(25), 1, 0, id="just-after-a-frame"),
        pytest.param(Fraction(1, 50), Fraction(25), 1, 1, id="half-way"),
        pytest.param(Fraction(15), NTSC, 450, 450, id="clip"),
    ],
)
def test_frames_of_a_time(time_s: Fraction, rate: Fraction, first: int, nearest: int) -> None:
    assert first_frame_at_or_after(time_s, rate) == first
    assert nearest_frame(time_s, rate) == nearest


@pytest.mark.parametrize("rate", STANDARD_RATES, ids=str)
def test_every_clip_of_15_s_has_15_frames_at_any_rate(rate: Fraction) -> None:
    for clip in range(100):
        start, stop = (first_frame_at_or_after(Fraction(15 * border), rate) for border in (clip, clip + 1))
        indices = sampled_frames(stop - start, rate, Fraction(1))
        assert len(indices) == 15
        assert all(abs(index / rate - second) <= 1 / (2 * rate) for second, index in enumerate(indices))


@pytest.mark.parametrize(
    ("frame_count", "frames_per_second", "indices"),
    [
        pytest.param(45, Fraction(1), [0, 10, 20, 30, 40], id="remainder"),
        pytest.param(1, Fraction(1), [0], id="one-frame"),
        pytest.param(0, Fraction(1), [], id="no-frame"),
        pytest.param(4, Fraction(10), [0, 1, 2, 3], id="every-frame"),
        pytest.param(4, Fraction(50), [0, 1, 2, 3], id="more-than-there-are"),
        pytest.param(25, Fraction(1, 2), [0, 20], id="every-other-second"),
        pytest.param(10, Fraction(4), [0, 3, 5, 8], id="between-frames"),
    ],
)
def test_sampled_frames_at_10_per_second(frame_count: int, frames_per_second: Fraction, indices: list[int]) -> None:
    assert sampled_frames(frame_count, Fraction(10), frames_per_second) == indices


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0.0 s"),
        (0.001, "0.01 s"),
        (0.04, "0.04 s"),
        (4.5, "4.5 s"),
        (59.9, "59.9 s"),
        (60, "1 min 00 s"),
        (125.4, "2 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_format_duration(duration_s: float, text: str) -> None:
    assert format_duration(duration_s) == text
