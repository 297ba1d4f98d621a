"""RT-DETR of ultralytics (Zhao et al., CVPR 2024, arXiv:2304.08069)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from videoprep_nb.tracking.detectors.inference.layouts.base import Array, corners, labelled
from videoprep_nb.tracking.detectors.inference.layouts.end2end import End2EndLayout
from videoprep_nb.tracking.detectors.inference.letterbox import Placing


class RtDetrLayout(End2EndLayout):
    """Rows of centre x, centre y, width, height in shares of the frame, score and class."""

    name: ClassVar[str] = "rtdetr"
    placing: ClassVar[Placing] = "stretched"

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        boxes, scores = labelled(outputs[0], classes)
        return corners(boxes) * np.tile(np.array([width, height], np.float32), 2), scores
