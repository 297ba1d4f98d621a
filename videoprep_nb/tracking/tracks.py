"""The tracks of a whole video as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TrackTable:
    """One row per person and frame, in the order of track and then of frame.

    Args:
        frame_index: ``(N,)`` int64, zero-based in the standard video.
        track_id: ``(N,)`` int64, from 1 on.
        boxes_xyxy: ``(N, 4)`` float64, pixels of the standard frame.
        scores: ``(N,)`` float64 in (0, 1].
        interpolated: ``(N,)`` bool, True for boxes filled in between two found ones.
    """

    frame_index: npt.NDArray[np.int64]
    track_id: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    interpolated: npt.NDArray[np.bool_]

    @classmethod
    def ordered(
        cls,
        frame_index: npt.NDArray[np.int64],
        track_id: npt.NDArray[np.int64],
        boxes_xyxy: npt.NDArray[np.float64],
        scores: npt.NDArray[np.float64],
        interpolated: npt.NDArray[np.bool_],
    ) -> Self:
        """Make a table of rows in any order."""
        return cls(frame_index, track_id, boxes_xyxy, scores, interpolated).rows(np.lexsort((frame_index, track_id)))

    @classmethod
    def joined(cls, tables: Iterable["TrackTable"]) -> Self:
        """Put tables together in which the same id means different persons; ids are given anew."""
        parts = list(tables)
        last_ids = np.cumsum([0, *(part.track_id.max(initial=0) for part in parts)])
        return cls.ordered(
            frame_index=np.concatenate([np.zeros(0, np.int64), *(part.frame_index for part in parts)]),
            track_id=np.concatenate(
                [np.zeros(0, np.int64), *(last + part.track_id for last, part in zip(last_ids, parts, strict=False))]
            ),
            boxes_xyxy=np.concatenate([np.zeros((0, 4)), *(part.boxes_xyxy for part in parts)]),
            scores=np.concatenate([np.zeros(0), *(part.scores for part in parts)]),
            interpolated=np.concatenate([np.zeros(0, np.bool_), *(part.interpolated for part in parts)]),
        )

    def __len__(self) -> int:
        return len(self.frame_index)

    def rows(self, chosen: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """The table of some rows, by index or mask; they must keep the order."""
        return type(self)(*(column[chosen] for column in vars(self).values()))

    @property
    def track_count(self) -> int:
        """Number of different ids."""
        return len(np.unique(self.track_id))
