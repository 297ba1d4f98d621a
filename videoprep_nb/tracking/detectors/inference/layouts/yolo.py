"""YOLO of ultralytics, heads for detection, segmentation and pose: a column for each place of the grids."""

from collections.abc import Sequence
from typing import ClassVar

from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout, Shape, corners, strong


class YoloLayout(OutputLayout):
    """Centre x, centre y, width, height in pixels, the scores of all classes, and what masks and poses need."""

    name: ClassVar[str] = "yolo"
    shapes: ClassVar[str] = "(1, 4 + classes, N)"
    needs_nms: ClassVar[bool] = True

    @classmethod
    def class_count(cls, shapes: Sequence[Shape]) -> int:
        """See the base; masks and poses count as classes."""
        (shape,) = shapes
        if len(shape) != 3 or shape[1] < 5:
            raise ValueError
        return shape[1] - 4

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        columns = outputs[0]
        boxes, scores = strong(columns[:4].T, columns[[4 + index for index in classes]].T)
        return corners(boxes), scores


class NmsFreeYoloLayout(YoloLayout):
    """The same from a head that was trained to give one box per person: of YOLOv10 and YOLO26, when it is the only one.

    Wang et al., NeurIPS 2024, arXiv:2405.14458.
    """

    name: ClassVar[str] = "yolo_nms_free"
    needs_nms: ClassVar[bool] = False
