"""Images: reading, marking, joining to contact sheets.

An ``RgbImage`` is ``(height, width, 3)`` uint8, red-green-blue. Marks are drawn after shrinking, so that lines and
letters stay sharp.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from IPython.display import Image

from videoprep_nb.core.coarse_images import are_images_coarse
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz.style import GRID, INK, MUTED, PAPER, Colour, ink_on, track_colour

Item = TypeVar("Item")

SHEET_WIDTH_PX = 1200
_GAP_PX = 12
_CAPTION_PX = 30
_TITLE_PX = 38
_JPEG_QUALITY = 80
_COARSE_SQUARES = 24  # in the width of an image


@dataclass(frozen=True)
class Tile:
    """One image of a contact sheet.

    Args:
        image: The image, of any size.
        caption: A few words below it.
    """

    image: RgbImage
    caption: str


@dataclass(frozen=True)
class Mark:
    """A box to draw.

    Args:
        box_xyxy: Corners in pixels of the unshrunk image.
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


def read_jpeg(source: Path | bytes) -> RgbImage:
    """Decode a JPEG file, or the bytes of one.

    Raises:
        InputError: It is no readable image.
    """
    encoded = source if isinstance(source, bytes) else source.read_bytes()
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB) if encoded else None
    if image is None:
        name = "an image in the package" if isinstance(source, bytes) else str(source)
        raise InputError(f"{name} cannot be decoded as a JPEG; write it again.")
    return shown(np.asarray(image, np.uint8))


def shown(image: RgbImage) -> RgbImage:
    """An image of the video as a report may show it: as it is, or so coarse that nobody can be recognized.

    A face that fills the height of the frame is then made of ten squares.
    """
    if not are_images_coarse():
        return image
    height, width = image.shape[:2]
    squares = (_COARSE_SQUARES, max(1, round(_COARSE_SQUARES * height / width)))
    coarse = cv2.resize(image, squares, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def shrink(image: RgbImage, width: int, height: int | None = None) -> RgbImage:
    """Scale an image so that it fits into ``width`` × ``height``; it may grow as well."""
    scale = width / image.shape[1]
    if height is not None:
        scale = min(scale, height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def centred(image: RgbImage, width: int, height: int) -> RgbImage:
    """An image in the middle of a light surface, scaled to fit."""
    small = shrink(image, width, height)
    surface = np.full((height, width, 3), GRID, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    surface[top : top + small.shape[0], left : left + small.shape[1]] = small
    return surface


def text(image: RgbImage, words: str, left: int, baseline: int, size: int, colour: Colour, weight: int = 400) -> None:
    """Write a line of text into an image."""
    cv2.putText(image, words, (left, baseline), colour, _font(), size, weight)


def text_width(words: str, size: int, weight: int = 400) -> int:
    """Width in pixels of a line of text."""
    _, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), _font(), size, weight)
    return int(width)


def chip(image: RgbImage, words: str, left: int, bottom: int, colour: Colour, size: int = 13) -> None:
    """Write words on a filled patch whose lower left corner is given; it is pushed into the image."""
    width, height = text_width(words, size, 600) + 8, size + 5
    left = max(0, min(left, image.shape[1] - width))
    bottom = max(height, min(bottom, image.shape[0]))
    cv2.rectangle(image, (left, bottom - height), (left + width, bottom), colour, cv2.FILLED)
    text(image, words, left + 4, bottom - 5, size, ink_on(colour), 600)


def draw_outlines(image: RgbImage, boxes_xyxy: Iterable[Sequence[float]], source_width: int) -> None:
    """Draw white boxes into an image that is shrunk already; they stay visible around coloured ones.

    Args:
        image: The image.
        boxes_xyxy: The boxes, in pixels of the unshrunk image.
        source_width: Its width in pixels.
    """
    scale = image.shape[1] / source_width
    for box in boxes_xyxy:
        left, top, right, bottom = (round(side * scale) for side in box)
        cv2.rectangle(image, (left - 2, top - 2), (right + 2, bottom + 2), PAPER, 1, cv2.LINE_AA)


def draw_marks(image: RgbImage, marks: Iterable[Mark], source_width: int) -> RgbImage:
    """Draw boxes with their track ids.

    Args:
        image: The image, shrunk already; it is drawn into.
        marks: The boxes.
        source_width: Width in pixels of the image that the boxes are given in.

    Returns:
        The same image.
    """
    scale = image.shape[1] / source_width
    for mark in marks:
        left, top, right, bottom = (round(side * scale) for side in mark.box_xyxy)
        colour = mark.colour or track_colour(mark.track_id)
        if mark.ring:
            cv2.rectangle(image, (left - 3, top - 3), (right + 3, bottom + 3), mark.ring, 2, cv2.LINE_AA)
        cv2.rectangle(image, (left, top), (right, bottom), colour, 2 if mark.certain else 1, cv2.LINE_AA)
        chip(image, f"{mark.track_id} {mark.note}".strip(), left - 1, top, colour)
    return image


def contact_sheet(tiles: Sequence[Tile], columns: int, title: str = "") -> RgbImage:
    """Join images to a sheet, row by row; all cells have the size of the largest.

    Args:
        tiles: The images; at least one.
        columns: Images per row.
        title: A line on top.
    """
    cell_width = (SHEET_WIDTH_PX - (columns - 1) * _GAP_PX) // columns
    images = [shrink(tile.image, cell_width) for tile in tiles]
    cell_height = max(image.shape[0] for image in images)
    rows = -(-len(tiles) // columns)
    row_height = cell_height + _CAPTION_PX
    head = _TITLE_PX if title else 0
    if title and are_images_coarse():
        title = f"{title} (coarse, as this job hides people)"
    sheet = np.full((head + rows * row_height, SHEET_WIDTH_PX, 3), PAPER, np.uint8)
    if title:
        text(sheet, title, 0, 24, 20, INK, 600)
    for i, (tile, image) in enumerate(zip(tiles, images, strict=True)):
        top, left = head + i // columns * row_height, i % columns * (cell_width + _GAP_PX)
        sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
        text(sheet, tile.caption, left + 1, top + cell_height + 20, 16, MUTED)
    return sheet


def notebook_image(image: RgbImage, alt: str) -> Image:
    """An image for a notebook, as JPEG.

    Args:
        image: The image.
        alt: What it shows, for people who cannot see it.
    """
    return Image(data=encode_jpeg(image), format="jpeg", alt=alt)  # type: ignore[no-untyped-call]


def encode_jpeg(image: RgbImage, quality: int = _JPEG_QUALITY) -> bytes:
    """The bytes of a JPEG file, of a quality from 1 to 100."""
    done, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"OpenCV cannot encode an image of {image.shape}")
    return encoded.tobytes()


def encode_png(image: npt.NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG file, quickly rather than small; a fourth channel is the opacity."""
    order = [2, 1, 0, 3][: image.shape[2]]
    done, encoded = cv2.imencode(".png", image[..., order], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"OpenCV cannot encode an image of {image.shape}")
    return encoded.tobytes()


def _font() -> cv2.FontFace:
    # OpenCV brings this typeface with it; the object is cheap and not safe to share between threads
    return cv2.FontFace("sans")
