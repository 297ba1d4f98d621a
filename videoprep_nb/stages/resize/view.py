"""What 01_resize shows."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from IPython.display import HTML, Image

from videoprep_nb.core.errors import FfmpegError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.ffmpeg import raw_input, run_ffmpeg
from videoprep_nb.media.frames import RgbImage, read_frames_at
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.media.standard import open_own
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.style import MUTED, SECOND

_MOMENTS = (0.1, 0.5, 0.9)
_CELL_WIDTH = 594
_STRIPE_PX = 3
_STILL_TIMEOUT_S = 60.0
_STILL_ENCODER = ("-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")


def before_and_after(result: ResizeResult, source: Path, folder: Path) -> Image:
    """Frames of the source, as in a player, beside the standard frames.

    Hatched: black padding in the standard frame, cropped areas in the source.

    Args:
        result: What the stage returned.
        source: The raw file; only ffmpeg opens it.
        folder: The folder of the standard video.
    """
    indices = [round((result.frame_count - 1) * part) for part in _MOMENTS]
    times_s = [index / result.rate for index in indices]
    # ffmpeg decodes from the previous keyframe, which may be far; the three runs go in parallel
    with ThreadPoolExecutor() as pool:
        before = pool.map(partial(_before, result, source), times_s)
        frames = [frame for _, frame in read_frames_at(folder / result.file, indices)]
        after = [_after(result, frame, time_s) for frame, time_s in zip(frames, times_s, strict=True)]
        tiles = [tile for pair in zip(before, after, strict=True) for tile in pair]
    title = "Source frame (left), standard frame (right)"
    return images.notebook_image(images.contact_sheet(tiles, 2, title), title)


def resize_summary(result: ResizeResult) -> HTML:
    """The properties of the source and of the standard video, side by side."""
    source = result.source
    claimed = source.claimed_frame_count
    reported = "not in the header" if claimed is None else f"{claimed:,} in the header"
    counts = f"{reported}, {source.packet_count:,} in the file, {result.decoded_frame_count:,} decoded"
    return tables.table(
        ["", "source", "standard video"],
        [
            ("file", result.original_name, result.file),
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
        ],
    )


def findings(result: ResizeResult) -> HTML:
    """Notes on the source."""
    return tables.remarks(result.findings, "No notes on the source.")


def _before(result: ResizeResult, source: Path, time_s: Fraction) -> Tile:
    width, height = result.source.displayed_size
    shown = (float(width * result.source.displayed_sample_aspect), height)
    cell = (_CELL_WIDTH, round(_CELL_WIDTH * result.height / result.width))
    scale = min(side / source_side for side, source_side in zip(cell, shown, strict=True))
    small = tuple(max(2, round(side * scale / 2) * 2) for side in shown)
    # a little early: a time that was rounded up would give the frame after
    image = _source_frame(source, max(0.0, float(time_s - 1 / result.rate / 4)), *small)
    if image is None:
        return Tile(images.centred(np.full((2, 2, 3), 200, np.uint8), *cell), "no frame can be decoded here")
    kept_xyxy = result.transform.to_source(np.array([[0.0, 0.0, result.width, result.height]]))[0]
    kept_xyxy = kept_xyxy * np.tile([small[0] / width, small[1] / height], 2)
    return Tile(images.centred(_hatch_outside(image, kept_xyxy.tolist()), *cell), f"source, {_seconds(time_s)}")


def _source_frame(path: Path, time_s: float, width: int, height: int) -> RgbImage | None:
    """The frame of a raw file at a time, rotated and scaled; None when no frame can be decoded from there on."""
    arguments = ["-ss", f"{time_s:.3f}", *raw_input(path), "-map", "0:V:0", "-frames:v", "1"]
    arguments += ["-vf", f"scale={width}:{height},setsar=1", *_STILL_ENCODER]
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder) / "still.mp4"
        try:
            run = run_ffmpeg(arguments, still, timeout_s=_STILL_TIMEOUT_S)
        except FfmpegError:
            return None
        if not run.encoded_frames:
            return None
        with open_own(still) as container:
            return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _after(result: ResizeResult, frame: RgbImage, time_s: Fraction) -> Tile:
    small = images.shrink(frame, _CELL_WIDTH)
    scale = _CELL_WIDTH / result.width
    marked = _hatch_outside(small, [side * scale for side in result.content_xyxy])
    return Tile(marked, f"standard frame, {_seconds(time_s)}")


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


def _seconds(time_s: Fraction) -> str:
    return f"at {tables.clock(float(time_s))}"


def _variable(result: ResizeResult) -> str:
    return ", variable" if result.source.is_variable_rate else ", constant"


def _rate(rate: Fraction) -> str:
    return str(rate) if rate.denominator == 1 else f"{float(rate):.3f} ({rate.numerator}/{rate.denominator})"


def _ratio(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"
