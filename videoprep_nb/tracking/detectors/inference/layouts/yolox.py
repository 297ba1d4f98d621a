"""YOLOX (Ge et al. 2021, arXiv:2107.08430), as its ``tools/export_onnx.py`` writes it to ONNX."""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np

from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout, Shape, corners, strong
from videoprep_nb.tracking.detectors.inference.letterbox import Placing

_STRIDES_PX = (8, 16, 32)


class DecodedYoloxLayout(OutputLayout):
    """Rows of centre x, centre y, width, height in pixels, objectness and classes; from ``--decode_in_inference``.

    The score is objectness times that of the class.
    """

    name: ClassVar[str] = "yolox_decoded"
    shapes: ClassVar[str] = "(1, N, 5 + classes)"
    needs_nms: ClassVar[bool] = True
    placing: ClassVar[Placing] = "upper_left"
    is_bgr: ClassVar[bool] = True
    scale: ClassVar[tuple[float, float, float]] = (1.0, 1.0, 1.0)

    @classmethod
    def class_count(cls, shapes: Sequence[Shape]) -> int:
        """See the base."""
        (shape,) = shapes
        if len(shape) != 3 or shape[2] < 6:
            raise ValueError
        return shape[2] - 5

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        rows = outputs[0]
        boxes, scores = strong(rows[:, :4], rows[:, 4:5] * rows[:, [5 + index for index in classes]])
        return corners(boxes), scores


class YoloxLayout(DecodedYoloxLayout):
    """As it is exported by default: centres count from the cell of the grid, sides are logarithms, both in cells."""

    name: ClassVar[str] = "yolox"

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        cells, strides_px = _grid(width, height)
        rows = outputs[0]
        centres = (rows[:, :2] + cells) * strides_px
        # no side is longer than e^20 cells; numbers that overflow would warn
        sides = np.exp(rows[:, 2:4].clip(max=20)) * strides_px
        return super().candidates([np.hstack([centres, sides, rows[:, 4:]])], classes, width, height)


@cache
def _grid(width: int, height: int) -> tuple[Array, Array]:
    """``(N, 2)`` column and row of each cell of the three grids, and ``(N, 1)`` its side in pixels."""
    cells, strides_px = [], []
    for stride_px in _STRIDES_PX:
        rows, columns = np.mgrid[: height // stride_px, : width // stride_px]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides_px.append(np.full((rows.size, 1), stride_px))
    return np.vstack(cells).astype(np.float32), np.vstack(strides_px).astype(np.float32)
