"""Small images of source frames, for the report."""

from pathlib import Path
from typing import Any

import av

from videoprep_nb.media.raw.colour import Filter
from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.drawing import Drawing

_FORMAT = "yuvj420p"


def write_still(frame: Any, display: Display, path: Path, size: tuple[int, int]) -> None:
    """Write a source frame as JPEG, as a player shows it.

    Args:
        frame: The frame, as PyAV has it.
        display: How it is shown.
        path: The file to write.
        size: Largest width and height in pixels.
    """
    shown = (float(display.shown_size[0] * display.shown_sample_aspect), float(display.shown_size[1]))
    scale = min(limit / side for limit, side in zip(size, shown, strict=True))
    width, height = (max(2, round(side * scale / 2) * 2) for side in shown)
    filters: list[Filter] = [
        display.crop_filter,
        *display.turn.filters,
        *display.colour.scaled((width, height), "smpte170m", full_range=True),
        f"format={_FORMAT}",
    ]
    drawing = Drawing(frame, filters, threads=1)
    still = next(iter([*drawing.draw(frame), *drawing.finish()]))
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, _FORMAT
    encoder.time_base = still.time_base
    path.write_bytes(b"".join(bytes(packet) for image in (still, None) for packet in encoder.encode(image)))
