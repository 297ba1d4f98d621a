"""Colours of raw frames, and the filters that bring them to those of the standard video."""

from dataclasses import dataclass
from typing import Any

_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_HD_LINES = 720
_HD_COLUMNS = 1280


@dataclass(frozen=True)
class Colour:
    """How the colours of a frame are coded.

    Args:
        matrix: From YCbCr to RGB, as the filter ``scale`` names it.
        hdr: Name of a transfer function of high dynamic range, PQ or HLG; None without one.
    """

    matrix: str
    hdr: str | None = None

    @property
    def standard_matrix(self) -> str:
        """The matrix of the standard video: that of the source, or BT.709 for what browsers do not know."""
        return "smpte170m" if self.matrix in ("smpte170m", "bt470", "fcc") else "bt709"

    def scale_options(self, standard_matrix: str) -> str:
        """Options of the filter ``scale`` that convert to the standard video."""
        return f"in_color_matrix={self.matrix}:out_color_matrix={standard_matrix}:out_range=tv"


def colour_of(frame: Any) -> Colour:
    """Read the colours of a decoded frame; an untagged one is taken as players do: BT.709 in high definition."""
    is_hd = frame.height >= _HD_LINES or frame.width >= _HD_COLUMNS
    matrix = _MATRICES.get(int(frame.colorspace), "bt709" if is_hd else "smpte170m")
    return Colour(matrix, _HDR_TRANSFERS.get(int(frame.color_trc)))
