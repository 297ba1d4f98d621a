"""What 04a_sample_frames shows."""

from collections import Counter

from IPython.display import HTML, Image

from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.stages.sample_frames.params import FIXED_RATE
from videoprep_nb.stages.sample_frames.stage import SampleResult
from videoprep_nb.viz import charts, images, tables
from videoprep_nb.viz.style import ACCENT, MUTED

_MAX_TILES = 30
_COLUMNS = 4
_MIN_BAR_SHARE = 0.003  # of the chart, so that a frame is seen in a long video


def reasons_over_time(result: SampleResult) -> Image:
    """When frames were taken, one row per kind of reason."""
    first, last = result.clips[0], result.clips[-1]
    start_s, end_s = float(first.start_s), float(last.start_s + last.duration_s)
    kinds = list(dict.fromkeys([FIXED_RATE, *sorted(_kind(frame.reason) for frame in result.added)]))
    starts = {clip.clip_id: float(clip.start_s) for clip in result.clips}
    width_s = max(0.05, _MIN_BAR_SHARE * (end_s - start_s))
    bars = []
    for frame in result.table.frames:
        kind, time_s = _kind(frame.reason), starts[frame.clip_id] + frame.time_in_clip_s
        bars.append(charts.Bar(kinds.index(kind), time_s, time_s + width_s, MUTED if kind == FIXED_RATE else ACCENT))
    title = f"Why frames were taken: {plural(len(result.added), 'frame')} added to those of the fixed rate"
    chart, axes = charts.time_line(bars, kinds, title, end_s)
    charts.time_axis(axes, start_s, end_s)
    return charts.image(chart, title)


def added_frames(result: SampleResult) -> Image | HTML:
    """A contact sheet of the added frames; of many some, evenly spread."""
    added = result.added
    if not added:
        return tables.remarks([], "No frames were added.")
    shown = images.sampled(added, _MAX_TILES)
    width = images.SHEET_WIDTH_PX // _COLUMNS
    tiles = [
        images.Tile(
            images.shrink(images.read_jpeg(result.folder / frame.clip_id / frame.name), width),
            f"{format_clock(frame.time_in_source_s)} · {frame.reason}",
        )
        for frame in shown
    ]
    title = f"{plural(len(added), 'added frame')}" + (f", {len(shown)} shown" if len(shown) < len(added) else "")
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, title), title)


def sample_summary(result: SampleResult) -> HTML:
    """How many frames there are, and why."""
    counts = Counter(_kind(frame.reason) for frame in result.table.frames)
    return tables.facts(
        [
            ("frames", f"{len(result.table.frames):,}"),
            *((kind, f"{count:,}") for kind, count in counts.items()),
            ("moments to choose from", f"{result.moment_count:,}"),
        ]
    )


def _kind(reason: str) -> str:
    """The reason without the persons: ``person 7 appears`` → ``appears``."""
    return " ".join(word for word in reason.split() if word not in ("person", "persons", "and") and not word.isdigit())
