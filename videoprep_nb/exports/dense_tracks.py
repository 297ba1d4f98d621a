"""``dense_tracks.npz``: the tracks on all frames of all clips of a job (docs/formats.md, section 8).

A row per person and frame of a clip; where clips overlap, a frame is in both. 33 bytes a row before compression.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import TrackRow
from videoprep_nb.exports.dense_proposals import read_track_rows
from videoprep_nb.exports.track_rows import TrackedClip
from videoprep_nb.tracking.tracks import Tracks

_TYPES: Mapping[str, type[np.generic]] = {
    "frame_index": np.int32,
    "track_id": np.int64,
    "boxes_xyxy": np.float32,
    "scores": np.float32,
    "interpolated": np.bool_,
}


def tracks_of_rows(rows: Sequence[TrackRow], id_offset: int) -> Tracks:
    """The rows of the tracking JSON of a clip as a table.

    Args:
        rows: All rows of the clip.
        id_offset: Added to every track id.
    """
    return Tracks.from_arrays(
        frame_index=[row["frame_index"] for row in rows],
        track_id=[row["track_id"] + id_offset for row in rows],
        boxes_xyxy=[row["bbox"] for row in rows],
        scores=[row["score"] for row in rows],
        interpolated=[row["interpolated"] for row in rows],
    )


def tracks_of_video(folder: Path, clips: Sequence[TrackedClip]) -> Tracks:
    """The tracks of a video, in frames of the video; a frame that lies in two clips is taken once.

    Args:
        folder: Folder of the tracking JSON of each clip.
        clips: The clips, in order.

    Raises:
        InputError: The rows of a clip are missing or broken.
    """
    parts, covered = [], 0
    for clip in clips:
        rows = tracks_of_rows(read_track_rows(folder / f"{clip.clip_id}.json"), 0)
        new = rows.in_frames(max(covered - clip.start_frame, 0), clip.frame_count)
        parts.append(replace(new, frame_index=clip.start_frame + new.frame_index))
        covered = max(covered, clip.start_frame + clip.frame_count)
    return Tracks(**Tracks.stacked(parts)).ordered()


def write_dense_tracks(path: Path, tracks_by_clip: Mapping[str, Tracks]) -> None:
    """Write the tracks of all clips; the file appears complete.

    Args:
        path: The file to write.
        tracks_by_clip: Clip id → its tracks; frames count from 0 in the clip, ids are those of the package.

    Raises:
        DiskFullError: The disk was full.
    """
    stacked = Tracks.stacked(tracks_by_clip.values())
    columns: dict[str, Any] = {name: stacked[name].astype(dtype) for name, dtype in _TYPES.items()}
    lengths = np.array([len(tracks) for tracks in tracks_by_clip.values()], np.int64)
    with staged_file(path) as staging, staging.open("wb") as file:
        np.savez_compressed(file, clip_ids=np.array(list(tracks_by_clip), np.str_), lengths=lengths, **columns)


def read_dense_tracks(path: Path) -> dict[str, Tracks]:
    """Read the tracks of all clips.

    Returns:
        Clip id → its tracks, as they were written; boxes to the nearest float32.

    Raises:
        InputError: The file is missing or is not what ``write_dense_tracks`` writes.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _by_clip({name: arrays[name] for name in ("clip_ids", "lengths", *_TYPES)})
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} does not hold dense tracks: {error}.") from None


def _by_clip(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tracks]:
    columns = Tracks.as_columns({name: arrays[name] for name in _TYPES})
    everything = Tracks(**columns)
    ends = np.cumsum(arrays["lengths"])
    if len(everything) != (ends[-1] if len(ends) else 0):
        raise ValueError(f"got {len(everything)} rows, expected {ends[-1] if len(ends) else 0}")
    starts = ends - arrays["lengths"]
    return {
        str(clip): everything.rows(slice(start, end))
        for clip, start, end in zip(arrays["clip_ids"], starts, ends, strict=True)
    }
