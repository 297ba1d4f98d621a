"""Where clips begin in a standard video, and where its encoder begins anew."""

import math
from dataclasses import dataclass
from fractions import Fraction

from videoprep_nb.core.timecode import first_frame_at_or_after

_CHUNK_S = 15


@dataclass(frozen=True)
class ClipGrid:
    """The first frames of the clips of a standard video, and of its chunks.

    A chunk is what one encoder writes: some clips in a row, at least 15 s. What an encoder makes of a frame depends on
    the frames before, so a part of a video that begins with a chunk is byte for byte the same as in the whole.

    Args:
        rate: Frames per second of the standard video.
        start_s: Where the first clip begins, in seconds.
        step_s: Seconds from the start of a clip to that of the next one.

    Example:
        >>> grid = ClipGrid(Fraction(25), start_s=Fraction(0), step_s=Fraction(10))
        >>> [grid.clip_start(index) for index in range(3)], [grid.chunk_start(index) for index in range(3)]
        ([0, 250, 500], [0, 500, 1000])
        >>> grid.starts_chunk(250), grid.next_chunk(251), grid.next_key(251)
        (False, 500, 275)
    """

    rate: Fraction
    start_s: Fraction
    step_s: Fraction

    @property
    def _clips_per_chunk(self) -> int:
        return max(1, math.ceil(_CHUNK_S / self.step_s))

    def clip_start(self, index: int) -> int:
        """The first frame of a clip."""
        return first_frame_at_or_after(self.start_s + index * self.step_s, self.rate)

    def chunk_start(self, index: int) -> int:
        """The first frame of a chunk; what lies before the first clip belongs to the first one."""
        return self.clip_start(index * self._clips_per_chunk) if index else 0

    def next_key(self, frame: int) -> int:
        """The first frame at or after a frame that is a keyframe: a clip or a second begins with it."""
        second = first_frame_at_or_after(Fraction(math.ceil(frame / self.rate)), self.rate)
        previous = first_frame_at_or_after(Fraction(math.floor(frame / self.rate)), self.rate)
        return min(self._next_clip(frame), previous if previous >= frame else second)

    def starts_chunk(self, frame: int) -> bool:
        """Whether a chunk begins with a frame."""
        return self.chunk_start(self.chunk_of(frame)) == frame

    def chunk_of(self, frame: int) -> int:
        """The chunk that holds a frame."""
        return max(0, self._clip_of(frame) // self._clips_per_chunk)

    def next_chunk(self, frame: int) -> int:
        """The first frame at or after a frame with which a chunk begins."""
        return frame if self.starts_chunk(frame) else self.chunk_start(self.chunk_of(frame) + 1)

    def _next_clip(self, frame: int) -> int:
        index = max(0, self._clip_of(frame))
        return next(start for start in map(self.clip_start, (index, index + 1)) if start >= frame)

    def _clip_of(self, frame: int) -> int:
        """The last clip that begins with the frame or before; below 0 if none does."""
        return math.floor((frame / self.rate - self.start_s) / self.step_s)
