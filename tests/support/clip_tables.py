"""The table that stage 2 leaves beside the clips of a video."""

from fractions import Fraction
from pathlib import Path

from videoprep_nb.core.records import ClipRecord, ClipTable


def write_table_of_one_clip(folder: Path, clip_id: str, frame_count: int, rate: int, size: tuple[int, int]) -> None:
    """Write the table of video 1, which is one clip of ``size``, width and height in pixels."""
    record = ClipRecord(
        clip_id=clip_id,
        start_frame=0,
        frame_count=frame_count,
        rate=Fraction(rate),
        width=size[0],
        height=size[1],
        stream_copied=False,
    )
    ClipTable(video_id="1", source_frame_count=frame_count, clips=[record]).write(folder / "clips.json")
