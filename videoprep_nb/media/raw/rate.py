"""The frame rate of a recording, from the times of its frames instead of its header."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.timecode import MAX_RATE, MIN_RATE, STANDARD_RATES
from videoprep_nb.media.raw.bursts import caught_up, without_bursts

_FALLBACK_RATE = Fraction(25)
_MIN_HEADER_RATE = 1 / 600
_MAX_CAMERA_RATE = 1010  # with room for rounded stamps
_JITTER_S = 0.002
_JITTER_FRAMES = 0.1
_JITTER_BESIDE_GAPS = 0.2
_SNAP = Fraction(1, 100)
_MAX_ROUNDING = 0.05
_MAX_SLOTS_OF_CLAIM = 10
_MAX_SLOTS_OF_GUESS = 4
_MAX_DISPLACEMENT_S = 0.1
_MAX_DISPLACEMENT_FRAMES = 0.4  # counts for slow cameras only
_DENSE = (0.1, 0.5)  # quantiles of the intervals
_MAX_DENSE_SPREAD = 1.5
_MIN_SHARE_SIDE_BY_SIDE = 0.15
_TOO_DENSE = 0.98
_MAX_GAPS = 1.6
_GAP_FRAMES = 3

_SLOW_RATES = (*(Fraction(1, seconds) for seconds in range(2, 11)), *map(Fraction, range(1, 5)))
_USUAL_RATES = (*_SLOW_RATES, *STANDARD_RATES)

MAX_SLOTS_PER_FRAME = 100
"""Frames of the standard video for one of the recording, on average; more would be a video of standing images."""

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
        tick_s: Seconds of a tick of the container's clock; one tick per frame vouches for the first claimed rate.
    """
    claimed = [rate for rate in claimed_rates if MIN_RATE <= rate <= MAX_RATE]
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return FrameRate(claimed[0] if claimed else _FALLBACK_RATE, times_s, is_assumed=not claimed)
    if _is_absurd(times_s, tick_s):
        return FrameRate(_FALLBACK_RATE, np.arange(len(times_s)) / float(_FALLBACK_RATE), is_assumed=True)
    # Containers report averages such as 37200/1241 too; the plain rates are more credible.
    plain = [rate for rate in claimed if rate.denominator in (1, 1001)]
    mean = Fraction((len(times_s) - 1) / float(times_s[-1] - times_s[0])).limit_denominator(1001)
    frames = np.arange(len(times_s))
    rounding = float(tick_s or 0) / float(times_s[-1] - times_s[0])
    for rate in (*plain, *_usual_rates(mean, min(max(float(_SNAP), rounding), _MAX_ROUNDING)), *claimed, mean):
        if rate >= MIN_RATE and _follows(times_s, rate, frames, tick_s):
            return FrameRate(rate, times_s)
    for rate in (*plain, *(usual for claim in claimed for usual in _usual_rates(claim))):
        is_vouched = tick_s is not None and abs(tick_s * rate - 1) < _SNAP and abs(rate / claimed[0] - 1) < _SNAP
        min_share = 0 if is_vouched else _MIN_SHARE_SIDE_BY_SIDE
        if _has_gaps_only(times_s, rate, min_share, _MAX_SLOTS_OF_CLAIM):
            return FrameRate(rate, times_s, is_variable=True)
    for step_s in _dense_steps(np.diff(times_s)):
        for rate in _usual_rates(_as_rate(step_s)):
            if _has_gaps_only(times_s, rate, _MIN_SHARE_SIDE_BY_SIDE, _MAX_SLOTS_OF_GUESS):
                return FrameRate(rate, times_s, is_variable=True)
    return _lowest_rate(without_bursts(times_s), claimed)


def limited_rate(rate: Fraction, max_rate: Fraction) -> Fraction:
    """The rate, or its largest whole part that is no more than a limit.

    Example:
        >>> limited_rate(Fraction(240000, 1001), Fraction(60))
        Fraction(60000, 1001)
    """
    return rate / -(-rate // max_rate)


def _dense_steps(steps_s: Times) -> Iterator[float]:
    """Seconds from frame to frame where none is missing, by several measures."""
    dense_s = [float(step_s) for step_s in np.quantile(steps_s, _DENSE)]
    yield from dense_s
    yield float(steps_s[steps_s <= _MAX_DENSE_SPREAD * dense_s[0]].mean())  # jitter evens out


def _is_absurd(times_s: Times, tick_s: Fraction | None) -> bool:
    """Whether the times come from a header with a rate that no camera has: the clock counts frames, or races."""
    counts = tick_s is not None and np.allclose(np.diff(times_s), float(tick_s), rtol=1e-3)
    is_odd = tick_s is not None and not _MIN_HEADER_RATE <= 1 / tick_s <= MAX_RATE
    races = len(times_s) - 1 > _MAX_CAMERA_RATE * float(times_s[-1] - times_s[0])
    return bool((counts and is_odd) or races)


def _follows(
    times_s: Times,
    rate: Fraction,
    slots: npt.NDArray[Any],
    tick_s: Fraction | None = None,
    jitter_frames: float = _JITTER_FRAMES,
) -> bool:
    """Whether frames lie on these slots of the grid of a rate, when the grid is shifted for the best fit.

    Times that are rounded to a tick of a coarse clock may be half a tick off, no more.
    """
    deviation_s = np.ptp(times_s - slots / float(rate)) / 2
    rounding_s = float(tick_s) / 2 if tick_s is not None and tick_s * rate < 1 else 0.0
    return bool(deviation_s <= max(_JITTER_S, jitter_frames / float(rate), rounding_s))


def _has_gaps_only(times_s: Times, rate: Fraction, min_share: float, max_slots: float) -> bool:
    """Whether frames lie on the grid of a rate, a share of them side by side: a finer grid is the grain of a clock."""
    slots = np.rint((times_s - times_s[0]) * float(rate))
    steps = np.diff(slots)
    return bool(
        slots[-1] <= max_slots * len(slots)
        and np.all(steps)
        and np.mean(steps == 1) >= min_share
        and _follows(times_s, rate, slots, jitter_frames=_JITTER_BESIDE_GAPS)
    )


def _usual_rates(measured: Fraction, snap: float = float(_SNAP)) -> list[Fraction]:
    near = [rate for rate in _USUAL_RATES if abs(rate - measured) <= snap * measured]
    return sorted(near, key=lambda rate: abs(rate - measured))


def _lowest_rate(times_s: Times, claimed: Sequence[Fraction]) -> FrameRate:
    highest = _highest_rate(times_s)
    for rate in _candidate_rates(times_s, claimed):
        if rate > highest:
            break
        delivered_s = caught_up(times_s, float(rate))
        evened_s = _evened(delivered_s, float(rate))
        if np.abs(evened_s - delivered_s).max() <= max(_MAX_DISPLACEMENT_S, _MAX_DISPLACEMENT_FRAMES / float(rate)):
            return FrameRate(rate, evened_s, is_variable=True)
    return FrameRate(highest, _evened(times_s, float(highest)), is_variable=True)


def _highest_rate(times_s: Times) -> Fraction:
    """A few frames that are close together do not justify repeating all others hundreds of times."""
    slots = MAX_SLOTS_PER_FRAME * len(times_s)
    return max(MIN_RATE, min(MAX_RATE, Fraction(slots / float(times_s[-1] - times_s[0])).limit_denominator(1001)))


def _candidate_rates(times_s: Times, claimed: Sequence[Fraction]) -> Iterator[Fraction]:
    """Rates that leave room for all frames, the most plausible one first, then ascending."""
    running = _running_rate(times_s)
    typical = _typical_rate(times_s)
    whole = _as_rate(float(times_s[-1] - times_s[0]) / (len(times_s) - 1))
    likely = [typical] if typical <= running * _MAX_GAPS else []
    for rate in (whole, *likely, running):
        yield from (usual for usual in _usual_rates(rate) if usual >= MIN_RATE)
    yield max(running, MIN_RATE)
    yield from sorted(rate for rate in {*_USUAL_RATES, *claimed} if rate > running * _TOO_DENSE)
    yield MAX_RATE


def _typical_rate(times_s: Times) -> Fraction:
    """Frames per second where no frame is missing; a gap that misses some counts for as many."""
    intervals_s = np.diff(times_s)
    typical_s = float(np.median(intervals_s[intervals_s > 0]))
    frames = np.rint(intervals_s / typical_s)
    counts = (frames > 0) & (frames <= _GAP_FRAMES)
    return _as_rate(float(intervals_s[counts].sum() / frames[counts].sum()))


def _running_rate(times_s: Times) -> Fraction:
    """Frames per second while the recording runs; what is missing in gaps does not count."""
    intervals_s = np.diff(times_s)
    typical_s = np.median(intervals_s[intervals_s > 0])
    return _as_rate(float(intervals_s[intervals_s <= _GAP_FRAMES * typical_s].mean()))


def _as_rate(interval_s: float) -> Fraction:
    return min(Fraction(1 / max(interval_s, 1e-6)).limit_denominator(1001), MAX_RATE)


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
