"""Pictures: reading, marking, joining to contact sheets.

A ``Picture`` is ``(height, width, 3)`` uint8, red-green-blue. Marks are drawn after shrinking, so that lines and
letters stay sharp.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from IPython.display import Image

from videoprep_nb.core.errors import InputError
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz.style import GRID, INK, MUTED, PAPER, Colour, ink_on, track_colour

Picture = RgbImage
Item = TypeVar("Item")

SHEET_WIDTH_PX = 1200
_GAP_PX = 12
_CAPTION_PX = 30
_TITLE_PX = 38
_JPEG_QUALITY = 80


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet.

    Args:
        picture: The picture, of any size.
        caption: A few words below it.
    """

    picture: Picture
    caption: str


@dataclass(frozen=True)
class Mark:
    """A box to draw.

    Args:
        box_xyxy: Corners in pixels of the unshrunk picture.
        track_id: Gives the colour and the label.
        note: Further words in the label.
        certain: False draws a thin line, for boxes that nobody saw.
        colour: Of box and label; None for that of the track.
        ring: Colour of a second line around the box, for what should be noticed; None for none.
    """

    box_xyxy: Sequence[float]
    track_id: int
    note: str = ""
    certain: bool = True
    colour: Colour | None = None
    ring: Colour | None = None


def sampled(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` items, spread evenly, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[round(i * (len(items) - 1) / max(1, count - 1))] for i in range(count)]


def read_jpeg(source: Path | bytes) -> Picture:
    """Decode a JPEG file, or the bytes of one.

    Raises:
        InputError: It is no readable picture.
    """
    encoded = source if isinstance(source, bytes) else source.read_bytes()
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB) if encoded else None
    if picture is None:
        name = "a picture in the package" if isinstance(source, bytes) else str(source)
        raise InputError(f"{name} cannot be decoded as a JPEG; write it again.")
    return np.asarray(picture, np.uint8)


def shrink(picture: Picture, width: int, height: int | None = None) -> Picture:
    """Scale a picture so that it fits into ``width`` × ``height``; it may grow as well."""
    scale = width / picture.shape[1]
    if height is not None:
        scale = min(scale, height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)


def centred(picture: Picture, width: int, height: int) -> Picture:
    """A picture in the middle of a light surface, scaled to fit."""
    small = shrink(picture, width, height)
    surface = np.full((height, width, 3), GRID, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    surface[top : top + small.shape[0], left : left + small.shape[1]] = small
    return surface


def text(picture: Picture, words: str, left: int, baseline: int, size: int, colour: Colour, weight: int = 400) -> None:
    """Write a line of text into a picture."""
    cv2.putText(picture, words, (left, baseline), colour, _font(), size, weight)


def text_width(words: str, size: int, weight: int = 400) -> int:
    """Width in pixels of a line of text."""
    _, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), _font(), size, weight)
    return int(width)


def chip(picture: Picture, words: str, left: int, bottom: int, colour: Colour, size: int = 13) -> None:
    """Write words on a filled patch whose lower left corner is given; it is pushed into the picture."""
    width, height = text_width(words, size, 600) + 8, size + 5
    left = max(0, min(left, picture.shape[1] - width))
    bottom = max(height, min(bottom, picture.shape[0]))
    cv2.rectangle(picture, (left, bottom - height), (left + width, bottom), colour, cv2.FILLED)
    text(picture, words, left + 4, bottom - 5, size, ink_on(colour), 600)


def draw_outlines(picture: Picture, boxes_xyxy: Iterable[Sequence[float]], source_width: int) -> None:
    """Draw white boxes into a picture that is shrunk already; they stay visible around coloured ones.

    Args:
        picture: The picture.
        boxes_xyxy: The boxes, in pixels of the unshrunk picture.
        source_width: Its width in pixels.
    """
    scale = picture.shape[1] / source_width
    for box in boxes_xyxy:
        left, top, right, bottom = (round(side * scale) for side in box)
        cv2.rectangle(picture, (left - 2, top - 2), (right + 2, bottom + 2), PAPER, 1, cv2.LINE_AA)


def draw_marks(picture: Picture, marks: Iterable[Mark], source_width: int) -> Picture:
    """Draw boxes with their track ids.

    Args:
        picture: The picture, shrunk already; it is drawn into.
        marks: The boxes.
        source_width: Width in pixels of the picture that the boxes are given in.

    Returns:
        The same picture.
    """
    scale = picture.shape[1] / source_width
    for mark in marks:
        left, top, right, bottom = (round(side * scale) for side in mark.box_xyxy)
        colour = mark.colour or track_colour(mark.track_id)
        if mark.ring:
            cv2.rectangle(picture, (left - 3, top - 3), (right + 3, bottom + 3), mark.ring, 2, cv2.LINE_AA)
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 2 if mark.certain else 1, cv2.LINE_AA)
        chip(picture, f"{mark.track_id} {mark.note}".strip(), left - 1, top, colour)
    return picture


def contact_sheet(tiles: Sequence[Tile], columns: int, title: str = "") -> Picture:
    """Join pictures to a sheet, row by row; all cells have the size of the largest.

    Args:
        tiles: The pictures; at least one.
        columns: Pictures per row.
        title: A line on top.
    """
    cell_width = (SHEET_WIDTH_PX - (columns - 1) * _GAP_PX) // columns
    pictures = [shrink(tile.picture, cell_width) for tile in tiles]
    cell_height = max(picture.shape[0] for picture in pictures)
    rows = -(-len(tiles) // columns)
    row_height = cell_height + _CAPTION_PX
    head = _TITLE_PX if title else 0
    sheet = np.full((head + rows * row_height, SHEET_WIDTH_PX, 3), PAPER, np.uint8)
    if title:
        text(sheet, title, 0, 24, 20, INK, 600)
    for i, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        top, left = head + i // columns * row_height, i % columns * (cell_width + _GAP_PX)
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        text(sheet, tile.caption, left + 1, top + cell_height + 20, 16, MUTED)
    return sheet


def image(picture: Picture, alt: str) -> Image:
    """A picture for a notebook, as JPEG.

    Args:
        picture: The picture.
        alt: What it shows, for people who cannot see it.
    """
    return Image(data=encode_jpeg(picture), format="jpeg", alt=alt)  # type: ignore[no-untyped-call]


def encode_jpeg(picture: Picture, quality: int = _JPEG_QUALITY) -> bytes:
    """The bytes of a JPEG file, of a quality from 1 to 100."""
    done, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"OpenCV cannot encode a picture of {picture.shape}")
    return encoded.tobytes()


def _font() -> cv2.FontFace:
    # OpenCV brings this typeface with it; the object is cheap and not safe to share between threads
    return cv2.FontFace("sans")
