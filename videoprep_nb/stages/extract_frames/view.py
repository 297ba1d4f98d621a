"""What 03_extract_frames shows."""

from itertools import groupby
from pathlib import Path

from IPython.display import HTML, Image

from videoprep_nb.core.records import FrameRecord, FrameTable
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.viz import images, tables

_MAX_CLIPS = 8
_MAX_FRAMES = 15
_COLUMNS = 5


def frame_mosaics(frames: FrameTable, folder: Path) -> list[Image]:
    """One contact sheet per clip; long videos show evenly sampled clips and frames.

    Args:
        frames: The table of the video's frames.
        folder: The folder with one folder of JPEGs per clip.
    """
    clips = _by_clip(frames)
    shown = images.sampled(list(enumerate(clips, start=1)), _MAX_CLIPS)
    return [_mosaic(f"{clip} (clip {number} of {len(clips)})", clips[clip], folder / clip) for number, clip in shown]


def frame_summary(frames: FrameTable) -> HTML:
    """Frames, and their first and last times, of every clip."""
    return tables.table(
        ["clip", "frames", "first at", "last at", "first in the video", "last in the video"],
        [
            (
                clip,
                len(chosen),
                format_clock(chosen[0].time_in_clip_s),
                format_clock(chosen[-1].time_in_clip_s),
                format_clock(chosen[0].time_in_source_s),
                format_clock(chosen[-1].time_in_source_s),
            )
            for clip, chosen in _by_clip(frames).items()
        ],
    )


def _by_clip(frames: FrameTable) -> dict[str, list[FrameRecord]]:
    return {clip: list(chosen) for clip, chosen in groupby(frames.frames, key=lambda frame: frame.clip_id)}


def _mosaic(name: str, frames: list[FrameRecord], folder: Path) -> Image:
    shown = images.sampled(frames, _MAX_FRAMES)
    width = images.SHEET_WIDTH_PX // _COLUMNS
    tiles = [
        images.Tile(images.shrink(images.read_jpeg(folder / frame.name), width), format_clock(frame.time_in_clip_s))
        for frame in shown
    ]
    title = f"{name}: {plural(len(frames), 'frame')}"
    if len(shown) < len(frames):
        title = f"{title}, {len(shown)} shown"
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, title), title)
