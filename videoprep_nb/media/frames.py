"""Read the frames of our own videos, and extract some of them as JPEGs."""

import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import FRAME_TABLE_NAME, disk_full_as_error, frame_name, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipPart, ClipRecord, ClipTable, FrameRecord, FrameTable
from videoprep_nb.core.timecode import sampled_frames
from videoprep_nb.media.standard import open_own, read_standard, written_by

# Decoding and JPEG encoding leave Python's lock; more than two would fill the memory for little gain.
_CLIPS_AT_ONCE = 2

RgbImage = npt.NDArray[np.uint8]


def read_frames_at(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, RgbImage]]:
    """Read chosen frames of one of our own videos; from one to the next it skips to the nearest keyframe before it.

    Args:
        path: A video in the standard form.
        indices: Zero-based indices, ascending.

    Yields:
        The zero-based index of the frame and the frame, ``(height, width, 3)`` uint8 RGB.

    Raises:
        InputError: The file is missing, not in the standard form, or ends too early.
    """
    # PyAV and not decord, see random_frames: two thirds of the time where only keyframes are read
    for index, frame in _decoded_at(path, indices):
        yield index, frame.to_ndarray(format="rgb24")


def _decoded_at(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    video = read_standard(path)
    keyframes = sorted(video.keyframes)
    with open_own(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        frame_ticks = 1 / (video.rate * stream.time_base)
        for keyframe, run in groupby(indices, lambda index: keyframes[bisect_right(keyframes, index) - 1]):
            container.seek(round(keyframe * frame_ticks), stream=stream)
            remaining = {round(index * frame_ticks): index for index in run}
            for frame in _decoded_run(container, stream, frozenset(remaining)):
                if frame.pts in remaining:
                    yield remaining.pop(frame.pts), frame
            if remaining:
                raise InputError(f"{path} ends before frame {min(remaining.values())}. Run {written_by(path)} again.")


def _decoded_run(container: Any, stream: Any, ticks: Set[int]) -> Iterator[av.VideoFrame]:
    """The frames from here on, up to the last one of these times, without those that a decoder would wait for."""
    needed = set(ticks)
    for packet in container.demux(stream):
        if not packet.size:
            break
        yield from stream.codec_context.decode(packet)
        needed.discard(packet.pts)
        if not needed:
            break
    yield from stream.codec_context.decode(None)
    stream.codec_context.flush_buffers()


def extract_frames(
    clips_folder: Path,
    output_folder: Path,
    *,
    frames_per_second: Fraction,
    jpeg_quality: int,
    progress: ProgressCallback,
) -> FrameTable:
    """Write JPEGs of all clips of a video, one folder per clip, and their table.

    Args:
        clips_folder: The clips of the video and their table.
        output_folder: Where the frames go; replaced when it exists.
        frames_per_second: Frames to take per second of a clip.
        jpeg_quality: 1 to 100.
        progress: Called with the number of frames done.

    Returns:
        The table; it lies beside the folders.

    Raises:
        InputError: The clips or their table are missing.
        DiskFullError: The disk is full.
    """
    clip_table = ClipTable.read_folder(clips_folder)
    with staged_folder(output_folder) as folder:
        records = _extract(clips_folder, clip_table.clips, folder, frames_per_second, jpeg_quality, progress)
        table = _table(clip_table.video_id, clip_table.clips, records)
        table.write(folder / FRAME_TABLE_NAME)
    return table


def extract_part(
    clips_folder: Path,
    output_folder: Path,
    part: int,
    *,
    frames_per_second: Fraction,
    jpeg_quality: int,
    progress: ProgressCallback,
) -> FrameTable:
    """Write JPEGs of the clips of a part of a video into the folder of all, and their table; see ``extract_frames``.

    Args:
        clips_folder: The clips of the video and the tables of its parts.
        output_folder: Where the frames of all parts go.
        part: Number of the part, from 1.
        frames_per_second: Frames to take per second of a clip.
        jpeg_quality: 1 to 100.
        progress: Called with the number of frames done.
    """
    cut = ClipPart.read(ClipPart.path(clips_folder, part))
    with staged_folder(output_folder / f"part_{part}") as folder:
        records = _extract(clips_folder, cut.clips, folder, frames_per_second, jpeg_quality, progress)
    for clip in cut.clips:
        shutil.rmtree(output_folder / clip.clip_id, ignore_errors=True)
        (folder.with_name(f"part_{part}") / clip.clip_id).replace(output_folder / clip.clip_id)
    (output_folder / f"part_{part}").rmdir()
    table = _table(cut.table.video_id, cut.table.clips, records)
    table.write(_part_table(output_folder, part))
    return table


def join_frames(clips_folder: Path, output_folder: Path, part_count: int) -> FrameTable | None:
    """Write the table of all frames of a video whose clips were cut and extracted in parts.

    Returns:
        The table; None if the clips were not cut in parts, or frames are missing.
    """
    clip_table = ClipTable.read_folder(clips_folder)
    parts = range(1, part_count + 1)
    if clip_table.part_count != part_count or not all(_part_table(output_folder, part).exists() for part in parts):
        return None
    records = [record for part in parts for record in FrameTable.read(_part_table(output_folder, part)).frames]
    if list(dict.fromkeys(record.clip_id for record in records)) != [clip.clip_id for clip in clip_table.clips]:
        return None
    table = _table(clip_table.video_id, clip_table.clips, records)
    table.write(output_folder / FRAME_TABLE_NAME)
    return table


def _part_table(folder: Path, part: int) -> Path:
    return folder / f"frames_part_{part}.json"


def _table(video_id: str, clips: Sequence[ClipRecord], records: list[FrameRecord]) -> FrameTable:
    width, height = (clips[0].width, clips[0].height) if clips else (0, 0)
    return FrameTable(video_id=video_id, width=width, height=height, frames=records)


def _extract(
    clips_folder: Path,
    clips: Sequence[ClipRecord],
    folder: Path,
    frames_per_second: Fraction,
    jpeg_quality: int,
    progress: ProgressCallback,
) -> list[FrameRecord]:
    """Write the JPEGs of clips, one folder per clip."""
    indices_of_clips = [sampled_frames(clip.frame_count, clip.rate, frames_per_second) for clip in clips]
    total = sum(map(len, indices_of_clips))
    records: list[FrameRecord] = []

    def extract(clip: ClipRecord, indices: Sequence[int]) -> list[FrameRecord]:
        return _extract_clip(clips_folder / clip.file_name, clip, indices, folder / clip.clip_id, jpeg_quality)

    with ThreadPoolExecutor(_CLIPS_AT_ONCE) as pool:
        for clip_records in pool.map(extract, clips, indices_of_clips):
            records += clip_records
            progress(len(records), total, "frames")
    return records


def _extract_clip(
    path: Path, clip: ClipRecord, indices: Sequence[int], folder: Path, jpeg_quality: int
) -> list[FrameRecord]:
    folder.mkdir()
    records = []
    for number, (index, frame) in enumerate(_decoded_at(path, indices)):
        record = frame_record(clip, number, index)
        _write_bgr(folder / record.name, frame.to_ndarray(format="bgr24"), jpeg_quality)
        records.append(record)
    return records


def write_jpeg(path: Path, image: RgbImage, quality: int) -> None:
    """Write an ``(height, width, 3)`` uint8 RGB image as JPEG of a quality from 1 to 100.

    Raises:
        DiskFullError: The disk is full.
    """
    _write_bgr(path, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)


def _write_bgr(path: Path, image: npt.NDArray[Any], quality: int) -> None:
    """Write an ``(height, width, 3)`` uint8 BGR image, which is the order of OpenCV."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    with disk_full_as_error(path.parent):
        path.write_bytes(data.tobytes())


def frame_record(clip: ClipRecord, number: int, index: int, reason: str = "") -> FrameRecord:
    """The record of an extracted frame.

    Args:
        clip: Its clip.
        number: Its number among the extracted frames of the clip, from 0 on.
        index: Its index among all frames of the clip, from 0 on.
        reason: Why it was extracted; empty for what was extracted at a fixed rate alone.
    """
    time_in_clip_s = index / clip.rate
    return FrameRecord(
        name=frame_name(clip.clip_id, number),
        clip_id=clip.clip_id,
        index_in_clip=index,
        time_in_clip_s=float(time_in_clip_s),
        time_in_source_s=float(clip.start_s + time_in_clip_s),
        reason=reason,
    )
