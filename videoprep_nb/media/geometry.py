"""Where the source picture goes in the standard frame."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.errors import ParameterError

Fit = Literal["letterbox", "crop", "stretch"]

_MOST_SCALED_PIXELS = 1 << 26


@dataclass(frozen=True)
class Placement:
    """The scaled source picture in a frame; all numbers in pixels of that frame, all even.

    Args:
        frame_width: Width of the frame.
        frame_height: Height of the frame.
        scaled_width: Width of the whole scaled picture.
        scaled_height: Height of the whole scaled picture.
        offset_x: Its left edge in the frame; negative when cropped.
        offset_y: Its upper edge in the frame; negative when cropped.
    """

    frame_width: int
    frame_height: int
    scaled_width: int
    scaled_height: int
    offset_x: int
    offset_y: int

    @property
    def picture_xyxy(self) -> tuple[int, int, int, int]:
        """The part of the frame that shows the source picture."""
        right, lower = self.offset_x + self.scaled_width, self.offset_y + self.scaled_height
        return (
            max(0, self.offset_x),
            max(0, self.offset_y),
            min(self.frame_width, right),
            min(self.frame_height, lower),
        )

    def transform_from(self, source_width: int, source_height: int) -> FrameTransform:
        """The mapping of source pixels (turned as a player shows them) to the frame."""
        return FrameTransform(
            self.scaled_width / source_width, self.scaled_height / source_height, self.offset_x, self.offset_y
        )

    def filters(self) -> list[str]:
        """The ffmpeg filters that put a picture there."""
        left, upper, right, lower = self.picture_xyxy
        return [
            f"scale={self.scaled_width}:{self.scaled_height}:flags=bicubic:out_range=tv",
            "format=yuv420p",
            f"crop={right - left}:{lower - upper}:{left - self.offset_x}:{upper - self.offset_y}",
            f"pad={self.frame_width}:{self.frame_height}:{left}:{upper}:black",
            "setsar=1",
        ]


def place(
    source_size: tuple[int, int], sample_aspect: Fraction, frame_size: tuple[int, int], fit: Fit, *, upscale: bool
) -> Placement:
    """Fit a source picture into a frame, centred.

    Args:
        source_size: Width and height in source pixels, as a player turns the picture.
        sample_aspect: Width over height of a source pixel, turned likewise.
        frame_size: Width and height of the frame in pixels, even.
        fit: Black bars, cut the overhang, or distort.
        upscale: Whether a small picture may be enlarged.

    Returns:
        The place, on even pixels, because colour is stored for 2 × 2 of them.

    Raises:
        ParameterError: Cropping so long and thin a picture would need one of absurd size first.
    """
    shown = (source_size[0] * sample_aspect, Fraction(source_size[1]))
    ratios = [Fraction(frame) / side for frame, side in zip(frame_size, shown, strict=True)]
    if fit != "stretch":
        ratios = [min(ratios) if fit == "letterbox" else max(ratios)] * 2
    if not upscale:
        ratios = [min(ratio, Fraction(1)) for ratio in ratios]
    width, height = (max(2, _nearest_even(side * ratio)) for side, ratio in zip(shown, ratios, strict=True))
    if width * height > _MOST_SCALED_PIXELS:
        raise ParameterError(
            "fit", f"cannot crop a picture of {source_size[0]}×{source_size[1]}: it is too long and thin; use letterbox"
        )
    offset_x, offset_y = (
        math.floor(Fraction(frame - side, 4)) * 2 for frame, side in zip(frame_size, (width, height), strict=True)
    )
    return Placement(*frame_size, width, height, offset_x, offset_y)


def _nearest_even(value: Fraction) -> int:
    return math.floor(value / 2 + Fraction(1, 2)) * 2
