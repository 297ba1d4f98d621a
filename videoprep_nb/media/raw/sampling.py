"""The frames that the first pass decodes: the first ones, and some that are spread over the file."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.crop import Crop
from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.open_raw import decode_sample
from videoprep_nb.media.raw.scan import ScanVotes
from videoprep_nb.media.raw.shapes import Shapes

KEY_FRAMES_TO_FIND_CHANGES = 60

_FIRST_PACKETS = 32
_PACKETS_TO_FIRST_FRAME = 300
_RUN_PACKETS = 10
_RUNS = 6
_BUDGET_S = 3.0
_MAX_REORDERED = 64
_FIELD_SHARE = 0.75


@dataclass
class Sample:
    """What the decoded frames of a stream say.

    Args:
        first_packets: Packets that were decoded at the beginning.
        first_frames: Frames that came out of them.
        shapes: Index of a packet and how its frame is shown, for the first frame and wherever that changes.
        votes: How the frames were scanned.
        first_is_marked: The first frame says that it is interlaced.
        is_marked: A frame says so.
        first_stamps: Presentation stamps of the first frames that have one, in the order of showing.
    """

    first_packets: int = 0
    first_frames: int = 0
    shapes: list[tuple[int, Display]] = field(default_factory=list)
    votes: ScanVotes = field(default_factory=ScanVotes)
    first_is_marked: bool = False
    is_marked: bool = False
    first_stamps: list[int] = field(default_factory=list)

    @property
    def goes_back(self) -> bool:
        """Whether the stamps of the first frames go back, though these are in the order of showing."""
        return any(later < earlier for earlier, later in pairwise(self.first_stamps))

    @property
    def frame_interval(self) -> float:
        """Ticks from one of the first frames to the next; 0 if unknown."""
        steps = [later - earlier for earlier, later in pairwise(self.first_stamps)]
        return float(median(steps)) if steps else 0.0

    @property
    def packets_hold_fields(self) -> bool:
        """Whether two packets make a frame."""
        return self.first_is_marked and self.first_frames < _FIELD_SHARE * self.first_packets

    @property
    def has_wrong_marks(self) -> bool:
        """Whether frames say that they are interlaced though they are not."""
        return self.is_marked and not self.is_interlaced

    @property
    def is_interlaced(self) -> bool:
        """Whether the lines of a frame belong to two moments: as measured, or else as the frames say."""
        return self.is_marked if self.votes.scan is None else self.votes.scan != "progressive"


class Sampler:
    """Decodes some frames while the packets of a stream are read.

    Args:
        stream: The stream, as PyAV has it.
        crop: What the container hides of every frame.
        file_bytes: Size of the file.
        key_frames: How many key frames to decode, spread over the file, to find what changes on the way.
    """

    def __init__(self, stream: Any, crop: Crop, file_bytes: int, key_frames: int) -> None:
        self.sample = Sample()
        self._context = stream.codec_context
        self._shapes = Shapes(stream, crop)
        self._file_bytes = file_bytes
        self._key_frames = key_frames
        self._is_first_run = self._is_running = True
        self._run_packets = 0
        self._max_packets = _PACKETS_TO_FIRST_FRAME
        self._next_key_frame = self._next_run = 0.0
        self._spent_s = 0.0

    def take(self, packet: Any, stamps: Sequence[int]) -> None:
        """Take the next packet.

        Args:
            packet: The packet.
            stamps: Presentation stamps of all packets so far, that of this one included.
        """
        if not self._is_running and not self._begin_run(packet):
            return
        began_s = time.monotonic()
        self._run_packets += 1
        self._decode(packet, stamps)
        if self._is_first_run and self.sample.shapes:
            self._max_packets = _FIRST_PACKETS
        if self._run_packets >= self._max_packets:
            self.finish(stamps)
        self._spent_s += time.monotonic() - began_s

    def finish(self, stamps: Sequence[int]) -> None:
        """Take the frames that the decoder held back."""
        if self._is_running:
            self._decode(None, stamps)
            self.sample.votes.forget_last()
            if self._is_first_run:
                self.sample.first_packets = self._run_packets
            self._is_first_run = self._is_running = False

    def _begin_run(self, packet: Any) -> bool:
        if not packet.is_keyframe or packet.pos is None or self._spent_s > _BUDGET_S:
            return False
        share = packet.pos / self._file_bytes
        if self.sample.votes.scan is None and share >= self._next_run:
            self._max_packets, self._next_run = _RUN_PACKETS, share + 1 / _RUNS
        elif self._key_frames and share >= self._next_key_frame:
            self._max_packets = 1
        else:
            return False
        if self._key_frames:
            self._next_key_frame = share + 1 / self._key_frames
        self._context.flush_buffers()
        self._is_running, self._run_packets = True, 0
        return True

    def _decode(self, packet: Any, stamps: Sequence[int]) -> None:
        try:
            frames = decode_sample(self._context, packet)
        except ProbeError:
            if self.sample.shapes:
                return  # a damaged header; the next one may be whole
            raise
        for frame in frames:
            self._note(frame, stamps)

    def _note(self, frame: Any, stamps: Sequence[int]) -> None:
        sample = self.sample
        display = self._shapes.of(frame)
        if not sample.shapes:
            sample.first_is_marked = frame.interlaced_frame
        if not sample.shapes or sample.shapes[-1][1] != display:
            sample.shapes.append((_packet_of(frame, stamps), display))
        sample.is_marked |= frame.interlaced_frame
        sample.votes.take(frame)
        if self._is_first_run:
            sample.first_frames += 1
            if frame.pts is not None:
                sample.first_stamps.append(frame.pts)


def _packet_of(frame: Any, stamps: Sequence[int]) -> int:
    """Index of the packet that a frame came from, one of the last."""
    last = len(stamps) - 1
    return next(
        (index for index in range(last, max(-1, last - _MAX_REORDERED), -1) if stamps[index] == frame.pts), last
    )
