"""Where a long recording is split into parts that are converted side by side, each as it would be in the whole.

A part begins with a clip of the standard video. What is decoded for it begins earlier, with a packet that needs
nothing before it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from videoprep_nb.media.raw.clip_grid import ClipGrid
from videoprep_nb.media.raw.conversion import Conversion
from videoprep_nb.media.raw.slots import Slots
from videoprep_nb.media.raw.survey import Survey
from videoprep_nb.media.raw.time_line import NO_STAMP
from videoprep_nb.media.raw.window import Window

_MAX_AHEAD_S = 30.0
"""How far before a part decoding may begin; a video whose key frames are further apart is not split."""

_LEAST_STEP_S = 0.004
"""Frames on both sides of a border must be so far apart, as the border lies between their times."""


@dataclass(frozen=True)
class Piece:
    """A part of a recording, or all of it. Frames are those of the standard video.

    Its file may hold more than its own frames: those that its last clip shares with the next part, and where packets
    are copied, all from one key frame to another.

    Args:
        start: Its first frame.
        stop: The frame behind its last one; None for the end of the video.
        file_start: The first frame of its file.
        file_stop: The frame behind the last one of its file; None for the end of the video.
        window: Times of its own frames: start, end in seconds; None for the end of the recording.
        file_window: Times of the frames that its file shows, likewise.
        first_packet: The packet that decoding begins with.
        origin_s: Time of frame 0 of the standard video; None: that of the first frame that is taken.
    """

    start: int = 0
    stop: int | None = None
    file_start: int = 0
    file_stop: int | None = None
    window: tuple[float, float | None] = (0.0, None)
    file_window: tuple[float, float | None] = (0.0, None)
    first_packet: int = 0
    origin_s: float | None = None

    def holds(self, frame: int) -> bool:
        """Whether a frame is in its file."""
        return frame >= self.file_start and (self.file_stop is None or frame < self.file_stop)

    @property
    def is_empty(self) -> bool:
        """Whether it has no frame of its own: the recording has fewer parts than were asked for."""
        return self.start == self.stop


class NotSplit(Exception):
    """The recording cannot be split; the message says why, as the end of a sentence."""


def reason_not_to_split(survey: Survey) -> str:
    """Why a recording can only be converted as a whole.

    Args:
        survey: What the first pass found.

    Returns:
        The end of a sentence; empty if it can be split.
    """
    return next(_reasons(survey), "")


def _reasons(survey: Survey) -> Iterator[str]:
    if len(survey.recordings) > 1:
        yield "it holds several recordings"
    has_all = len(survey.packet_times_s) > 1 and not (survey.line.shown == NO_STAMP).any()
    if not has_all or survey.shows_in_decoding_order:
        yield "it lacks time stamps"
        return
    if not survey.kept.all():
        yield "an edit list hides some of its frames"
    times_s = _entry_times_s(survey)
    if not len(times_s):
        yield "it has no key frame that a decoder can begin with"
        return
    distance_s = np.diff(np.append(times_s, survey.packet_times_s[-1])).max()
    if distance_s > _MAX_AHEAD_S:
        yield f"its key frames are {distance_s:.3g} s apart, expected {_MAX_AHEAD_S:g} s or less"


def _entry_times_s(survey: Survey) -> np.ndarray:
    """Times of the packets that a decoder can begin with, on the clock of ``packet_times_s``."""
    entries = survey.recordings[0].packets.entries
    first_s = survey.line.first_s(survey.kept) or 0.0
    times_s: np.ndarray = survey.line.shown[entries] * float(survey.line.tick_s) - first_s
    return times_s


class Split:
    """The parts of a recording. All that it decides depends on packets alone, so every part finds the same.

    Args:
        survey: What the first pass found.
        conversion: What is to be done.
        rate: Frames per second of the standard video.
        grid: Where clips and chunks of it begin.

    Raises:
        NotSplit: The recording can only be converted as a whole.
    """

    def __init__(self, survey: Survey, conversion: Conversion, rate: Fraction, grid: ClipGrid) -> None:
        if reason := reason_not_to_split(survey):
            raise NotSplit(reason)
        self._grid = grid
        self._times_s, self._packet_times_s = survey.frame_rate.times_s, survey.packet_times_s
        self._entries = np.array(survey.recordings[0].packets.entries)
        entry_times_s = _entry_times_s(survey)
        order = np.argsort(entry_times_s, kind="stable")
        self._entries, self._entry_times_s = self._entries[order], entry_times_s[order]
        own_rate = survey.frame_rate.rate
        window = Window(conversion.start_s, conversion.end_s, float(1 / own_rate))
        self._taken = window.range_of(self._times_s)
        self._request = (conversion.start_s, conversion.end_s)
        self._overlap = math.ceil(Fraction(str(conversion.clip_overlap_s)) * rate)
        interlaced = survey.facts["is_interlaced"] or survey.facts["is_marked_interlaced"]
        self._needs_frame_before = conversion.deinterlace == "on" or (conversion.deinterlace == "auto" and interlaced)
        self._origin_s = float(self._times_s[self._taken.start]) if self._taken else 0.0
        slots = Slots(rate, own_rate, self._origin_s)
        self._slots = np.array([-1 if slot is None else slot for slot in map(slots.place, self._times_s[self._taken])])
        self._nominal = np.array([slots.nominal(time_s) for time_s in self._times_s[self._taken]])
        self._starts = [0, *self._borders(conversion.part_count)]

    def piece(self, part: int) -> Piece:
        """A part that is encoded.

        Args:
            part: Its number, from 1.
        """
        if part > len(self._starts):
            return Piece(start=0, stop=0, file_stop=0)
        start = self._starts[part - 1]
        if part == len(self._starts):
            piece = Piece(start, None, start, None)
        else:
            stop = self._starts[part]
            piece = Piece(start, stop, start, self._grid.next_chunk(stop + self._overlap) if self._overlap else stop)
        return self._with_times(piece, self._first_packet(start))

    def piece_at_key_frames(self, part: int) -> Piece:
        """A part whose packets are copied: its file begins with a key frame, and ends before one."""
        piece = self.piece(part)
        if piece.is_empty:
            return piece
        slots = np.searchsorted(self._packet_times_s, self._entry_times_s - _LEAST_STEP_S / 2) - self._taken.start
        before = np.flatnonzero(slots <= piece.start)
        first = int(before[-1]) if piece.start and len(before) else 0
        file_start = max(0, int(slots[first])) if piece.start else 0
        behind = slots[slots >= piece.file_stop] if piece.file_stop is not None else slots[:0]
        file_stop = int(behind[0]) if len(behind) else None
        packet = int(self._entries[first]) if piece.start else piece.first_packet
        return self._with_times(replace(piece, file_start=file_start, file_stop=file_stop), packet)

    def _with_times(self, piece: Piece, first_packet: int) -> Piece:
        return replace(
            piece,
            window=(self._from_s(piece.start), self._to_s(piece.stop)),
            file_window=(self._from_s(piece.file_start), self._to_s(piece.file_stop)),
            first_packet=first_packet,
            origin_s=self._origin_s,
        )

    def _from_s(self, frame: int) -> float:
        return self._border_s(frame) if frame else self._request[0]

    def _to_s(self, frame: int | None) -> float | None:
        return self._request[1] if frame is None or self._index(frame) is None else self._border_s(frame)

    def _border_s(self, frame: int) -> float:
        """Time between the first source frame at or behind a frame and the one before."""
        index = self._index(frame)
        assert index is not None
        return float(self._times_s[index - 1 : index + 1].mean())

    def _index(self, frame: int) -> int | None:
        """The first source frame that goes into a frame or behind it; None behind the end."""
        behind = np.flatnonzero(self._slots >= frame)
        return int(behind[0]) + self._taken.start if len(behind) else None

    def _borders(self, part_count: int) -> Iterator[int]:
        """First frames of the parts behind the first one."""
        frame_count = int(self._slots.max(initial=-1)) + 1
        chunk_count = self._grid.chunk_of(frame_count)
        goals = sorted({round(part * chunk_count / part_count) for part in range(1, part_count)})
        goals = [goal for goal in goals if 0 < goal < chunk_count]
        for goal, end in zip(goals, [*goals[1:], chunk_count], strict=True):
            frames = (self._grid.chunk_start(chunk) for chunk in range(goal, max(goal + 1, end)))
            safe = next((frame for frame in frames if self._is_safe(frame)), None)
            if safe is not None:
                yield safe

    def _is_safe(self, frame: int) -> bool:
        """Whether what is placed from a frame on does not depend on how many frames before can be decoded."""
        index = self._index(frame)
        if index is None or index == self._taken.start:
            return False
        taken = index - self._taken.start
        is_free = self._slots[taken] == self._nominal[taken]
        return bool(
            is_free
            and self._times_s[index] - self._times_s[index - 1] >= _LEAST_STEP_S
            and self._packet_times_s[index] - self._entry_times_s[self._entry(frame)] <= _MAX_AHEAD_S
        )

    def _first_packet(self, frame: int) -> int:
        return int(self._entries[self._entry(frame)]) if frame else 0

    def _entry(self, frame: int) -> int:
        """The last packet that decoding can begin with for a frame, among the entries."""
        index = self._index(frame)
        assert index is not None
        # where the frame is a repetition, and for filters that compare frames, the one before is needed, too
        is_first_enough = self._slots[index - self._taken.start] == frame and not self._needs_frame_before
        needed_s = self._packet_times_s[index if is_first_enough else index - 1] + _LEAST_STEP_S / 2
        return max(0, int(np.searchsorted(self._entry_times_s, needed_s)) - 1)
