"""Networks of ultralytics that choose among overlapping boxes themselves: NMS-free heads, or NMS within the file."""

from collections.abc import Sequence
from typing import ClassVar

from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout, Shape, labelled


class End2EndLayout(OutputLayout):
    """Rows of x1, y1, x2, y2 in pixels, score and class."""

    name: ClassVar[str] = "end2end"
    shapes: ClassVar[str] = "(1, N, 6)"

    @classmethod
    def class_count(cls, shapes: Sequence[Shape]) -> None:
        """See the base."""
        (shape,) = shapes
        if len(shape) != 3 or 0 <= shape[2] < 6:
            raise ValueError

    @classmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """See the base."""
        return labelled(outputs[0], classes)
