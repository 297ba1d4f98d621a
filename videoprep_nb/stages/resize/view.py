"""What 01_resize shows."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from IPython.display import HTML, Image

from videoprep_nb.core.timecode import format_clock, format_duration
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.media.resize import ResizeResult, stills_folder
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.empty_part import or_nothing
from videoprep_nb.viz.frames import shown_frames_at
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.style import MUTED, SECOND

_CELL_WIDTH = 594
_STRIPE_PX = 3
_FATES = {"keep": "kept", "leave_out": "left out"}


@or_nothing
def before_and_after(result: ResizeResult, folder: Path) -> Image | HTML:
    """Frames of the source, as in a player, beside the standard frames.

    Hatched: black padding in the standard frame, cropped areas in the source.

    Args:
        result: What the stage returned.
        folder: The folder of the standard video.
    """
    if not result.stills:
        return tables.remarks([], "The frames that are shown lie in other parts of the video.")
    frames = _standard_frames(result, folder)
    tiles = [tile for index, frame in frames for tile in (_before(result, folder, index), _after(result, frame, index))]
    title = "Source frame (left), standard frame (right)"
    return images.notebook_image(images.contact_sheet(tiles, 2, title), title)


@or_nothing
def resize_summary(result: ResizeResult) -> HTML:
    """The properties of the source and of the standard video, side by side."""
    source = result.source
    claimed = source.claimed_frame_count
    reported = "not in the header" if claimed is None else f"{claimed:,} in the header"
    counts = f"{reported}, {source.packet_count:,} in the file, {result.decoded_frame_count:,} decoded"
    return tables.table(
        ["", "source", "standard video"],
        [
            ("file", result.original_name, result.file or f"{len(result.files)} parts"),
            ("resolution", f"{source.width} × {source.height}", f"{result.width} × {result.height}"),
            ("rotation", f"{source.rotation_deg}°", "0°"),
            ("pixel aspect ratio", _ratio(source.sample_aspect), "1:1"),
            ("frames per second", f"{_rate(source.rate)}{_variable(result)}", f"{_rate(result.rate)}, constant"),
            ("frames", counts, f"{result.frame_count:,} written"),
            (
                "duration",
                format_duration(source.duration_s),
                format_duration(float(result.frame_count / result.rate)),
            ),
            (
                "encoding",
                f"{source.codec}, {source.pixel_format} in {source.format_name.replace(',', '/')}",
                "h264, yuv420p in mp4",
            ),
            ("audio", source.audio_codec or "none", "none"),
            ("written by", "", _way(result)),
            *([("part of the source", str(result.time_range), "all of it")] if result.time_range else []),
        ],
    )


@or_nothing
def findings(result: ResizeResult) -> HTML:
    """Notes on the source, and a table of damaged frames where there are any."""
    notes = tables.remarks(result.findings, "No notes on the source.")
    return tables.html(notes.data + _damage_table(result).data) if result.damage else notes


def _damage_table(result: ResizeResult) -> HTML:
    rows = [
        (
            format_clock(float(span.start_frame / result.rate)),
            format_clock(float((span.end_frame + 1) / result.rate)),
            f"{span.frame_count:,}",
            "key frame missing" if span.lacks_key_frame else "data damaged or lost",
        )
        for span in result.damage
    ]
    return tables.table(["from", "to", f"damaged frames, {_FATES[result.damaged_frames]}", "reason"], rows)


def _standard_frames(result: ResizeResult, folder: Path) -> Iterator[tuple[int, RgbImage]]:
    """The standard frames of the stills, with their indices."""
    for file, stills in groupby(result.stills, lambda still: result.place_of(still)[0]):
        by_index = {result.place_of(still)[1]: still for still in stills}
        for index, frame in shown_frames_at(folder / file, list(by_index)):
            yield by_index[index], frame


def _before(result: ResizeResult, folder: Path, index: int) -> Tile:
    image = images.read_jpeg(stills_folder(folder / _record_file(result)) / f"{index}.jpg")
    part = result.part_of(index)
    kept_xyxy = part.transform.to_source(np.array([[0.0, 0.0, result.width, result.height]]))[0]
    kept_xyxy = kept_xyxy * np.tile([image.shape[1] / part.width, image.shape[0] / part.height], 2)
    cell = (_CELL_WIDTH, round(_CELL_WIDTH * result.height / result.width))
    shown = images.centred(_hatch_outside(image.astype(np.uint8), kept_xyxy.tolist()), *cell)
    return Tile(shown, f"source, {_seconds(result, index)}")


def _record_file(result: ResizeResult) -> str:
    return result.file or f"{result.video_id}.mp4"


def _after(result: ResizeResult, frame: RgbImage, index: int) -> Tile:
    small = images.shrink(frame, _CELL_WIDTH)
    scale = _CELL_WIDTH / result.width
    marked = _hatch_outside(small, [side * scale for side in result.part_of(index).content_xyxy])
    return Tile(marked, f"standard frame, {_seconds(result, index)}")


def _hatch_outside(image: RgbImage, box_xyxy: Sequence[float]) -> RgbImage:
    """Hatch what lies outside a box, and outline the box where there is such a part."""
    height, width = image.shape[:2]
    left, top, right, bottom = (round(side) for side in box_xyxy)
    rows, columns = np.ogrid[:height, :width]
    outside = (columns < left) | (columns >= right) | (rows < top) | (rows >= bottom)
    if not outside.any():
        return image
    marked = image.copy()
    marked[outside] //= 3
    marked[outside & ((rows + columns) // _STRIPE_PX % 5 == 0)] = MUTED
    cv2.rectangle(marked, (left, top), (right - 1, bottom - 1), SECOND, 2)
    return marked


def _seconds(result: ResizeResult, index: int) -> str:
    return f"at {format_clock(float(index / result.rate))}"


def _way(result: ResizeResult) -> str:
    if result.is_copied:
        return "stream copy, as the source is in the standard form"
    return f"encoding, as {result.encoded_because}" if result.encoded_because else "encoding"


def _variable(result: ResizeResult) -> str:
    return ", variable" if result.source.is_variable_rate else ", constant"


def _rate(rate: Fraction) -> str:
    return str(rate) if rate.denominator == 1 else f"{float(rate):.3f} ({rate.numerator}/{rate.denominator})"


def _ratio(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"
