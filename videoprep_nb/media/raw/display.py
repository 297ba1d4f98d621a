"""How the frames of a raw file are to be shown: cropped, turned, mirrored, in which colours."""

import math
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type

from videoprep_nb.media.raw.colour import Colour, colour_of

_MAX_SKEW_DEG = 1.0


@dataclass(frozen=True)
class Turn:
    """What a player does to a stored frame: mirror it, then turn it.

    Args:
        clockwise_deg: 0, 90, 180 or 270.
        mirrored: Left and right are swapped first.
        ignored_deg: An angle between those, from -180 to 180, which is not applied; players differ there.
    """

    clockwise_deg: int = 0
    mirrored: bool = False
    ignored_deg: float = 0.0

    @property
    def filters(self) -> tuple[str, ...]:
        """The ffmpeg filters that do it."""
        turns = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
        return (*(("hflip",) if self.mirrored else ()), *turns[self.clockwise_deg])


@dataclass(frozen=True)
class Display:
    """What has to be known of a decoded frame to show it as a player does.

    Args:
        width: Width of the visible part of a stored frame in pixels.
        height: Its height.
        crop_xy: Its left upper corner in the decoded frame.
        sample_aspect: Width over height of a stored pixel.
        turn: How a player turns it.
        pixel_format: Pixel format, as libav names it.
        colour: Its colours.
    """

    width: int
    height: int
    crop_xy: tuple[int, int]
    sample_aspect: Fraction
    turn: Turn
    pixel_format: str
    colour: Colour

    @property
    def crop_filter(self) -> str:
        """The ffmpeg filter that leaves the visible part of a decoded frame."""
        left, top = self.crop_xy
        # not rounded to whole chroma samples, which would leave nothing of a single pixel
        return f"crop={self.width}:{self.height}:{left}:{top}:exact=1"

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of a turned frame, in stored pixels."""
        return (self.width, self.height) if self.turn.clockwise_deg % 180 == 0 else (self.height, self.width)

    @property
    def shown_sample_aspect(self) -> Fraction:
        """Width over height of a pixel of a turned frame."""
        return self.sample_aspect if self.turn.clockwise_deg % 180 == 0 else 1 / self.sample_aspect

    @property
    def fields(self) -> dict[str, Any]:
        """What is reported about it: the fields of a ``Shape``."""
        width, height = self.shown_size
        return {
            "width": width,
            "height": height,
            "sample_aspect": str(self.shown_sample_aspect),
            "rotation_deg": self.turn.clockwise_deg,
            "is_mirrored": self.turn.mirrored,
            "hdr": self.colour.hdr,
        }


def display_of(frame: Any, sample_aspect: Fraction, turn: Turn, crop: tuple[int, int, int, int]) -> Display:
    """Describe a decoded frame.

    Args:
        frame: A frame, as PyAV has it.
        sample_aspect: Width over height of a stored pixel.
        turn: How a player turns it.
        crop: Pixels that the container hides at the top, bottom, left and right.
    """
    top, bottom, left, right = crop
    width, height = frame.width - left - right, frame.height - top - bottom
    if width <= 0 or height <= 0:  # a crop that belongs to another size
        top, left, width, height = 0, 0, frame.width, frame.height
    return Display(
        width=width,
        height=height,
        crop_xy=(left, top),
        sample_aspect=sample_aspect,
        turn=turn,
        pixel_format=frame.format.name,
        colour=colour_of(frame),
    )


def coded_turn(frame: Any) -> Turn | None:
    """How a player turns a decoded frame, None if the frame does not say."""
    # frame.side_data would refer back to the frame, whose memory then stays until garbage is collected
    found = SideDataContainer.__new__(SideDataContainer)
    with suppress(ValueError):  # a kind that PyAV does not know, such as EXIF, ends its list; the matrix comes before
        SideDataContainer.__init__(found, frame)  # type: ignore[call-arg]  # PyAV declares no constructor
    matrix = found.get(Type.DISPLAYMATRIX)
    return None if matrix is None else turn_of(np.frombuffer(matrix, np.int32))


def turn_of(matrix: Any) -> Turn:
    """Read a display matrix, nine 16.16 numbers ``a b u c d v x y w``: a point goes to ``(ax + cy, bx + dy)``.

    Example:
        >>> turn_of([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]).clockwise_deg
        90
    """
    a, b, c, d = (int(matrix[index]) for index in (0, 1, 3, 4))
    mirrored = a * d - b * c < 0
    sign = -1 if mirrored else 1
    angle_deg = math.degrees(math.atan2(sign * b, sign * a)) % 360
    quarter = round(angle_deg / 90) * 90
    if abs(angle_deg - quarter) > _MAX_SKEW_DEG:
        return Turn(0, mirrored, angle_deg - 360 * (angle_deg > 180))
    return Turn(quarter % 360, mirrored)
