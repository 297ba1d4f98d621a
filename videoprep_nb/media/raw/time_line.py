"""One clock for a recording whose stamps jump, pause, repeat or are missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Ticks = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]

NO_STAMP = np.iinfo(np.int64).min
"""Stands for a stamp that a packet does not have."""

_LARGEST_STAMP = 1 << 61  # differences of two stamps stay within 64 bits
_MAX_STEP_BACK_S = 0.1  # as in ffmpeg
_REORDERED_FRAMES = 16  # H.264 and HEVC reorder no more than this
_MAX_DELAY_S = 10.0
_LONGEST_PAUSE_S = 86_400.0
_SLOW_CAMERA = 20
_FALLBACK_INTERVAL_S = 0.04


@dataclass(frozen=True)
class Cut:
    """A place where the clock of the file and the time line part.

    Args:
        packet: Index of the first packet behind it, in the order of the file.
        at_s: Its time on the time line, in seconds after the first packet.
        removed_s: Seconds that the clock of the file went on more than the time line; negative where it went back.
    """

    packet: int
    at_s: float
    removed_s: float

    @property
    def is_pause(self) -> bool:
        """True for a pause of the recording, False for a clock that was set anew."""
        return 0 < self.removed_s <= _LONGEST_PAUSE_S


@dataclass(frozen=True)
class TimeLine:
    """The packets of a recording on one clock, in the order of the file, in ticks of the stream.

    Args:
        shown: ``(N,)`` int64 presentation stamps, ``NO_STAMP`` where there is none.
        decoded: ``(N,)`` int64 decoding stamps, likewise.
        removed: ``(N,)`` int64 ticks; the stamp in the file is that on the time line and this.
        paused: ``(N,)`` int64 ticks, the part of it that is pauses which were cut out.
        tick_s: Seconds of a tick.
        cuts: Where the clock was set anew, and pauses that were cut out.
    """

    shown: Ticks
    decoded: Ticks
    removed: Ticks
    paused: Ticks
    tick_s: Fraction
    cuts: tuple[Cut, ...]

    def times_s(self, kept: npt.NDArray[np.bool_]) -> Times:
        """``(M,)`` seconds after the first frame, ascending; frames without a stamp lie evenly between the others.

        Args:
            kept: ``(N,)`` which packets hold frames that are shown.
        """
        stamps = self._stamps(kept)
        known = np.flatnonzero(stamps != NO_STAMP)
        if len(known) < 2:
            return np.empty(0)
        times_s = (stamps[known] - stamps[known].min()) * float(self.tick_s)
        if len(known) < len(stamps):
            times_s = _filled(len(stamps), known, times_s)
        return np.sort(times_s)

    def first_s(self, kept: npt.NDArray[np.bool_]) -> float | None:
        """The first stamp of the frames that are shown, in seconds; None without stamps."""
        stamps = self._stamps(kept)
        stamps = stamps[stamps != NO_STAMP]
        return float(stamps.min() * self.tick_s) if len(stamps) else None

    def _stamps(self, kept: npt.NDArray[np.bool_]) -> Ticks:
        return np.where(self.shown != NO_STAMP, self.shown, self.decoded)[kept]


def time_line(
    shown: Ticks,
    decoded: Ticks,
    tick_s: Fraction,
    *,
    max_pause_s: float,
    claimed_rate: Fraction | None = None,
    starts: Sequence[int] = (),
) -> TimeLine:
    """Put the packets of a recording on one clock.

    A clock that goes back, or ahead by more than a pause may last, goes on after one usual step instead. Judged is
    the decoding clock, which never goes back within a recording; the clock of showing does where frames are reordered.

    Args:
        shown: ``(N,)`` int64 presentation stamps in the order of the file, ``NO_STAMP`` where there is none.
        decoded: ``(N,)`` int64 decoding stamps, likewise.
        tick_s: Seconds of a tick.
        max_pause_s: Longer pauses are cut out.
        claimed_rate: Frames per second that the file reports, for recordings whose every step is a jump.
        starts: Packets with which a further recording begins; it goes on after the last frame of the one before.

    Example:
        >>> import numpy as np
        >>> stamps = np.array([0, 40, 80, 5000_000, 5000_040])
        >>> line = time_line(stamps, stamps, Fraction(1, 1000), max_pause_s=60)
        >>> line.shown.tolist(), len(line.cuts), round(line.cuts[0].removed_s, 2)
        ([0, 40, 80, 120, 160], 1, 4999.88)
    """
    shown, decoded = _plausible(shown), _plausible(decoded)
    clock = _clock(shown, decoded)
    known = np.flatnonzero(clock != NO_STAMP)
    if len(known) < 2:
        return TimeLine(shown, decoded, np.zeros_like(shown), np.zeros_like(shown), tick_s, ())
    steps, packets = np.diff(clock[known]), np.diff(known)
    max_ahead, max_back = max_pause_s / tick_s, _MAX_STEP_BACK_S / tick_s
    ordinary = (steps > 0) & (steps <= packets * float(max_ahead))
    usual = _usual_step(steps[ordinary] / packets[ordinary], tick_s, claimed_rate)
    back = np.where(_has_both(decoded, known), float(max_back), float(max_back) + _REORDERED_FRAMES * usual)
    jumps = (steps < -back) | (steps > np.maximum(float(max_ahead), _SLOW_CAMERA * usual * packets))
    gaps = _gaps_before(starts, shown, decoded, known)
    for step, gap in gaps.items():
        jumps[step] = gap < usual / 2 or gap > max_ahead
    skipped = steps - np.rint(usual * packets).astype(np.int64)
    for step, gap in gaps.items():
        skipped[step] = gap - round(usual)
    cut_packets = known[1:][jumps]
    parts = np.zeros(len(shown), np.int64)
    parts[cut_packets] = 1
    parts = np.cumsum(parts)
    removed = np.append(0, np.cumsum(skipped[jumps]))
    max_delay = max(float(max(_MAX_DELAY_S, max_pause_s) / tick_s), 4 * _REORDERED_FRAMES * usual)
    shown_parts = _parts_of_shown(shown, decoded, parts, removed, cut_packets, max_delay)
    removed -= _misplaced(
        np.where(shown != NO_STAMP, shown - removed[shown_parts], NO_STAMP), shown_parts, len(removed), usual
    )
    decoded = np.where(decoded != NO_STAMP, decoded - removed[parts], NO_STAMP)
    shown = np.where(shown != NO_STAMP, shown - removed[shown_parts], NO_STAMP)
    shown = np.where(_delays(shown, decoded) <= max_delay, shown, NO_STAMP)
    joined = _clock(shown, decoded)
    start = joined[known].min()
    cuts = tuple(
        Cut(packet, float((joined[packet] - start) * tick_s), float(ticks * tick_s))
        for packet, ticks in zip(cut_packets.tolist(), np.diff(removed).tolist(), strict=True)
    )
    paused = np.cumsum([0, *(round(cut.removed_s / tick_s) if cut.is_pause else 0 for cut in cuts)])
    return TimeLine(shown, decoded, removed[shown_parts], paused[shown_parts], tick_s, cuts)


def _gaps_before(starts: Sequence[int], shown: Ticks, decoded: Ticks, known: Ticks) -> dict[int, int]:
    """Ticks from the last frame of a recording to the first one of the next, by the step that leads there."""
    stamps = np.where(shown != NO_STAMP, shown, decoded)
    bounds = [0, *starts, len(stamps)]
    gaps = {}
    for before, start, end in zip(bounds, bounds[1:], bounds[2:], strict=False):
        step = int(np.searchsorted(known, start)) - 1
        last, first = (part[part != NO_STAMP] for part in (stamps[before:start], stamps[start:end]))
        if len(last) and len(first) and step >= 0:
            gaps[step] = int(first.min() - last[-_REORDERED_FRAMES:].max())
    return gaps


def _plausible(stamps: Ticks) -> Ticks:
    return np.where((stamps > -_LARGEST_STAMP) & (stamps < _LARGEST_STAMP), stamps, NO_STAMP)


def _usual_step(steps: npt.NDArray[np.float64], tick_s: Fraction, claimed_rate: Fraction | None) -> float:
    if len(steps):
        return float(np.median(steps))
    interval_s = float(1 / claimed_rate) if claimed_rate else _FALLBACK_INTERVAL_S
    return max(1.0, interval_s / float(tick_s))


def _has_both(decoded: Ticks, known: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether a step leads from one decoding stamp to another."""
    has: npt.NDArray[np.bool_] = decoded[known] != NO_STAMP
    both: npt.NDArray[np.bool_] = has[1:] & has[:-1]
    return both


def _clock(shown: Ticks, decoded: Ticks) -> Ticks:
    return np.where(decoded != NO_STAMP, decoded, shown)


def _parts_of_shown(
    shown: Ticks, decoded: Ticks, parts: Ticks, removed: Ticks, cuts: npt.NDArray[np.intp], max_delay: float
) -> Ticks:
    """The part that a packet is shown in: near a cut, reordered frames are shown on its other side."""
    corrected = parts.copy()
    decoded = np.where(decoded != NO_STAMP, decoded - removed[parts], NO_STAMP)
    is_far = _delays(shown - removed[parts], decoded) > max_delay
    for cut in cuts:
        for side, part in (
            (np.arange(max(0, cut - _REORDERED_FRAMES), cut), parts[cut]),
            (np.arange(cut, min(len(parts), cut + _REORDERED_FRAMES)), parts[cut] - 1),
        ):
            far = side[is_far[side]]
            corrected[far[_delays(shown[far] - removed[part], decoded[far]) <= max_delay]] = part
    return corrected


def _misplaced(shown: Ticks, parts: Ticks, count: int, usual: float) -> Ticks:
    """Ticks that each part has to go on, for its first frame to be shown a usual step after the last one before.

    Behind a cut, the first decoding stamps may be those of showing, or the other way round.
    """
    known = shown > -_LARGEST_STAMP
    first, last = (np.full(count, bound) for bound in (_LARGEST_STAMP, -_LARGEST_STAMP))
    np.minimum.at(first, parts[known], shown[known])
    np.maximum.at(last, parts[known], shown[known])
    shifts = np.rint(last[:-1] + usual - first[1:])
    shifts[np.abs(shifts) > _REORDERED_FRAMES * usual] = 0
    return np.append(0, np.cumsum(shifts.astype(np.int64)))


def _delays(shown: Ticks, decoded: Ticks) -> Times:
    """How far the time of showing is from that of decoding; 0 where one is missing."""
    both = (shown > -_LARGEST_STAMP) & (decoded != NO_STAMP)
    delays: Times = np.abs(np.where(both, shown, 0).astype(np.float64) - np.where(both, decoded, 0))
    return delays


def _filled(count: int, known: npt.NDArray[np.intp], times_s: Times) -> Times:
    """Times of all packets, from those of some; the ends continue at the mean rate between the first and the last."""
    interval_s = max(0.0, (times_s[-1] - times_s[0]) / (known[-1] - known[0]))
    every = np.arange(count)
    filled: Times = np.interp(every, known, times_s)
    filled += interval_s * (np.minimum(every - known[0], 0) + np.maximum(every - known[-1], 0))
    filled -= filled.min()
    return filled
