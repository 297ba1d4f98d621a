"""What 02_clip shows."""

from pathlib import Path

from IPython.display import HTML, Image

from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.viz import charts, images, tables
from videoprep_nb.viz.empty_part import NOTHING
from videoprep_nb.viz.frames import shown_frames_at
from videoprep_nb.viz.style import ACCENT, SECOND, Colour

_MAX_CLIPS = 24


def clip_time_line(clips: ClipTable) -> Image | HTML:
    """One bar per clip over the time of the standard video, with its frames; the colour shows how it was cut.

    A sentence when one clip holds the whole video.
    """
    if not clips.clips:
        return tables.remarks([], NOTHING)
    if clips.clips[0].frame_count == clips.source_frame_count:
        return tables.remarks([], f"One clip holds the whole video: {plural(clips.source_frame_count, 'frame')}.")
    shown = clips.clips[:_MAX_CLIPS]
    bars = [
        charts.Bar(row, float(clip.start_s), float(clip.start_s + clip.duration_s), _colour(clip))
        for row, clip in enumerate(shown)
    ]
    labels = [clip.clip_id for clip in shown]
    end_s = float(clips.source_frame_count / shown[0].rate) if len(shown) == len(clips.clips) else bars[-1].end_s
    chart, axes = charts.time_line(bars, labels, _time_line_title(clips), end_s)
    for bar, clip in zip(bars, shown, strict=True):
        charts.label_bar(axes, bar, plural(clip.frame_count, "frame"))
    charts.legend(axes, {_way(clip): _colour(clip) for clip in shown})
    return charts.image(chart, f"Time line of {plural(len(shown), 'clip')}")


def first_frames(clips: ClipTable, folder: Path) -> Image | HTML:
    """The first frame of every clip, or of clips spread over a long video."""
    if not clips.clips:
        return tables.remarks([], NOTHING)
    shown = images.sampled(clips.clips, _MAX_CLIPS // 2)
    tiles = [
        images.Tile(frame, f"{clip.clip_id} · {format_clock(float(clip.start_s))}")
        for clip in shown
        for _, frame in shown_frames_at(folder / clip.file_name, [0])
    ]
    title = "First frame of each clip"
    if len(shown) < len(clips.clips):
        title = f"First frames of {len(shown)} of {len(clips.clips)} clips"
    return images.notebook_image(images.contact_sheet(tiles, 3, title), title)


def clip_summary(clips: ClipTable) -> HTML:
    """Start, length, frames and way of cutting of every clip."""
    return tables.table(
        ["clip", "start", "end", "seconds", "frames", "fps", "written by"],
        [
            (
                clip.clip_id,
                format_clock(float(clip.start_s)),
                format_clock(float(clip.start_s + clip.duration_s)),
                f"{float(clip.duration_s):.2f}",
                f"{clip.frame_count:,}",
                f"{float(clip.rate):.3f}".rstrip("0").rstrip("."),
                _way(clip),
            )
            for clip in clips.clips
        ],
    )


def _time_line_title(clips: ClipTable) -> str:
    count, frames = len(clips.clips), sum(clip.frame_count for clip in clips.clips)
    title = f"{plural(count, 'clip')}, {frames:,} of {plural(clips.source_frame_count, 'frame')}"
    return title if count <= _MAX_CLIPS else f"{title}; first {_MAX_CLIPS} shown"


def _colour(clip: ClipRecord) -> Colour:
    return ACCENT if clip.stream_copied else SECOND


def _way(clip: ClipRecord) -> str:
    return "stream copy" if clip.stream_copied else "re-encoding"
