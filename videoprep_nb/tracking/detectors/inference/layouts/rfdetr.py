"""RF-DETR of Roboflow, as its ``export()`` writes it to ONNX: https://github.com/roboflow/rf-detr."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout, Shape, corners, strong
from videoprep_nb.tracking.detectors.inference.letterbox import Placing


class RfDetrLayout(OutputLayout):
    """Boxes, centre x, centre y, width, height in shares of the frame, and in a second output the logits of classes."""

    name: ClassVar[str] = "rfdetr"
    shapes: ClassVar[str] = "(1, N, 4) and (1, N, classes)"
    output_count: ClassVar[int] = 2
    placing: ClassVar[Placing] = "stretched"
    # those of ImageNet
    mean: ClassVar[tuple[float, float, float]] = (123.675, 116.28, 103.53)
    scale: ClassVar[tuple[float, float, float]] = (58.395, 57.12, 57.375)

    @classmethod
    def class_count(cls, shapes: Sequence[Shape]) -> int:
        """See the base."""
        boxes, logits = shapes
        if len(boxes) != 3 or len(logits) != 3 or boxes[2] != 4 or logits[2] < 1:
            raise ValueError
        return logits[2]

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        logits = outputs[1][:, list(classes)]
        boxes, scores = strong(outputs[0], 1 / (1 + np.exp(-logits.clip(-80, 80))))
        return corners(boxes) * np.tile(np.array([width, height], np.float32), 2), scores
