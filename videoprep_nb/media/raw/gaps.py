"""Where a recording has no frames though it goes on."""

import numpy as np
import numpy.typing as npt

_MIN_GAP_S = 0.5
_MIN_GAP_STEPS = 5
_MIN_REGULAR_SHARE = 0.5
_MAX_JITTER = 0.5

Slots = npt.NDArray[np.int64]


def long_gaps(slots: Slots, rate: float) -> npt.NDArray[np.intp]:
    """Steps that last much longer than others.

    Args:
        slots: ``(N,)`` ascending, one for each frame.
        rate: Slots per second.

    Returns:
        Indexes of the frames before.
    """
    steps = np.diff(slots)
    if not len(steps):
        return np.empty(0, np.intp)
    return np.flatnonzero(steps > max(_MIN_GAP_S * rate, _MIN_GAP_STEPS * float(np.median(steps))))


def lost_frames(slots: Slots, times: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Steps where a recording of regular frames lacks some; parts with a lower rate of their own lack none.

    Args:
        slots: ``(N,)`` ascending, one for each frame, at the rate of the recording.
        times: ``(N,)`` their times in slots; those of a regular recording are close to whole numbers.

    Returns:
        Indexes of the frames before.

    Example:
        >>> slots = np.array([0, 1, 2, 5, 6, 7, 9, 11, 13, 15, 16, 17, 18])
        >>> lost_frames(slots, slots + 0.1).tolist()
        [2]
    """
    steps = np.diff(slots)
    if not len(steps) or np.mean(steps == 1) < _MIN_REGULAR_SHARE or np.ptp(times - slots) > _MAX_JITTER:
        return np.empty(0, np.intp)
    before, after = np.append(1, steps[:-1]), np.append(steps[1:], 1)
    return np.flatnonzero((steps > 1) & (steps != before) & (steps != after))
