"""The frame rate of a file, from the timestamps of its packets instead of its header."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.timecode import STANDARD_RATES

MIN_RATE = Fraction(1, 10)
MAX_RATE = Fraction(240)
_FALLBACK_RATE = Fraction(25)
_JITTER_S = 0.002
_JITTER_FRAMES = 0.1
_SNAP = Fraction(1, 100)
_MAX_SLOTS_PER_PACKET = 10
MAX_PAUSE_S = 3600.0
"""A longer step ahead in a stream is a restart of its clock."""

_MAX_STEP_BACK_S = 0.1  # as in ffmpeg

Times = npt.NDArray[np.float64]


def measure_rate(times_s: Times, claimed_rates: Sequence[Fraction]) -> tuple[Fraction, bool]:
    """Find the frame rate that packets really follow.

    The first rate wins that every packet follows, up to jitter from coarse timestamps: those that the container
    reports, those in common use, the measured mean. When none does, the packets may still lie on the grid of a reported
    rate with gaps between them (dropped frames); else the rate is that of the median interval.

    Args:
        times_s: ``(N,)`` times of the packets in seconds, ascending.
        claimed_rates: Rates that the container reports, the most credible one first.

    Returns:
        The rate in frames per second, and whether it is variable.
    """
    claimed = [rate for rate in claimed_rates if _is_sane(rate)]
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return (claimed[0] if claimed else _FALLBACK_RATE), False
    # Containers report averages such as 37200/1241 too; the plain rates are more credible.
    plain = [rate for rate in claimed if rate.denominator in (1, 1001)]
    mean = Fraction((len(times_s) - 1) / float(times_s[-1] - times_s[0])).limit_denominator(1001)
    for rate in (*plain, *_usual_rates(mean), *claimed, mean):
        if _is_sane(rate) and _follows(times_s, rate, np.arange(len(times_s))):
            return rate, False
    for rate in (*plain, *(usual for claim in claimed for usual in _usual_rates(claim))):
        slots = np.rint((times_s - times_s[0]) * float(rate))
        if (
            slots[-1] <= _MAX_SLOTS_PER_PACKET * len(slots)
            and np.all(np.diff(slots))
            and _follows(times_s, rate, slots)
        ):
            return rate, True
    typical = _median_rate(times_s)
    rate = next(iter(_usual_rates(typical)), typical)
    return min(max(rate, MIN_RATE), MAX_RATE), True


def without_jumps(times_s: Times, decode_times_s: Times) -> tuple[Times, int]:
    """Join the parts of a recording whose clock restarted, as ffmpeg does for MPEG streams.

    Args:
        times_s: ``(N,)`` presentation times in seconds, in the order of the file.
        decode_times_s: ``(N,)`` decoding times in seconds, ascending but for the jumps.

    Returns:
        The presentation times on one clock, and the number of jumps.
    """
    steps_s = np.diff(decode_times_s)
    jumps = (steps_s < -_MAX_STEP_BACK_S) | (steps_s > MAX_PAUSE_S)
    if not jumps.any() or jumps.all():
        return times_s, 0
    corrections_s = np.where(jumps, np.median(steps_s[~jumps]) - steps_s, 0)
    return times_s + np.concatenate([[0], np.cumsum(corrections_s)]), int(jumps.sum())


def _is_sane(rate: Fraction) -> bool:
    return MIN_RATE <= rate <= MAX_RATE


def _follows(times_s: Times, rate: Fraction, slots: npt.NDArray[Any]) -> bool:
    """Whether packets lie on these slots of the grid of a rate, when the grid is shifted for the best fit."""
    deviation_s = np.ptp(times_s - slots / float(rate)) / 2
    return bool(deviation_s <= max(_JITTER_S, _JITTER_FRAMES / float(rate)))


def _usual_rates(measured: Fraction) -> list[Fraction]:
    near = [rate for rate in STANDARD_RATES if abs(rate - measured) <= _SNAP * measured]
    return sorted(near, key=lambda rate: abs(rate - measured))


def _median_rate(times_s: Times) -> Fraction:
    """One over the median interval; those near it are averaged, which evens out coarse timestamps."""
    intervals = np.diff(times_s)
    intervals = intervals[intervals > 0]
    near = intervals[np.abs(intervals - np.median(intervals)) <= _JITTER_S]
    return Fraction(1 / float(near.mean())).limit_denominator(1001)
