"""Where a frame goes in a video of constant rate."""

import math
from fractions import Fraction


class Slots:
    """Gives each frame the slot next to its time; a frame whose slot is taken goes into the next one.

    Args:
        rate: Frames per second of the video that is written.
        own_rate: Frames per second of the recording. When it is higher, a frame whose slot is taken is left out.
        start_s: Time of slot 0; None: that of the first frame.
        first_slot: The first slot that is free.

    Example:
        >>> slots = Slots(Fraction(10), Fraction(10))
        >>> [slots.place(time_s) for time_s in (7.0, 7.1, 7.12, 7.5)]
        [0, 1, 2, 5]
    """

    def __init__(self, rate: Fraction, own_rate: Fraction, start_s: float | None = None, first_slot: int = 0) -> None:
        self._rate = float(rate)
        self._keep_all = rate >= own_rate
        # a slot takes the frames nearest to it; of several, those around its beginning
        self._reach = min(0.5, float(rate / own_rate / 2))
        self._start_s = start_s
        self._last_time_s = 0.0
        self._next = first_slot

    @property
    def filled(self) -> int:
        """Slots up to the last one with a frame, that one included."""
        return self._next

    def place(self, time_s: float | None) -> int | None:
        """The slot of the next frame.

        Args:
            time_s: Its time in seconds; None if unknown: one interval after the frame before.

        Returns:
            Zero-based; None if the frame is left out.
        """
        if self._start_s is None:
            self._start_s = 0.0 if time_s is None else time_s
            time_s = self._start_s
        elif time_s is None:
            time_s = self._last_time_s + 1 / self._rate
        self._last_time_s = time_s
        slot = self.nominal(time_s)
        if slot < self._next:
            if not self._keep_all:
                return None
            slot = self._next
        self._next = slot + 1
        return slot

    def nominal(self, time_s: float) -> int:
        """The slot next to a time, whether it is taken or not; only after the first frame."""
        assert self._start_s is not None
        # rounded first, as times are whole ticks and half a slot is exact
        return math.floor(round((time_s - self._start_s) * self._rate, 6) + self._reach)
