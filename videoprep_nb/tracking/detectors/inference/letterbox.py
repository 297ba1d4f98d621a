"""The way of a frame into the network and of boxes back: scaled to fit, grey bars around."""

from dataclasses import dataclass
from typing import Self

import cv2

from videoprep_nb.core.boxes import FloatArray, FrameTransform, clip_to_frame
from videoprep_nb.tracking.detectors.base import RgbFrame

_STRIDE_PX = 32  # the coarsest grid of the network; its input must be a multiple of it
_BAR_GREY = 114  # the value the networks were trained with


@dataclass(frozen=True)
class Letterbox:
    """Sizes in pixels of a frame, of its scaled copy inside the network's input, and of that input."""

    frame_width: int
    frame_height: int
    scaled_width: int
    scaled_height: int
    input_width: int
    input_height: int

    @classmethod
    def fit(cls, frame_width: int, frame_height: int, image_size: int) -> Self:
        """The smallest input of whole strides that holds the frame with its longer side at ``image_size``."""
        scale = image_size / max(frame_width, frame_height)
        scaled = [max(1, round(side * scale / 2)) * 2 for side in (frame_width, frame_height)]  # even, for readers
        padded = [-(-side // _STRIDE_PX) * _STRIDE_PX for side in scaled]
        return cls(frame_width, frame_height, *scaled, *padded)

    @property
    def left(self) -> int:
        """Width of the left bar."""
        return (self.input_width - self.scaled_width) // 2

    @property
    def top(self) -> int:
        """Height of the upper bar."""
        return (self.input_height - self.scaled_height) // 2

    def draw(self, frame: RgbFrame, canvas: RgbFrame) -> None:
        """Draw a frame, scaled if it is not yet, and the bars around it.

        Args:
            frame: ``(h, w, 3)`` uint8 RGB.
            canvas: ``(input_height, input_width, 3)`` uint8, filled; the memory of the network's input, since to make
                and copy an array for each frame would take a twentieth of the time of the network.
        """
        if frame.shape[:2] != (self.scaled_height, self.scaled_width):
            # Linear, as in the training of the networks.
            frame = cv2.resize(frame, (self.scaled_width, self.scaled_height), interpolation=cv2.INTER_LINEAR)
        bottom, right = self.top + self.scaled_height, self.left + self.scaled_width
        canvas[: self.top] = canvas[bottom:] = _BAR_GREY
        canvas[:, : self.left] = canvas[:, right:] = _BAR_GREY
        canvas[self.top : bottom, self.left : right] = frame

    def to_frame(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Map ``(N, 4)`` boxes of the input to the frame and cut them at its border."""
        into_input = FrameTransform(
            scale_x=self.scaled_width / self.frame_width,
            scale_y=self.scaled_height / self.frame_height,
            offset_x=self.left,
            offset_y=self.top,
        )
        return clip_to_frame(into_input.to_source(boxes_xyxy), self.frame_width, self.frame_height)
