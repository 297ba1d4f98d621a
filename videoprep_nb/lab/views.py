"""What explore_tracker shows as a report: two settings on the same frames, and what differs between them."""

import math

import numpy as np
from IPython.display import HTML, Image

from videoprep_nb.core.timecode import format_clock, format_duration
from videoprep_nb.lab.comparison import Comparison, Side
from videoprep_nb.lab.drawing import PANE_WIDTH_PX, Window, draw_bars, draw_pane, draw_thumbnail_strip
from videoprep_nb.lab.model import LabVideo
from videoprep_nb.lab.places import LabPlace
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.quality import quality_hints
from videoprep_nb.viz.style import INK, PAPER
from videoprep_nb.viz.thumbnail_strip import spread_frames

_GAP_PX = 12
_CAPTION_PX = 26
_MOMENTS = 4
_MAX_EVENTS = 25


def draw_side_by_side(comparison: Comparison, image: RgbImage, frame: int) -> RgbImage:
    """Draw both sides of one frame with a line on top.

    Args:
        comparison: The two settings.
        image: The frame.
        frame: Its index in the standard video.
    """
    left, right = (_captioned(side, image, frame) for side in comparison.sides)
    return _beside(left, right)


def moments(comparison: Comparison) -> Image:
    """Both sides at moments spread over the video, each where most differs."""
    rate = comparison.left.tracks.rate
    tiles = [
        Tile(draw_side_by_side(comparison, image, frame), f"at {format_clock(frame / rate)}")
        for frame, image in comparison.frames.read(_moments_of_difference(comparison))
    ]
    title = "Red ring: only on this side. Yellow ring: the id changes here and not on the other side."
    return images.notebook_image(images.contact_sheet(tiles, 1, title), title)


def time_lines(comparison: Comparison) -> Image:
    """The tracks of both sides over time."""
    left, right = (bars.image for bars in draw_bars(comparison))
    return images.notebook_image(_beside(left, right), "Tracks over time, left and right; yellow: the id changes")


def thumbnail_strip(comparison: Comparison) -> Image | HTML:
    """The person on the right whose id changes first where it does not on the left, or else the first one there."""
    track_ids = comparison.right.switches.new_id.tolist() or comparison.right.tracks.track_ids
    if not track_ids:
        return tables.remarks([], "There are no tracks on the right.")
    return images.notebook_image(
        draw_thumbnail_strip(comparison, comparison.right, track_ids[0]), f"{track_ids[0]} on the right"
    )


def what_changed(comparison: Comparison) -> HTML:
    """The settings that differ, and what comes of it."""
    left, right = (measures(side) for side in comparison.sides)
    rows = [*changed_settings(comparison), *((what, left[what], right[what]) for what in left)]
    return tables.table(["", "left", "right"], rows)


def changed_settings(comparison: Comparison) -> list[tuple[str, object, object]]:
    """Name and both values of the settings that differ."""
    left, right = (side.trial.settings.model_dump() for side in comparison.sides)
    return [(name, left[name], right[name]) for name in left if left[name] != right[name]]


def events(comparison: Comparison) -> HTML:
    """Where the two sides differ: id switches, and who is longest on one side only; of many some of each."""
    rate, found = comparison.left.tracks.rate, comparison.differences
    switches = [place for place in found if math.isinf(place.duration_s)]
    long_first = sorted((p for p in found if math.isfinite(p.duration_s)), key=lambda place: -place.duration_s)
    share = max(_MAX_EVENTS - len(long_first), _MAX_EVENTS // 2)
    some = images.sampled(switches, share)
    shown = sorted([*some, *long_first[: _MAX_EVENTS - len(some)]], key=lambda place: place.frame)
    rows = [(format_clock(place.frame / rate), _duration(place), place.words) for place in shown]
    if not rows:
        return tables.remarks([], "Both sides have the same tracks.")
    return tables.table(["time", "for", "what differs"], rows, left_out=len(found) - len(rows))


def _duration(place: LabPlace) -> str:
    return format_duration(place.duration_s) if math.isfinite(place.duration_s) else ""


def settings_text(video: LabVideo, settings: LabSettings) -> HTML:
    """The settings as they are written to a file."""
    return tables.preformatted([video.to_yaml(settings)])


def hints(comparison: Comparison, side: Side) -> HTML:
    """What may be wrong on one side, without knowing the truth."""
    trial = side.trial
    tracks, rate = side.tracks, side.tracks.rate
    name = f"{side.name.lower()}-hint"
    return quality_hints(trial.quality, trial.warnings, tracks.table, comparison.frames, rate, name)


def measures(side: Side) -> dict[str, str]:
    """The figures of one side against the other one, and against the ground truth if there is one."""
    quality, table = side.trial.quality, side.trial.tracks
    found = {}
    if (scores := side.trial.scores) is not None:
        found["HOTA · IDF1 · MOTA"] = f"{scores.HOTA:.1f} · {scores.IDF1:.1f} · {scores.MOTA:.1f}"
        found["id switches · missed · false"] = f"{scores.IDSW:,} · {scores.FN:,} · {scores.FP:,}"
    return found | {
        "tracks": f"{quality.track_count:,}",
        "boxes": f"{len(table):,}, of these {int(table.interpolated.sum()):,} filled in",
        "boxes only on this side": f"{len(side.only_here):,}",
        "id switches against the other side": f"{len(side.switches):,}",
        "ids per person-second": f"{quality.ids_per_person_s:.3f}",
        "broken tracks": f"{len(quality.places_of('broken track')):,}",
        "short tracks": f"{len(quality.places_of('short track')):,}",
        "gaps": f"{len(quality.places_of('gap')):,}",
        "jumps": f"{len(quality.places_of('jump')):,}",
        "overlapping tracks": f"{len(quality.places_of('overlap')):,}",
        "time for tracking": f"{side.trial.elapsed_s:.2f} s",
    }


def _captioned(side: Side, image: RgbImage, frame: int) -> RgbImage:
    record = side.tracks.clips[0]
    pane = images.shrink(image, PANE_WIDTH_PX)
    draw_pane(side, pane, frame, Window(0, 0, record.width, record.height))
    caption = np.full((_CAPTION_PX, pane.shape[1], 3), PAPER, np.uint8)
    count = int((side.tracks.table.frame_index == frame).sum())
    images.text(caption, f"{side.name}: {side.trial.settings.tracker}, persons: {count}", 1, 18, 15, INK, 600)
    return np.vstack([caption, pane])


def _beside(left: RgbImage, right: RgbImage) -> RgbImage:
    """Two images of the same height with a little room between them."""
    return np.hstack([left, np.full((left.shape[0], _GAP_PX, 3), PAPER, np.uint8), right])


def _moments_of_difference(comparison: Comparison) -> list[int]:
    counts = comparison.differences_per_frame()
    if not counts:
        frames = comparison.video.frames
        return spread_frames(frames.start, frames.stop - 1, _MOMENTS)
    parts = np.array_split(sorted(counts), min(_MOMENTS, len(counts)))
    return [max(part.tolist(), key=counts.__getitem__) for part in parts]
