"""What 05b_select shows."""

from collections.abc import Sequence
from pathlib import Path

from IPython.display import HTML, Image

from videoprep_nb.core.text import plural, shortened
from videoprep_nb.core.timecode import format_clock, format_duration
from videoprep_nb.exports.dense_proposals import DenseProposals, FrameProposals
from videoprep_nb.selection.records import SelectedClip, Selection, why_nothing_is_kept
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.images import Mark, Tile

_MAX_TILES = 12
_COLUMNS = 3
_TILE_WIDTH_PX = 392
_MAX_CAPTION = 46


def verdict(selection: Selection) -> HTML:
    """How much is kept, video by video, and what of the list of times does not fit."""
    videos = dict.fromkeys(clip.video_id for clip in selection.clips)
    sentences = [f"Video {video}: {_verdict(selection.of_video(video))}" for video in videos]
    return tables.remarks([*selection.problems, *sentences], "There are no clips.")


def score_table(selection: Selection) -> HTML:
    """The scores of the clips, those with most person-seconds first."""
    rows = sorted(selection.clips, key=lambda clip: (-clip.person_s, -clip.frame_motion))
    headings = [
        *("clip", "from", "to", "kept", "reason", "people", "new people", "person-seconds", "speed (heights/s)"),
        *("change of frames", "sharpness", "darkness", "near-duplicate of"),
    ]
    return tables.table(headings, [_row(clip) for clip in rows])


def kept_clips(selection: Selection, proposals: DenseProposals, frames_dir: Path) -> Image | HTML:
    """A frame of each clip that is kept, the one with most people; of many clips a sample."""
    return _sheet("Kept", selection.kept, proposals, frames_dir)


def left_out_clips(selection: Selection, proposals: DenseProposals, frames_dir: Path) -> Image | HTML:
    """The same of those that are left out, with the reasons."""
    return _sheet("Left out", selection.left_out, proposals, frames_dir)


def selection_summary(selection: Selection) -> HTML:
    """Clips and time before and after."""
    return tables.facts(
        [
            ("clips", _amount(selection.clips)),
            ("kept", _amount(selection.kept)),
            ("left out", _amount(selection.left_out)),
            *((f"left out: {reason}", _amount(clips)) for reason, clips in _by_reason(selection.left_out).items()),
        ][: tables.MAX_ROWS]
    )


def _verdict(clips: Sequence[SelectedClip]) -> str:
    reason = why_nothing_is_kept(clips)
    if reason:
        return f"nothing is kept of {plural(len(clips), 'clip')}, {reason}."
    kept = [clip for clip in clips if clip.is_kept]
    return f"{len(kept):,} of {plural(len(clips), 'clip')} kept, {_length(kept)} of {_length(clips)}."


def _row(clip: SelectedClip) -> tuple[object, ...]:
    return (
        clip.clip_id,
        format_clock(clip.start_s),
        format_clock(clip.end_s),
        "yes" if clip.is_kept else "no",
        clip.reason,
        clip.person_count,
        clip.new_person_count,
        f"{clip.person_s:.1f}",
        f"{clip.motion:.2f}",
        f"{clip.frame_motion:.4f}",
        f"{clip.sharpness:.0f}",
        f"{clip.darkness:.2f}",
        clip.duplicate_of,
    )


def _sheet(title: str, clips: Sequence[SelectedClip], proposals: DenseProposals, frames_dir: Path) -> Image | HTML:
    shown = [clip for clip in images.sampled(clips, _MAX_TILES) if proposals.get(clip.clip_id)]
    if not shown:
        return tables.remarks([], f"{title}: no clips.")
    headline = f"{title}: {plural(len(clips), 'clip')}" + (f", {len(shown)} shown" if len(shown) < len(clips) else "")
    tiles = [_tile(clip, proposals[clip.clip_id], frames_dir / clip.video_id / clip.clip_id) for clip in shown]
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, headline), headline)


def _tile(clip: SelectedClip, frames: FrameProposals, folder: Path) -> Tile:
    """The frame with most people, of equal ones that in the middle."""
    names = list(frames)
    middle = len(names) // 2
    name = max(names, key=lambda each: (len(frames[each]), -abs(names.index(each) - middle)))
    frame = images.read_jpeg(folder / name)
    marks = [Mark(box[:4], int(box[5])) for box in frames[name]]
    marked = images.draw_marks(images.shrink(frame, _TILE_WIDTH_PX), marks, frame.shape[1])
    caption = f"{clip.clip_id}: {clip.reason}" if clip.reason else clip.clip_id
    return Tile(marked, shortened(caption, _MAX_CAPTION))


def _by_reason(clips: Sequence[SelectedClip]) -> dict[str, list[SelectedClip]]:
    """Reasons without the numbers of a clip, most frequent first."""
    found: dict[str, list[SelectedClip]] = {}
    for clip in clips:
        reason = "near-duplicate" if clip.reason.startswith("near-duplicate") else clip.reason
        reason = "people for too short a time" if ", expected " in reason else reason
        found.setdefault(reason, []).append(clip)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _amount(clips: Sequence[SelectedClip]) -> str:
    return f"{plural(len(clips), 'clip')}, {_length(clips)}"


def _length(clips: Sequence[SelectedClip]) -> str:
    return format_duration(sum(clip.end_s - clip.start_s for clip in clips))
