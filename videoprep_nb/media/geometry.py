"""Where the source frame goes in the standard frame."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.errors import ParameterError

Fit = Literal["letterbox", "crop", "stretch"]

_MAX_SCALED_PIXELS = 1 << 26


@dataclass(frozen=True)
class Placement:
    """A scaled source frame in the standard frame; all numbers are even, in pixels of the standard frame.

    Args:
        frame_width: Width of the standard frame.
        frame_height: Height of the standard frame.
        scaled_width: Width of the whole scaled source frame.
        scaled_height: Height of the whole scaled source frame.
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
    def content_xyxy(self) -> tuple[int, int, int, int]:
        """The part of the standard frame that shows the source."""
        right, lower = self.offset_x + self.scaled_width, self.offset_y + self.scaled_height
        return (
            max(0, self.offset_x),
            max(0, self.offset_y),
            min(self.frame_width, right),
            min(self.frame_height, lower),
        )

    def transform_from(self, source_width: int, source_height: int) -> FrameTransform:
        """The mapping of source pixels (rotated as in a player) to the standard frame."""
        return FrameTransform(
            self.scaled_width / source_width, self.scaled_height / source_height, self.offset_x, self.offset_y
        )

    @property
    def filters(self) -> list[str]:
        """The ffmpeg filters that place a scaled frame."""
        left, upper, right, lower = self.content_xyxy
        return [
            "format=yuv420p",
            f"crop={right - left}:{lower - upper}:{left - self.offset_x}:{upper - self.offset_y}",
            f"pad={self.frame_width}:{self.frame_height}:{left}:{upper}:black",
            "setsar=1",
        ]


def place(
    source_size: tuple[int, int], sample_aspect: Fraction, frame_size: tuple[int, int], fit: Fit, *, upscale: bool
) -> Placement:
    """Fit a source frame into the standard frame, centred.

    Args:
        source_size: Width and height in source pixels, rotated as in a player.
        sample_aspect: Width over height of a source pixel, rotated likewise.
        frame_size: Width and height of the standard frame in pixels, even.
        fit: Pad with black, crop or stretch.
        upscale: Whether a small frame may be enlarged.

    Returns:
        The placement on even pixels, as chroma is stored per 2 × 2 pixels.

    Raises:
        ParameterError: The aspect ratio is too extreme: cropping would need an absurdly large frame first.
    """
    shown = (source_size[0] * sample_aspect, Fraction(source_size[1]))
    ratios = [Fraction(frame) / side for frame, side in zip(frame_size, shown, strict=True)]
    if fit != "stretch":
        ratios = [min(ratios) if fit == "letterbox" else max(ratios)] * 2
    if not upscale:
        ratios = [min(ratio, Fraction(1)) for ratio in ratios]
    width, height = (max(2, _nearest_even(side * ratio)) for side, ratio in zip(shown, ratios, strict=True))
    if width * height > _MAX_SCALED_PIXELS:
        raise ParameterError(
            "fit", f"cannot crop {source_size[0]}×{source_size[1]}, its aspect ratio is too extreme; use letterbox"
        )
    offset_x, offset_y = (
        math.floor(Fraction(frame - side, 4)) * 2 for frame, side in zip(frame_size, (width, height), strict=True)
    )
    return Placement(*frame_size, width, height, offset_x, offset_y)


def _nearest_even(value: Fraction) -> int:
    return math.floor(value / 2 + Fraction(1, 2)) * 2
