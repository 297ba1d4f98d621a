"""Frame numbers and times, with rational frame rates.

Frame ``i`` (zero-based) of a video of constant rate ``r`` is shown from ``i / r`` seconds on.
Rates are fractions, never floats: 29.97 is 30000/1001.
"""

import math
import re
from fractions import Fraction

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted

_NTSC = 1.001

MIN_RATE = Fraction(1, 10)
MAX_RATE = Fraction(240)

# Rates that cameras and editors use; measured rates are snapped to them.
STANDARD_RATES: tuple[Fraction, ...] = tuple(
    Fraction(rate)
    for rate in (
        "5", "6", "7.5", "8", "10", "12", "12.5", "15", "20", "24000/1001", "24", "25",
        "30000/1001", "30", "48", "50", "60000/1001", "60", "100", "120000/1001", "120", "240",
    )
)  # fmt: skip


_RATE = re.compile(r"\d{0,9}\.?\d{1,20}|\d{1,9}\.|\d{1,9}/\d{1,9}", re.ASCII)


def parse_rate(text: str, field: str = "frame_rate") -> Fraction:
    """Read a frame rate such as ``25``, ``29.97`` or ``30000/1001``.

    Args:
        text: The rate as a person writes it; 23.976, 29.97, 59.94 and 119.88 mean the NTSC fractions.
        field: Parameter name for the error message.

    Returns:
        The rate in frames per second.

    Raises:
        ParameterError: The text is not a rate between 1/10 and 240.
    """
    try:
        # no powers of ten, which Fraction accepts too: 1e999999999 would take hours
        rate = Fraction(text.strip() if _RATE.fullmatch(text.strip()) else "not a rate")
    except (ValueError, ZeroDivisionError):
        expected = "a frame rate such as 25, 29.97 or 30000/1001"
        raise ParameterError(field, f"got {quoted(text)}, expected {expected}") from None
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ParameterError(field, f"got {quoted(text)}, expected a frame rate between 0.1 and 240")
    ntsc = [standard for standard in STANDARD_RATES if standard.denominator == 1001]
    return next((standard for standard in ntsc if abs(standard - rate) < Fraction(1, 200)), rate)


def seconds(value: float) -> Fraction:
    """The exact decimal value of a number of seconds: ``0.1`` becomes 1/10."""
    return Fraction(str(value))


def first_frame_at_or_after(time_s: Fraction, rate: Fraction) -> int:
    """Index of the first frame that is shown at ``time_s`` or later."""
    return math.ceil(time_s * rate)


def nearest_frame(time_s: Fraction, rate: Fraction) -> int:
    """Index of the frame whose time is nearest to ``time_s``; the later one of two equally near."""
    return math.floor(time_s * rate + Fraction(1, 2))


def sampled_frames(frame_count: int, rate: Fraction, frames_per_second: Fraction) -> list[int]:
    """Indices of the frames to take from a clip: those nearest to 0, 1/n, 2/n, … seconds.

    Args:
        frame_count: Frames of the clip.
        rate: Frames per second of the clip.
        frames_per_second: Frames to take per second; more than the clip has takes every frame once.

    Returns:
        Strictly increasing indices below ``frame_count``; a 15 s clip at 1 per second has 15, at any rate.
    """
    step_s = 1 / min(frames_per_second, rate)
    indices: list[int] = []
    # A time after the last frame is the next clip's first: at 59.94 per second frame 899 is the one nearest to 15 s,
    # and still in a clip of 15 s, which is cut before frame 900.
    while first_frame_at_or_after(len(indices) * step_s, rate) < frame_count:
        indices.append(nearest_frame(len(indices) * step_s, rate))
    return indices


def sampling_stride(rate: Fraction | float, sampled_fps: float, frame_stride: int = 1) -> int:
    """Every how many frames one is sampled.

    Args:
        rate: Frames per second of the video.
        sampled_fps: Frames per second to sample; as the stride is a whole number, up to twice as many are.
        frame_stride: Sample every n-th frame at most.

    Returns:
        The stride; 1 for a video of a lower rate. NTSC rates count as the whole ones: 29.97 as 30.

    Example:
        >>> [sampling_stride(rate, 8) for rate in (6, 10, 15, 25, 30000 / 1001, 60)]
        [1, 1, 1, 3, 3, 7]
        >>> sampling_stride(25, 60, frame_stride=5)
        5
    """
    return max(frame_stride, math.floor(float(rate) * _NTSC / sampled_fps + 1e-9), 1)


def format_duration(duration_s: float) -> str:
    """Seconds for people: ``0.04 s``, ``4.5 s``, ``2 min 05 s``, ``1 h 02 min``."""
    if 0 < duration_s < 0.1:
        return f"{max(0.01, duration_s):.2f} s"
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes, secs = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {secs:02d} s"


def format_clock(time_s: float) -> str:
    """A time in a video: ``0:07.5``, ``12:00.0``, ``1:02:03.0``."""
    tenths = round(time_s * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    secs = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{secs}" if hours else f"{minutes}:{secs}"
