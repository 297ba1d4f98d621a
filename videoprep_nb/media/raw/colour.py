"""Colours of raw frames, and the filters that bring them to those of the standard video."""

from dataclasses import dataclass
from typing import Any

_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_GAMUTS = {9: "BT.2020", 11: "P3", 12: "P3"}
_UNSPECIFIED = 2
_HD_LINES = 720
_HD_COLUMNS = 1280


@dataclass(frozen=True)
class ToneMap:
    """A filter that brings RGB of wide gamut or high dynamic range to the colours of BT.709.

    Args:
        hdr: Transfer function of high dynamic range, PQ or HLG; None for the usual range.
        gamut: Its primaries, BT.2020 or P3; None for those of BT.709.
    """

    hdr: str | None
    gamut: str | None


Filter = str | ToneMap
"""A filter as ffmpeg writes it, ``name=arguments``, or one with a table that we calculate."""


@dataclass(frozen=True)
class Colour:
    """How the colours of a frame are coded.

    Args:
        matrix: From YCbCr to RGB, as the filter ``scale`` names it.
        hdr: Name of a transfer function of high dynamic range, PQ or HLG; None without one.
        gamut: Its primaries, BT.2020 or P3; None for those of BT.709.
    """

    matrix: str
    hdr: str | None = None
    gamut: str | None = None

    @property
    def standard_matrix(self) -> str:
        """The matrix of the standard video: that of the source, or BT.709 for what browsers do not know."""
        return "smpte170m" if self.matrix in ("smpte170m", "bt470", "fcc") else "bt709"

    def scaled(self, size: tuple[int, int], matrix: str, *, full_range: bool = False) -> list[Filter]:
        """The filters that scale a frame and bring its colours to BT.709.

        Args:
            size: Width and height in pixels.
            matrix: Matrix of the scaled frame, as the filter ``scale`` names it.
            full_range: Whether its values use all bits, as in JPEG.
        """
        width, height = size
        scale = f"scale={width}:{height}:flags=bicubic:in_color_matrix={self.matrix}"
        code = f"out_color_matrix={matrix}:out_range={'pc' if full_range else 'tv'}"
        if self.hdr is None and self.gamut is None:
            return [f"{scale}:{code}"]
        # with 16 bits the table is applied three times as fast as with 10 or 12
        return [scale, "format=gbrp16le", ToneMap(self.hdr, self.gamut), f"scale={code}"]


def colour_of(frame: Any) -> Colour:
    """Read the colours of a decoded frame; an untagged one is taken as players do: BT.709 in high definition."""
    is_hd = frame.height >= _HD_LINES or frame.width >= _HD_COLUMNS
    matrix = _MATRICES.get(int(frame.colorspace), "bt709" if is_hd else "smpte170m")
    hdr = _HDR_TRANSFERS.get(int(frame.color_trc))
    primaries = int(frame.color_primaries)
    untagged = "BT.2020" if hdr is not None and primaries == _UNSPECIFIED else None
    return Colour(matrix, hdr, _GAMUTS.get(primaries, untagged))
