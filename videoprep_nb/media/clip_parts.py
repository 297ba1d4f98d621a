"""Cut the parts of a long standard video into clips side by side, and join their tables."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import CLIP_TABLE_NAME, clip_id, staged_file
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipPart, ClipRecord, ClipTable
from videoprep_nb.media.clips import FrameSpan, cut_spans
from videoprep_nb.media.resize_parts import ResizePart, part_file
from videoprep_nb.media.standard import StandardVideo, read_standard

PlanClips = Callable[[int, Fraction], Sequence[FrameSpan]]
"""Gives the clips of a video of so many frames and such a rate."""


def cut_part(video_file: Path, part: int, plan: PlanClips, folder: Path, progress: ProgressCallback) -> ClipPart:
    """Write the clips that begin in a part of a standard video, and their table.

    Args:
        video_file: The file of the whole video, which need not be there; the part lies beside it.
        part: Number of the part, from 1.
        plan: Decides where clips begin and end.
        folder: Where the clips of all parts go; its name is the id of the video.
        progress: Called with the number of clips done.

    Returns:
        The table; it has no clips if the part was not converted alone.

    Raises:
        VideoPrepError: As ``cut_clips`` does.
    """
    file = part_file(video_file, part)
    record = ResizePart.read(file.with_suffix(".json"))
    cut = ClipPart(table=ClipTable(video_id=folder.name, source_frame_count=0, clips=[]))
    if record.result is not None:
        cut = _cut(file, record, read_standard(file), plan, folder, progress)
    cut.write(ClipPart.path(folder, part))
    return cut


def _cut(
    file: Path, record: ResizePart, source: StandardVideo, plan: PlanClips, folder: Path, progress: ProgressCallback
) -> ClipPart:
    assert record.result is not None
    end = record.start_frame + record.result.frame_count
    frame_count = end if record.is_last else max(end, record.result.expected_frame_count)
    spans = plan(frame_count, source.rate)
    own = [
        index
        for index, span in enumerate(spans)
        if record.start_frame <= span.start and (record.is_last or span.start < end)
    ]
    first = record.file_start_frame
    with ExitStack() as stack:
        places = [folder / f"{clip_id(folder.name, index)}.mp4" for index in own]
        outputs = [
            (FrameSpan(spans[index].start - first, spans[index].stop - first), stack.enter_context(staged_file(place)))
            for index, place in zip(own, places, strict=True)
        ]
        found = cut_spans(file, source, outputs, progress)
        written = {
            index: clip.model_copy(update={"clip_id": place.stem, "start_frame": spans[index].start})
            for index, place, clip in zip(own, places, found, strict=True)
        }
    clips = [written.get(index) or _planned(folder.name, index, span, source) for index, span in enumerate(spans)]
    table = ClipTable(video_id=folder.name, source_frame_count=frame_count, clips=clips)
    return ClipPart(table=table, first_clip=own[0] if own else 0, clip_count=len(own))


def _planned(video_id: str, index: int, span: FrameSpan, source: StandardVideo) -> ClipRecord:
    """The record of a clip that another part writes."""
    return ClipRecord(
        clip_id=clip_id(video_id, index),
        start_frame=span.start,
        frame_count=span.frame_count,
        rate=source.rate,
        width=source.width,
        height=source.height,
        stream_copied=False,
    )


def join_clips(folder: Path, part_count: int) -> ClipTable:
    """Write the table of all clips of a video that was cut in parts.

    Args:
        folder: The clips and the tables of the parts.
        part_count: How many parts there are.

    Raises:
        InputError: A table is missing, or clips are.
    """
    parts = [ClipPart.read(ClipPart.path(folder, part)) for part in range(1, part_count + 1)]
    parts = [part for part in parts if part.table.clips]
    clips = [clip for part in parts for clip in part.clips]
    planned = [clip.clip_id for clip in parts[-1].table.clips] if parts else []
    if not clips or [clip.clip_id for clip in clips] != planned:
        raise InputError(f"{folder} lacks clips of some parts of the video. Run 02_clip for each part again.")
    frame_count = parts[-1].table.source_frame_count
    table = ClipTable(video_id=folder.name, source_frame_count=frame_count, clips=clips, part_count=part_count)
    for stale in set(folder.glob("*.mp4")) - {folder / clip.file_name for clip in clips}:
        stale.unlink()
    table.write(folder / CLIP_TABLE_NAME)
    return table
