"""How CenterFace gives its boxes (Xu et al. 2019, arXiv:1911.03599)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from videoprep_nb.tracking.detections import DETECTION_FLOOR
from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout, Shape, corners

_CELL_PX = 4


class CenterFaceLayout(OutputLayout):
    """Maps of a cell per four pixels: score of a centre, logarithms of height and width, offset of the centre.

    A fourth output, eyes, nose and corners of the mouth, is not read. Frames are RGB from 0 to 255.
    """

    name: ClassVar[str] = "centerface"
    shapes: ClassVar[str] = "(1, 1, H, W), (1, 2, H, W), (1, 2, H, W)"
    output_count: ClassVar[int] = 3
    needs_nms: ClassVar[bool] = True
    scale: ClassVar[tuple[float, float, float]] = (1.0, 1.0, 1.0)

    @classmethod
    def class_count(cls, shapes: Sequence[Shape]) -> int:
        """One, the face."""
        return 1

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base; there is one class."""
        scores, sides, offsets = outputs[0][0], outputs[1], outputs[2]
        rows, columns = np.nonzero(scores >= DETECTION_FLOOR)
        high, wide = np.exp(sides[:, rows, columns]) * _CELL_PX
        down, right = offsets[:, rows, columns]
        centres = np.stack([columns + right + 0.5, rows + down + 0.5], axis=1) * _CELL_PX
        boxes = corners(np.hstack([centres, np.stack([wide, high], axis=1)]).astype(np.float32))
        return boxes, scores[rows, columns]
