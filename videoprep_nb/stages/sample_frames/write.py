"""A part of stage 4a: the files of frames and tracks, with the names that frames have when others are among them."""

import json
from collections.abc import Mapping
from pathlib import Path

from videoprep_nb.core.layout import FRAME_TABLE_NAME, link_or_copy, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord, FrameRecord, FrameTable
from videoprep_nb.exports.dense_proposals import read_track_rows
from videoprep_nb.media.frames import frame_record, read_frames_at, write_jpeg
from videoprep_nb.stages.sample_frames.params import FIXED_RATE, SampleFramesParams


def write_frames(
    params: SampleFramesParams,
    clips: list[ClipRecord],
    fixed: FrameTable,
    reasons: Mapping[int, str],
    progress: ProgressCallback,
) -> FrameTable:
    """Write all frames of a video and their table.

    Args:
        params: Parameters of the stage.
        clips: The clips, in order.
        fixed: The frames of stage 3, which get a second name.
        reasons: Frame of the video → why it is added.
        progress: Called with the number of frames done.

    Raises:
        InputError: A clip is missing or broken.
        DiskFullError: The disk was full.
    """
    total, records, covered = len(fixed.frames) + len(reasons), list[FrameRecord](), 0
    with staged_folder(Path(params.frames_output_dir) / params.video_id) as folder:
        for clip in clips:
            end = clip.start_frame + clip.frame_count
            added = {
                frame - clip.start_frame: why
                for frame, why in reasons.items()
                if max(clip.start_frame, covered) <= frame < end  # of two clips that overlap, the first one
            }
            covered = end
            given = {frame.index_in_clip: frame for frame in fixed.frames if frame.clip_id == clip.clip_id}
            records += _write_clip(params, clip, given, added, folder / clip.clip_id)
            progress(len(records), total, "frames")
        table = fixed.model_copy(update={"frames": records})
        table.write(folder / FRAME_TABLE_NAME)
    return table


def _write_clip(
    params: SampleFramesParams,
    clip: ClipRecord,
    given: Mapping[int, FrameRecord],
    added: Mapping[int, str],
    folder: Path,
) -> list[FrameRecord]:
    video = Path(params.frames_dir) / params.video_id, Path(params.clips_dir) / params.video_id
    reasons = dict(sorted({**added, **dict.fromkeys(given, FIXED_RATE)}.items()))
    records = {
        index: frame_record(clip, number, index, reason) for number, (index, reason) in enumerate(reasons.items())
    }
    folder.mkdir()
    for index, frame in given.items():
        link_or_copy(video[0] / clip.clip_id / frame.name, folder / records[index].name)
    decoded = [index for index in reasons if index not in given]
    for index, image in read_frames_at(video[1] / clip.file_name, decoded) if decoded else ():
        write_jpeg(folder / records[index].name, image, params.jpeg_quality)
    return list(records.values())


def write_tracks(params: SampleFramesParams, clips: list[ClipRecord], table: FrameTable) -> None:
    """Write the tracks of a video with the names that its frames have now.

    Args:
        params: Parameters of the stage.
        clips: The clips.
        table: The frames.

    Raises:
        InputError: The rows of a clip are missing or broken.
        DiskFullError: The disk was full.
    """
    source, target = (Path(folder) / params.video_id for folder in (params.tracks_dir, params.tracks_output_dir))
    names = {(frame.clip_id, frame.index_in_clip): frame.name for frame in table.frames}
    with staged_folder(target) as folder:
        for clip in clips:
            rows = read_track_rows(source / f"{clip.clip_id}.json")
            for row in rows:
                row["frame"] = names.get((clip.clip_id, row["frame_index"]))
            (folder / f"{clip.clip_id}.json").write_text(json.dumps(rows), encoding="utf-8")
    for suffix in (".json", ".npz"):
        if source.with_suffix(suffix).exists():
            link_or_copy(source.with_suffix(suffix), target.with_suffix(suffix))
