"""The frame rate of a recording, from the times of its frames instead of its header."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.timecode import MAX_RATE, MIN_RATE, STANDARD_RATES

_FALLBACK_RATE = Fraction(25)
_JITTER_S = 0.002
_JITTER_FRAMES = 0.1
_SNAP = Fraction(1, 100)
_MAX_SLOTS_PER_PACKET = 10
_MAX_DISPLACEMENT_S = 0.1
_BURST_S = 1 / 250
_TOO_DENSE = 0.98
_GAP_FRAMES = 3

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FrameRate:
    """The constant rate that suits a recording.

    Args:
        rate: Frames per second.
        times_s: ``(N,)`` ascending times of the frames in seconds; those of frames that arrived in bursts are evened
            out, so that each has a place of its own at the rate.
        is_variable: True when the frames do not follow the rate.
        is_assumed: True when the file does not say it.
    """

    rate: Fraction
    times_s: Times
    is_variable: bool = False
    is_assumed: bool = False


def measure_rate(times_s: Times, claimed_rates: Sequence[Fraction], tick_s: Fraction | None = None) -> FrameRate:
    """Find the frame rate of a recording.

    The first rate wins that every frame follows, up to jitter from coarse timestamps: those that the container reports,
    those in common use, the measured mean. When none does, the frames may still lie on the grid of a reported rate with
    gaps between them (dropped frames). Else it is the lowest rate that has a place for every frame near its time.

    Args:
        times_s: ``(N,)`` times of the frames in seconds, ascending.
        claimed_rates: Rates that the container reports, the most credible one first.
        tick_s: Seconds of a tick of the container's clock; a clock of one tick per frame vouches for its rate.
    """
    claimed = [rate for rate in claimed_rates if MIN_RATE <= rate <= MAX_RATE]
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return FrameRate(claimed[0] if claimed else _FALLBACK_RATE, times_s, is_assumed=not claimed)
    # Containers report averages such as 37200/1241 too; the plain rates are more credible.
    plain = [rate for rate in claimed if rate.denominator in (1, 1001)]
    mean = Fraction((len(times_s) - 1) / float(times_s[-1] - times_s[0])).limit_denominator(1001)
    for rate in (*plain, *_usual_rates(mean), *claimed, mean):
        if rate >= MIN_RATE and _follows(times_s, rate, np.arange(len(times_s))):
            return FrameRate(rate, times_s)
    for rate in (*plain, *(usual for claim in claimed for usual in _usual_rates(claim))):
        if _has_gaps_only(times_s, rate, is_vouched=tick_s is not None and abs(tick_s * rate - 1) < _SNAP):
            return FrameRate(rate, times_s, is_variable=True)
    return _lowest_rate(_without_bursts(times_s), claimed)


def limited_rate(rate: Fraction, max_rate: Fraction) -> Fraction:
    """The rate, or its largest whole part that is no more than a limit.

    Example:
        >>> limited_rate(Fraction(240000, 1001), Fraction(60))
        Fraction(60000, 1001)
    """
    return rate / -(-rate // max_rate)


def _follows(times_s: Times, rate: Fraction, slots: npt.NDArray[Any]) -> bool:
    """Whether frames lie on these slots of the grid of a rate, when the grid is shifted for the best fit."""
    deviation_s = np.ptp(times_s - slots / float(rate)) / 2
    return bool(deviation_s <= max(_JITTER_S, _JITTER_FRAMES / float(rate)))


def _has_gaps_only(times_s: Times, rate: Fraction, *, is_vouched: bool) -> bool:
    """Whether frames lie on the grid of a rate, mostly side by side: a finer grid is the grain of a clock."""
    slots = np.rint((times_s - times_s[0]) * float(rate))
    steps = np.diff(slots)
    return bool(
        slots[-1] <= _MAX_SLOTS_PER_PACKET * len(slots)
        and np.all(steps)
        and (is_vouched or np.median(steps) == 1)
        and _follows(times_s, rate, slots)
    )


def _usual_rates(measured: Fraction) -> list[Fraction]:
    near = [rate for rate in STANDARD_RATES if abs(rate - measured) <= _SNAP * measured]
    return sorted(near, key=lambda rate: abs(rate - measured))


def _without_bursts(times_s: Times) -> Times:
    """Frames that arrive faster than a camera takes them were taken evenly since the last of the burst before."""
    lasts = np.flatnonzero(np.append(np.diff(times_s) > _BURST_S, True))
    if len(lasts) < 2 or len(lasts) == len(times_s):
        return times_s
    frames = np.arange(len(times_s))
    evened: Times = np.interp(frames, lasts, times_s[lasts])
    # of the first burst only the end is known: its frames go on before it at the rate of the next
    interval_s = (times_s[lasts[1]] - times_s[lasts[0]]) / (lasts[1] - lasts[0])
    evened += interval_s * np.minimum(frames - lasts[0], 0)
    return evened


def _lowest_rate(times_s: Times, claimed: Sequence[Fraction]) -> FrameRate:
    mean = _mean_rate(times_s)
    for rate in _ascending_rates(mean, claimed):
        evened_s = _evened(times_s, float(rate))
        if np.abs(evened_s - times_s).max() <= _MAX_DISPLACEMENT_S:
            return FrameRate(rate, evened_s, is_variable=True)
    typical_s = float(np.median(np.diff(times_s)))
    return FrameRate(min(max(Fraction(1 / typical_s).limit_denominator(1001), mean), MAX_RATE), times_s, True)


def _mean_rate(times_s: Times) -> Fraction:
    """Frames per second while the recording runs; what is missing in gaps does not count."""
    intervals_s = np.diff(times_s)
    typical_s = np.median(intervals_s[intervals_s > 0])
    running_s = intervals_s[intervals_s <= _GAP_FRAMES * typical_s]
    return Fraction(1 / float(running_s.mean())).limit_denominator(1001)


def _ascending_rates(mean: Fraction, claimed: Sequence[Fraction]) -> Iterator[Fraction]:
    """Rates that leave room for all frames; those in use come before the mean itself."""
    yield from (rate for rate in _usual_rates(mean) if rate >= MIN_RATE)
    yield max(mean, MIN_RATE)
    yield from sorted(rate for rate in {*STANDARD_RATES, *claimed} if rate > mean * _TOO_DENSE)


def _evened(times_s: Times, rate: float) -> Times:
    """The least change, in squares, after which no two frames are closer than the interval of a rate.

    With one slot per frame taken off, that is an isotonic regression (Barlow and others, Statistical Inference under
    Order Restrictions, 1972).
    """
    from scipy.optimize import isotonic_regression  # takes 0.3 s to import, and few recordings need it

    frames = np.arange(len(times_s))
    delays = isotonic_regression(times_s * rate - frames).x
    if np.ptp(delays) <= 1:  # a regular recording whose stamps jitter
        delays[:] = np.median(delays)
    evened: Times = (delays + frames) / rate
    return evened
