"""Which frames of a source a standard video shows, and when they were taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.media.raw.gaps import long_gaps
from videoprep_nb.media.raw.rate import Times


@dataclass(frozen=True)
class PlacedFrames:
    """The frames of a source that a standard video shows, in its order.

    Args:
        slots: ``(N,)`` int64, increasing: the index of the frame of the standard video that each one begins at.
        stamps_s: ``(N,)`` float64 presentation stamps in the file, in seconds; NaN where there is none.
        source_s: ``(N,)`` float64 seconds after a player began to play the file; NaN where that is unknown.
    """

    slots: npt.NDArray[np.int64]
    stamps_s: Times
    source_s: Times

    @classmethod
    def of(cls, rows: Sequence[tuple[int, float, float]]) -> Self:
        """Those of rows of slot, stamp and time."""
        table = np.array(rows, np.float64).reshape(-1, 3)
        return cls(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    @classmethod
    def joined(cls, parts: Sequence["PlacedFrames"]) -> Self:
        """Those of a video whose parts follow each other."""
        return cls(
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.stamps_s for part in parts]),
            np.concatenate([part.source_s for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.slots)

    def write(self, path: Path) -> None:
        """Write them to a file that ``read`` reads."""
        with path.open("wb") as file:
            np.save(file, np.stack([self.slots.astype(np.float64), self.stamps_s, self.source_s], axis=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read them from a file that ``write`` wrote."""
        table = np.load(path)
        return cls(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    def gaps(self, rate: Fraction) -> Iterator[dict[str, Any]]:
        """Where the recording has no frame for much longer than between others, by the names of a ``Gap``."""
        for index in long_gaps(self.slots, float(rate)):
            missing = self.slots[index + 1] - self.slots[index] - 1
            yield {"start_frame": int(self.slots[index]), "duration_s": float(missing / rate)}

    def times_shown(self, frame_count: int, rate: Fraction, start_s: float) -> tuple[Times, Times]:
        """Stamps and times of the source frames that all frames of the standard video show.

        Args:
            frame_count: Frames of the standard video.
            rate: Its frames per second.
            start_s: When its first frame is shown, in seconds after the first frame of the source.

        Returns:
            Two arrays ``(frame_count,)`` float64, in seconds.
        """
        source_s = _without_gaps(self.source_s, start_s + self.slots / float(rate))
        shown = np.searchsorted(self.slots, np.arange(frame_count), side="right") - 1
        return self.stamps_s[shown], source_s[shown]


def _without_gaps(source_s: Times, times_s: Times) -> Times:
    """Times in the source; where the file does not say one, time goes on since the last one that it says."""
    known = np.flatnonzero(~np.isnan(source_s))
    if not len(known):
        return times_s
    last = known[np.maximum(np.searchsorted(known, np.arange(len(source_s)), side="right") - 1, 0)]
    filled = np.where(np.isnan(source_s), np.maximum(source_s[last] + times_s - times_s[last], 0), source_s)
    return np.maximum.accumulate(filled)
