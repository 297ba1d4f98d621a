"""What is hidden in a frame: boxes and polygons, in shares of its width and height."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import FloatArray


def _no_boxes() -> npt.NDArray[np.float32]:
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Regions:
    """What is hidden in a frame, whatever its resolution.

    Args:
        boxes_xyxyn: ``(N, 4)`` float32, x1 y1 x2 y2 in shares of width and height.
        polygons_xyn: Corners of each polygon, ``(K, 2)`` float32, in the same shares.

    Example:
        >>> regions = Regions.of_boxes(np.array([[320, 180, 640, 720]]), 1280, 720)
        >>> regions.boxes_xyxyn.tolist(), bool(regions), bool(Regions())
        ([[0.25, 0.25, 0.5, 1.0]], True, False)
    """

    boxes_xyxyn: npt.NDArray[np.float32] = field(default_factory=_no_boxes)
    polygons_xyn: tuple[npt.NDArray[np.float32], ...] = ()

    @classmethod
    def of_boxes(cls, boxes_xyxy: FloatArray, width: int, height: int) -> Self:
        """Regions of boxes ``(N, 4)`` in pixels of a frame of this size."""
        return cls((boxes_xyxy / [width, height, width, height]).astype(np.float32))

    def __bool__(self) -> bool:
        return bool(len(self.boxes_xyxyn) or self.polygons_xyn)
