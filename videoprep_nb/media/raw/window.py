"""Which frames of a recording are taken: those from a start on that are before an end."""

import math

import numpy as np

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.raw.rate import Times

_TOLERANCE_S = 0.001  # people and many containers write times in milliseconds
_REORDERED_S = 1.0  # how far behind the end frames may come that lie before it


class Window:
    """Decides frame by frame, in the order of showing.

    Args:
        start_s: Seconds after the first frame of the recording.
        end_s: Likewise; None for its end.
        interval_s: From frame to frame, for recordings without times.

    Example:
        >>> window = Window(0.04, 0.12, interval_s=0.04)
        >>> [window.takes(time_s) for time_s in (0.0, 0.04, None, 0.12)], window.is_over
        ([False, True, True, False], False)
    """

    def __init__(self, start_s: float, end_s: float | None, interval_s: float) -> None:
        self.start_s = start_s
        self._first_s = start_s - _TOLERANCE_S if start_s else -math.inf
        self._end_s = math.inf if end_s is None else end_s - _TOLERANCE_S
        self._interval_s = interval_s
        self._time_s = -interval_s

    def takes(self, time_s: float | None) -> bool:
        """Whether the next frame is taken.

        Args:
            time_s: Its time in seconds; None if unknown: one interval after the frame before.
        """
        self._time_s = self._time_s + self._interval_s if time_s is None else time_s
        return self._first_s <= self._time_s < self._end_s

    @property
    def is_over(self) -> bool:
        """Whether no later frame is taken."""
        return self._time_s >= self._end_s + _REORDERED_S

    def range_of(self, times_s: Times) -> range:
        """Which frames are taken.

        Args:
            times_s: ``(N,)`` ascending times of the frames in seconds.
        """
        first, end = np.searchsorted(times_s, (self._first_s, self._end_s))
        return range(int(first), int(end))

    def length_s(self, times_s: Times, duration_s: float) -> float:
        """How long the part is that is taken.

        Args:
            times_s: ``(N,)`` ascending times of the frames in seconds; empty if unknown.
            duration_s: How long the recording is.

        Raises:
            ProbeError: There is no frame in it; the message is the end of a sentence.
        """
        if self.start_s >= duration_s:
            raise ProbeError(
                f"its start ({self.start_s:g} s) is after the end of the video ({format_duration(duration_s)})"
            )
        if not len(times_s):
            return min(self._end_s, duration_s) - self.start_s
        taken = self.range_of(times_s)
        if not taken:
            raise ProbeError(f"it has no frame between {self.start_s:g} s and {self._end_s + _TOLERANCE_S:g} s")
        return float(times_s[taken[-1]] - times_s[taken[0]] + self._interval_s)
