"""What a detector is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import Detections

RgbFrame = npt.NDArray[np.uint8]
"""A frame, ``(height, width, 3)``."""


class Detector(ABC):
    """Finds persons in frames.

    Making one is cheap: it may load its network only when it is given frames, so that a run whose detections are
    all cached never loads it.

    Args:
        batch_size: Number of frames that ``detect`` should be given at once.
    """

    batch_size: int = 32

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Text that changes when the same frames would give other detections."""

    @property
    @abstractmethod
    def description(self) -> str:
        """One line for people: weights, size, device, precision."""

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height, even, in which the frames of a video of this size are wanted."""
        return width, height

    @abstractmethod
    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[Detections]:
        """Find the persons in a batch of frames.

        Args:
            frames: One per index, ``(h, w, 3)`` uint8 RGB, in ``input_size(width, height)`` or any other size of that
                shape. A detector that does not look at pictures leaves them unread, and they are never decoded.
            frame_indices: Their zero-based indices in the video.
            width: Width of the video in pixels.
            height: Height of the video in pixels.

        Returns:
            One set of detections per frame, in pixels of the video, scores not below ``DETECTION_FLOOR``.
        """
