"""Times of frames that a network or a busy recorder held back and then delivered at once."""

import numpy as np
import numpy.typing as npt

_BURST_S = 1 / 250
_MAX_BURST_INTERVALS = 2
_MAX_BURST_INTERVAL_S = 1.0
_LATE_S = 0.1
_MAX_LATE_S = 10.0
_MAX_MORE_LATE_S = 0.05
_MAX_LATE_SHARE = 0.2
_MAX_DRIFT = 0.3

Times = npt.NDArray[np.float64]


def without_bursts(times_s: Times) -> Times:
    """Frames that arrive faster than a camera takes them were taken evenly since the last of the burst before.

    Args:
        times_s: ``(N,)`` ascending times in seconds.

    Returns:
        ``(N,)`` ascending; a burst behind a pause does not reach into it.

    Example:
        >>> without_bursts(np.array([0.0, 0.001, 0.08, 0.081, 0.16, 0.161])).round(3).tolist()
        [-0.039, 0.001, 0.041, 0.081, 0.121, 0.161]
    """
    lasts = np.flatnonzero(np.append(np.diff(times_s) > _BURST_S, True))
    if len(lasts) < 2 or len(lasts) == len(times_s):
        return times_s
    sizes = np.diff(lasts, prepend=-1)
    intervals_s = np.diff(times_s[lasts]) / sizes[1:]
    # of the first burst only the end is known: its frames go on before it at the rate of the next
    intervals_s = np.append(intervals_s[0], intervals_s)
    typical_s = float(np.median(np.repeat(intervals_s, sizes)))
    intervals_s = np.minimum(intervals_s, min(_MAX_BURST_INTERVALS * typical_s, _MAX_BURST_INTERVAL_S))
    frames_to_last = np.repeat(lasts, sizes) - np.arange(len(times_s))
    evened: Times = np.repeat(times_s[lasts], sizes) - frames_to_last * np.repeat(intervals_s, sizes)
    return evened


def caught_up(times_s: Times, rate: float) -> Times:
    """Frames that a recorder delivered late, after a stall, at the times when a camera of a rate took them.

    After a stall the frames come faster than the rate until none is missing. Without a stall, a part of the recording
    that is faster than the rate has no such explanation, and all times stay.

    Args:
        times_s: ``(N,)`` ascending times in seconds.
        rate: Frames per second.

    Returns:
        ``(N,)`` ascending.
    """
    frames = np.arange(len(times_s)) / rate
    delays = times_s - frames
    taken_s: Times = np.minimum.accumulate(delays[::-1])[::-1] + frames
    late_s = times_s - taken_s
    is_late = late_s > _LATE_S
    if is_late[0] or not 0 < is_late.mean() <= _MAX_LATE_SHARE or late_s.max() > _MAX_LATE_S:
        return times_s
    # a frame that is late for another reason than a stall is later than those before it
    stalls = np.flatnonzero(is_late & ~np.append(False, is_late[:-1]))
    stall_of = np.searchsorted(stalls, np.flatnonzero(is_late), side="right") - 1
    is_regular = abs(np.median(np.diff(times_s)) * rate - 1) < _MAX_DRIFT
    if not is_regular or np.any(late_s[is_late] > late_s[stalls][stall_of] + _MAX_MORE_LATE_S):
        return times_s
    return np.where(is_late, taken_s, times_s)
