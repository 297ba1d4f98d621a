"""The tracks of a video before corrections, kept so that a package can be corrected without tracking again.

They are dense tracks of one "clip", the whole standard video, rounded as the tracking JSON is.
"""

from dataclasses import replace
from pathlib import Path

from videoprep_nb.exports.dense_tracks import read_dense_tracks, write_dense_tracks
from videoprep_nb.exports.track_rows import BOX_DECIMALS, SCORE_DECIMALS
from videoprep_nb.tracking.tracks import Tracks


def write_uncorrected(folder: Path, video_id: str, tracks: Tracks) -> None:
    """Write the tracks of a video to ``<video_id>.npz``; the file appears complete.

    Args:
        folder: Where it goes.
        video_id: The video.
        tracks: Its tracks; frames are those of the standard video.

    Raises:
        DiskFullError: The disk was full.
    """
    rounded = replace(
        tracks, boxes_xyxy=tracks.boxes_xyxy.round(BOX_DECIMALS), scores=tracks.scores.round(SCORE_DECIMALS)
    )
    write_dense_tracks(folder / f"{video_id}.npz", {video_id: rounded})


def read_uncorrected(folder: Path, video_id: str) -> Tracks:
    """Read what ``write_uncorrected`` wrote.

    Raises:
        InputError: The file is missing or damaged.
    """
    tracks = read_dense_tracks(folder / f"{video_id}.npz").get(video_id)
    return Tracks.from_arrays([], [], [], []) if tracks is None else tracks
