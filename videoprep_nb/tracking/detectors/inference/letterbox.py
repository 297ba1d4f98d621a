"""The way of a frame into the network and of boxes back: scaled to fit, grey bars around."""

from dataclasses import dataclass
from typing import Literal, Self

import cv2

from videoprep_nb.core.boxes import FloatArray, FrameTransform, clip_to_frame
from videoprep_nb.tracking.detectors.base import RgbFrame

Placing = Literal["centre", "upper_left", "stretched"]
"""Where the frame lies in the input; ``stretched`` fills it, whatever its aspect ratio."""

BAR_GREY = 114
"""Of the bars; the value the networks were trained with."""


@dataclass(frozen=True)
class Letterbox:
    """Sizes in pixels of a frame, of its scaled copy inside the network's input, and of that input.

    Bars lie on both sides of a centred copy, else right of it and below.
    """

    frame_width: int
    frame_height: int
    scaled_width: int
    scaled_height: int
    input_width: int
    input_height: int

    is_centred: bool

    @classmethod
    def fit(
        cls,
        frame_width: int,
        frame_height: int,
        image_size: int,
        stride_px: int = 32,
        placing: Placing = "centre",
        input_size: tuple[int, int] | None = None,
    ) -> Self:
        """Fit a frame into the smallest input of whole strides, or into one that is given.

        Args:
            frame_width: Width of the frame in pixels.
            frame_height: Its height.
            image_size: Longer side of the scaled frame in pixels; both sides of a stretched one.
            stride_px: The coarsest grid of the network; its input must be a multiple of it.
            placing: Where the frame lies.
            input_size: Width and height of the input, if the network has no other; ``image_size`` is then ignored.
        """
        if placing == "stretched":
            width, height = input_size or (_rounded_up(image_size, stride_px),) * 2
            return cls(frame_width, frame_height, width, height, width, height, is_centred=True)
        scale = image_size / max(frame_width, frame_height)
        if input_size:
            scale = min(input_size[0] / frame_width, input_size[1] / frame_height)
        scaled = [max(1, round(side * scale / 2)) * 2 for side in (frame_width, frame_height)]  # even, for readers
        width, height = input_size or [_rounded_up(side, stride_px) for side in scaled]
        return cls(frame_width, frame_height, scaled[0], scaled[1], width, height, is_centred=placing == "centre")

    @property
    def left(self) -> int:
        """Width of the left bar."""
        return (self.input_width - self.scaled_width) // 2 * self.is_centred

    @property
    def top(self) -> int:
        """Height of the upper bar."""
        return (self.input_height - self.scaled_height) // 2 * self.is_centred

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
        canvas[: self.top] = canvas[bottom:] = BAR_GREY
        canvas[:, : self.left] = canvas[:, right:] = BAR_GREY
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


def _rounded_up(side_px: int, stride_px: int) -> int:
    return -(-side_px // stride_px) * stride_px
