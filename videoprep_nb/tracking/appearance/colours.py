"""Colours of persons: a histogram of each colour channel in three stripes of the box, from head to feet.

Where people dress differently this separates them as well as the maps of a detector's network do, and needs neither
weights nor a certain network.
"""

from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.appearance.crops import crop_of

RgbImage = npt.NDArray[np.uint8]

_STRIPES = 3
_BINS = 8
_CHANNELS = 3
_INNER_WIDTH = 0.7  # of the box; the background lies at its sides
_SAMPLE_WIDTH, _SAMPLE_HEIGHT = 8, 24  # pixels taken of a box, whatever its size
_LOWEST = np.array([0, 96, 96])  # of L, a and b in eight bits; clothes seldom are more colourful
_BIN_WIDTH = np.array([32, 8, 8])
_BIN_OF_LEVEL = np.clip((np.arange(256)[:, None] - _LOWEST) // _BIN_WIDTH, 0, _BINS - 1).astype(np.uint8)[None]
"""``(1, 256, channels)``: a table, since to divide took a third of the time."""


class Colours:
    """Describes persons by their colours in CIELAB.

    Attributes:
        size: Length of a description.
        fingerprint: Text that changes when the same frames would give other descriptions.
    """

    size: ClassVar[int] = _STRIPES * _CHANNELS * _BINS
    fingerprint: str = "colours 1"

    def describe(self, frame: RgbImage, boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
        """Describe the persons in a frame.

        Args:
            frame: ``(height, width, 3)`` uint8 RGB.
            boxes_xyxy: ``(N, 4)`` in pixels of this frame.

        Returns:
            ``(N, size)`` float16: for each stripe and channel the square roots of the shares of the bins.
        """
        count = len(boxes_xyxy)
        if not count:
            return np.zeros((0, self.size), np.float16)
        samples = np.concatenate([_sample(frame, box) for box in boxes_xyxy.tolist()])
        bins = cv2.LUT(cv2.cvtColor(samples, cv2.COLOR_RGB2LAB), _BIN_OF_LEVEL)
        bins = bins.reshape(count * _STRIPES, -1, _CHANNELS)
        histogram = np.arange(count * _STRIPES)[:, None, None] * _CHANNELS + np.arange(_CHANNELS)
        counts = np.bincount((histogram * _BINS + bins).ravel(), minlength=count * self.size)
        shares = counts.reshape(count, self.size) / bins.shape[1]
        features: npt.NDArray[np.float16] = np.sqrt(shares).astype(np.float16)
        return features


def _sample(frame: RgbImage, box_xyxy: list[float]) -> RgbImage:
    """The middle of a box, ``(_SAMPLE_HEIGHT, _SAMPLE_WIDTH, 3)``."""
    x1, y1, x2, y2 = box_xyxy
    margin = (x2 - x1) * (1 - _INNER_WIDTH) / 2
    middle = crop_of(frame, [x1 + margin, y1, x2 - margin, y2])
    sample: RgbImage = cv2.resize(middle, (_SAMPLE_WIDTH, _SAMPLE_HEIGHT), interpolation=cv2.INTER_AREA)
    return sample
