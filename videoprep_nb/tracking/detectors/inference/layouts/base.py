"""What a layout is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import DETECTION_FLOOR
from videoprep_nb.tracking.detectors.inference.letterbox import Placing

Array = npt.NDArray[np.float32]
Shape = tuple[int, ...]
"""The shape of an output, batch first; -1 for a length that depends on the input."""


class OutputLayout(ABC):
    """Reads boxes from the outputs of a network, and says how the network expects a frame.

    Attributes:
        name: By which people choose it.
        shapes: What the outputs look like, for messages.
        output_count: How many of the network's outputs are read, the first ones.
        needs_nms: Whether several boxes may show one person, of which the strongest stays.
        placing: How a frame is put into the input.
        is_bgr: Whether the network expects blue first.
        mean: Subtracted from each channel, in the scale of the pixels, 0 to 255.
        scale: By which each channel is then divided.
    """

    name: ClassVar[str]
    shapes: ClassVar[str]
    output_count: ClassVar[int] = 1
    needs_nms: ClassVar[bool] = False
    placing: ClassVar[Placing] = "centre"
    is_bgr: ClassVar[bool] = False
    mean: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.0)
    scale: ClassVar[tuple[float, float, float]] = (255.0, 255.0, 255.0)

    @classmethod
    @abstractmethod
    def class_count(cls, shapes: Sequence[Shape]) -> int | None:
        """How many classes the outputs are for; None if their shapes do not show it.

        Args:
            shapes: Shapes of the outputs that are read.

        Raises:
            ValueError: Outputs of this layout have other shapes.
        """

    @classmethod
    @abstractmethod
    def candidates(
        cls, outputs: Sequence[Array], classes: Sequence[int], width: int, height: int
    ) -> tuple[Array, Array]:
        """The boxes with a score of at least ``DETECTION_FLOOR``.

        Args:
            outputs: The outputs for one input, without the batch.
            classes: Indices of the classes that count; of their scores, the greatest is that of the box.
            width: Width of the input in pixels.
            height: Its height.

        Returns:
            ``(N, 4)`` x1 y1 x2 y2 in pixels of the input, and ``(N,)`` scores in [0, 1].
        """


def strong(boxes: Array, scores: Array) -> tuple[Array, Array]:
    """The boxes ``(N, 4)`` whose greatest score ``(N, C)`` is not below the floor, and that score."""
    greatest = scores.max(axis=1)
    is_strong = greatest >= DETECTION_FLOOR
    return boxes[is_strong], greatest[is_strong]


def corners(centres_and_sides: Array) -> Array:
    """``(N, 4)`` x1 y1 x2 y2 of ``(N, 4)`` centre x, centre y, width, height."""
    centres, sides = centres_and_sides[:, :2], centres_and_sides[:, 2:4]
    upper_left = centres - sides / 2
    return np.hstack([upper_left, upper_left + sides])


def labelled(rows: Array, classes: Sequence[int]) -> tuple[Array, Array]:
    """Boxes and scores of those rows ``(N, 6+)``, four numbers, score, class, that are of one of the classes.

    Where a candidate is there for two classes, its greater score stays.
    """
    rows = rows[(rows[:, 4] >= DETECTION_FLOOR) & np.isin(rows[:, 5], classes)]
    if len(classes) > 1:
        rows = rows[np.argsort(-rows[:, 4], kind="stable")]
        rows = rows[np.sort(np.unique(rows[:, :4], axis=0, return_index=True)[1])]
    return rows[:, :4], rows[:, 4]
