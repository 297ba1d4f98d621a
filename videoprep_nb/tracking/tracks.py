"""The tracks of a video."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.box_table import ColumnType, FrameTable


@dataclass(frozen=True)
class Tracks(FrameTable):
    """One row per person and frame, in the order of track and then of frame.

    Args:
        frame_index: ``(N,)`` int64, zero-based in the standard video.
        track_id: ``(N,)`` int64, from 1 on.
        boxes_xyxy: ``(N, 4)`` float64, x1 y1 x2 y2 in pixels of the standard frame.
        scores: ``(N,)`` float64 in (0, 1].
        interpolated: ``(N,)`` bool, True for boxes filled in between two detections.

    Example:
        >>> tracks = Tracks.from_arrays([1, 0], [7, 7], [[10, 20, 50, 120], [8, 20, 48, 120]], [0.9, 0.8])
        >>> tracks.track_count, tracks.frame_index.tolist(), tracks.scores.tolist()
        (1, [0, 1], [0.8, 0.9])
        >>> tracks.rows(tracks.scores > 0.85).boxes_xyxy.tolist()
        [[10.0, 20.0, 50.0, 120.0]]
    """

    columns: ClassVar[Mapping[str, ColumnType]] = {
        "frame_index": (np.int64, ()),
        "track_id": (np.int64, ()),
        "boxes_xyxy": (np.float64, (4,)),
        "scores": (np.float64, ()),
        "interpolated": (np.bool_, ()),
    }

    frame_index: npt.NDArray[np.int64]
    track_id: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    interpolated: npt.NDArray[np.bool_]

    @classmethod
    def from_arrays(
        cls,
        frame_index: npt.ArrayLike,
        track_id: npt.ArrayLike,
        boxes_xyxy: npt.ArrayLike,
        scores: npt.ArrayLike,
        interpolated: npt.ArrayLike | None = None,
    ) -> Self:
        """Make tracks of rows in any order.

        Args:
            frame_index: ``(N,)`` zero-based frame of each box.
            track_id: ``(N,)`` from 1 on; no id occurs twice in a frame.
            boxes_xyxy: ``(N, 4)`` x1 y1 x2 y2 in pixels.
            scores: ``(N,)`` in (0, 1].
            interpolated: ``(N,)`` bool; None: no box is.

        Raises:
            ValueError: The arrays do not fit together.
        """
        filled_in = np.zeros(len(np.asarray(scores)), np.bool_) if interpolated is None else interpolated
        values = {
            "frame_index": frame_index,
            "track_id": track_id,
            "boxes_xyxy": boxes_xyxy,
            "scores": scores,
            "interpolated": filled_in,
        }
        return cls(**cls.as_columns(values)).ordered()

    @classmethod
    def joined(cls, tables: Iterable["Tracks"]) -> Self:
        """Put tables together in which the same id means different persons; ids are given anew."""
        parts = list(tables)
        last_ids = np.cumsum([0, *(part.track_id.max(initial=0) for part in parts)])
        shifted = [replace(part, track_id=last + part.track_id) for last, part in zip(last_ids, parts, strict=False)]
        return cls(**cls.stacked(shifted)).ordered()

    def ordered(self) -> Self:
        """The rows in the order of track and then of frame."""
        return self.rows(np.lexsort((self.frame_index, self.track_id)))

    @property
    def track_count(self) -> int:
        """Number of different ids."""
        return len(np.unique(self.track_id))

    @property
    def track_ids(self) -> list[int]:
        """The ids, in the order of their first frames."""
        ids, first = np.unique(self.track_id, return_index=True)
        return [int(ids[i]) for i in np.lexsort([ids, self.frame_index[first]])]
