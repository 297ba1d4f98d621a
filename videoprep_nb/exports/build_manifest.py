"""Making ``manifest.json`` from the records of the stages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import file_sha256
from videoprep_nb.core.records import ClipRecord, ClipTable, FrameRecord, FrameTable
from videoprep_nb.exports.manifest import (
    Manifest,
    ManifestClip,
    ManifestDamage,
    ManifestFrame,
    ManifestPart,
    ManifestVideo,
)
from videoprep_nb.media.resize import ResizeResult, source_stamps_file, source_times_file

Times = npt.NDArray[np.float64]

_DECIDES_ABOUT_RESULT = ("videoprep-nb", "imageio-ffmpeg", "openvino", "opencv-python", "torch", "ultralytics")


def build_manifest(
    videos: Sequence[str],
    *,
    resized_dir: Path,
    clips_dir: Path,
    frames_dir: Path,
    job_params: Mapping[str, object],
) -> Manifest:
    """Put together where every frame comes from.

    Args:
        videos: The videos, in the order of the package.
        resized_dir: Folder written by stage 1.
        clips_dir: Folder written by stage 2.
        frames_dir: Folder written by stage 3.
        job_params: Parameters of all stages that differ from the defaults.

    Raises:
        InputError: A record is missing or damaged.
        PackageError: The records do not belong together.
    """
    return Manifest(
        videos=[
            _video(
                record_file=resized_dir / f"{video}.json",
                clips=ClipTable.read_folder(clips_dir / video),
                table=FrameTable.read_folder(frames_dir / video),
                frames_dir=frames_dir / video,
            )
            for video in videos
        ],
        parameters=job_params,
        versions=dict(_versions()),
    )


def _video(record_file: Path, clips: ClipTable, table: FrameTable, frames_dir: Path) -> ManifestVideo:
    record = ResizeResult.read(record_file)
    stamps_s, source_times_s = (_read_times(place(record_file)) for place in (source_stamps_file, source_times_file))
    parts = [
        ManifestPart(
            start_frame=part.start_frame, source_width=part.width, source_height=part.height, transform=part.transform
        )
        for part in record.parts
    ]
    of_clip = {clip: list(frames) for clip, frames in groupby(table.frames, key=lambda frame: frame.clip_id)}
    return ManifestVideo(
        video_id=table.video_id,
        original_name=record.original_name,
        size_bytes=record.source_bytes,
        sha256=record.source_sha256,
        source_width=parts[0].source_width,
        source_height=parts[0].source_height,
        transform=parts[0].transform,
        parts=parts,
        starts_at_s=record.source.starts_at_s,
        undecodable_first_frames=record.undecodable_first_frames,
        damage=[ManifestDamage(**span.model_dump()) for span in record.damage],
        width=table.width,
        height=table.height,
        clips=[
            ManifestClip(
                clip_id=clip.clip_id,
                start_frame=clip.start_frame,
                frame_count=clip.frame_count,
                rate=clip.rate,
                frames=list(_frames(record, clip, of_clip.get(clip.clip_id, []), stamps_s, source_times_s, frames_dir)),
            )
            for clip in clips.clips
        ],
    )


def _frames(
    record: ResizeResult,
    clip: ClipRecord,
    frames: Sequence[FrameRecord],
    stamps_s: Times | None,
    source_times_s: Times | None,
    frames_dir: Path,
) -> Iterator[ManifestFrame]:
    recorded_at = record.source.recorded_at
    for frame in frames:
        index = clip.start_frame + frame.index_in_clip
        if stamps_s is not None and index >= len(stamps_s):
            raise PackageError(
                f"{frame.name} is frame {index} of a video with {len(stamps_s)} frames; "
                "run 01_resize to 03_extract_frames on the same video."
            )
        time_in_source_s = _time_at(source_times_s, index)
        if time_in_source_s is None:
            time_in_source_s = frame.time_in_source_s
        yield ManifestFrame(
            name=frame.name,
            index_in_clip=frame.index_in_clip,
            time_in_clip_s=frame.time_in_clip_s,
            time_in_source_s=time_in_source_s,
            source_pts_s=_time_at(stamps_s, index),
            is_damaged=record.is_damaged(index),
            wall_clock=recorded_at and recorded_at + timedelta(seconds=time_in_source_s),
            sha256=file_sha256(frames_dir / clip.clip_id / frame.name),
            reason=frame.reason,
        )


def _time_at(times_s: Times | None, index: int) -> float | None:
    return None if times_s is None or np.isnan(times_s[index]) else round(float(times_s[index]), 6)


def _read_times(path: Path) -> Times | None:
    """Times by frame of the standard video; None for a video that an older version resized."""
    return np.load(path, allow_pickle=False) if path.exists() else None


def _versions() -> Iterator[tuple[str, str]]:
    for name in _DECIDES_ABOUT_RESULT:
        try:
            yield name, version(name)
        except PackageNotFoundError:  # one of several ways to run a detector; the others do
            continue
