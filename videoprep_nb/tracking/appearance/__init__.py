"""What persons look like: descriptions of detected boxes, and what they say about who is who."""

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Describer(Protocol):
    """Describes persons, so that descriptions of one person resemble each other."""

    @property
    def fingerprint(self) -> str:
        """Text that changes when the same frames would give other descriptions."""
        ...

    def describe(self, frame: npt.NDArray[np.uint8], boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
        """Describe the persons in a frame.

        Args:
            frame: ``(height, width, 3)`` uint8 RGB.
            boxes_xyxy: ``(N, 4)`` in pixels of this frame.

        Returns:
            ``(N, D)`` float16, also where N is 0.
        """
        ...
