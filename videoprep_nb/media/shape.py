"""The shape of frames, and the words for it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from videoprep_nb.core.records import Record
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_duration

_MAX_SENTENCES = 5


class Shape(Record):
    """How frames of a source are shown.

    Args:
        width: Width of the source in pixels, rotated as in a player.
        height: Height of it.
        sample_aspect: Width over height of a pixel, rotated likewise.
        rotation_deg: Clockwise rotation that was applied.
        is_mirrored: Whether left and right were swapped before.
        hdr: Transfer function of high dynamic range, PQ or HLG; None without one.
    """

    width: int
    height: int
    sample_aspect: Fraction
    rotation_deg: int
    is_mirrored: bool
    hdr: str | None = None


def change_findings(shapes: Sequence[tuple[float, Shape]], ending: str = "") -> Iterator[str]:
    """Sentences about frames whose shape changes on the way.

    Args:
        shapes: Since when, in seconds, and the shape; the first one is that of the beginning.
        ending: What to add to a sentence.

    Example:
        >>> wide, upright = (
        ...     Shape(width=w, height=h, sample_aspect=Fraction(1), rotation_deg=0, is_mirrored=False)
        ...     for w, h in ((160, 96), (96, 160))
        ... )
        >>> list(change_findings([(0.0, wide), (2.0, upright)]))
        ['from 2.0 s on the frames are 96×160']
    """
    changes = [(at_s, ", ".join(_differences(before, shape))) for (_, before), (at_s, shape) in pairwise(shapes)]
    for at_s, difference in changes[:_MAX_SENTENCES]:
        yield f"from {format_duration(at_s)} on the frames are {difference}{ending}"
    if len(changes) > _MAX_SENTENCES:
        yield f"the frames change {plural(len(changes) - _MAX_SENTENCES, 'more time')}"


def _differences(before: Shape, shape: Shape) -> Iterator[str]:
    if (before.width, before.height, before.sample_aspect) != (shape.width, shape.height, shape.sample_aspect):
        aspect = shape.sample_aspect
        pixels = "" if aspect == 1 else f" with pixels {aspect.numerator}:{aspect.denominator}"
        yield f"{shape.width}×{shape.height}{pixels}"
    if before.rotation_deg != shape.rotation_deg:
        yield f"rotated {shape.rotation_deg}°" if shape.rotation_deg else "not rotated"
    if before.is_mirrored != shape.is_mirrored:
        yield "mirrored" if shape.is_mirrored else "not mirrored"
    if before.hdr != shape.hdr:
        yield f"in high dynamic range ({shape.hdr})" if shape.hdr else "in standard range"
