"""Tables with one row per box, whose columns are arrays: what detections and tracks have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice
"""Some rows of a table: indices, a mask or a slice."""
ColumnType = tuple[type[np.generic], tuple[int, ...]]
"""Type of the values of a column, and the shape of one row; -1 for a length that tables differ in."""


@dataclass(frozen=True)
class BoxTable:
    """Base of the tables; a subclass is a frozen dataclass that lists its columns, ``scores`` among them."""

    columns: ClassVar[Mapping[str, ColumnType]] = {}

    def __len__(self) -> int:
        return len(self._column("scores"))

    def rows(self, chosen: Rows) -> Self:
        """Some rows, by index, mask or slice; what is no column stays."""
        return replace(self, **{name: self._column(name)[chosen] for name in self.columns})

    def above(self, confidence: float) -> Self:
        """The rows with at least this score."""
        return self.rows(self._column("scores") >= confidence)

    @classmethod
    def stacked(cls, tables: Iterable["BoxTable"]) -> dict[str, Any]:
        """The columns of several tables, one below the other, by name; arrays without rows if there is no table."""
        parts = [table for table in tables if len(table)]
        if not parts:
            return {name: np.zeros((0, *np.maximum(shape, 0)), dtype) for name, (dtype, shape) in cls.columns.items()}
        return {
            name: np.concatenate([part._column(name) for part in parts], dtype=dtype)
            for name, (dtype, _) in cls.columns.items()
        }

    @classmethod
    def as_columns(cls, values: Mapping[str, npt.ArrayLike]) -> dict[str, Any]:
        """Arrays of the types of the columns, from anything that numpy takes.

        Raises:
            ValueError: The columns differ in length, or one has a wrong shape.
        """
        columns = {}
        for name, value in values.items():
            dtype, shape = cls.columns[name]
            column = np.asarray(value, dtype)
            if not column.size:
                column = column.reshape(0, *shape)
            if column.shape[1:] != shape or column.ndim != 1 + len(shape):
                expected = " × ".join(["N", *map(str, shape)])
                raise ValueError(f"{name}: got an array of shape {column.shape}, expected {expected}")
            columns[name] = column
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"got columns of different lengths {lengths}, expected one value per box in each")
        return columns

    def _column(self, name: str) -> npt.NDArray[Any]:
        column: npt.NDArray[Any] = getattr(self, name)
        return column


@dataclass(frozen=True)
class FrameTable(BoxTable):
    """A table with the frame of each box in a column ``frame_index``."""

    def in_frames(self, start_frame: int, end_frame: int) -> Self:
        """The rows from one frame up to another one, which is not included."""
        frame_index = self._column("frame_index")
        return self.rows((frame_index >= start_frame) & (frame_index < end_frame))

    def rows_by_frame(self) -> list[npt.NDArray[np.intp]]:
        """The rows of each frame that has any, in the order of frames; within a frame they keep their order."""
        frame_index = self._column("frame_index")
        order = np.argsort(frame_index, kind="stable")
        borders = np.flatnonzero(np.diff(frame_index[order])) + 1
        return np.split(order, borders) if len(order) else []
