"""The result of a job with everything an export may ask for, written by hand."""

import pickle
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.support.proposal_files import HEIGHT, WIDTH, good_entries, good_proposals, zip_of
from tests.support.synthetic import write_video
from videoprep_nb.core.layout import (
    CLIPS_FOLDER,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    LEFT_OUT_NAME,
    MANIFEST_NAME,
    PACKAGE_NAME,
    PROPOSALS_NAME,
    UNCORRECTED_FOLDER,
    video_id_of_clip,
)
from videoprep_nb.core.records import LeftOutClip
from videoprep_nb.exports.dense_tracks import write_dense_tracks
from videoprep_nb.exports.manifest import Manifest, ManifestClip, ManifestFrame, ManifestVideo
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.exports.uncorrected_tracks import write_uncorrected
from videoprep_nb.tracking.tracks import Tracks

RATE = 10
"""Frames per second of the clips; a frame is extracted every second."""

LEFT_OUT = ["1_clip_001", "2_clip_000"]
"""What ``leave_clips_out`` leaves out."""


def good_manifest() -> Manifest:
    """What ``good_proposals`` come from: a frame each second of clips of 10 frames per second."""
    videos: dict[str, list[ManifestClip]] = {}
    for clip_id, frames in good_proposals().items():
        clips = videos.setdefault(video_id_of_clip(clip_id), [])
        start = sum(clip.frame_count for clip in clips)
        extracted = [
            ManifestFrame(
                name=name, index_in_clip=RATE * rank, time_in_clip_s=rank, time_in_source_s=start / RATE + rank
            )
            for rank, name in enumerate(frames)
        ]
        clips.append(
            ManifestClip(
                clip_id=clip_id,
                start_frame=start,
                frame_count=RATE * len(frames),
                rate=Fraction(RATE),
                frames=extracted,
            )
        )
    return Manifest(
        videos=[
            ManifestVideo(video_id=video, original_name=f"camera {video}.avi", width=WIDTH, height=HEIGHT, clips=clips)
            for video, clips in videos.items()
        ]
    )


def good_dense_tracks() -> dict[str, Tracks]:
    """Tracks on all frames that agree with ``good_proposals`` on the extracted ones; each person leaves once."""
    tracks = {}
    for clip in good_manifest().clips:
        rows = [
            (frame.index_in_clip + step, int(box[5]), [float(v) for v in box[:4]], float(box[4]))
            for frame in clip.frames
            for box in good_proposals()[clip.clip_id][frame.name]
            for step in range(RATE - 3)
        ]
        tracks[clip.clip_id] = Tracks.from_arrays(
            [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], [row[3] for row in rows]
        )
    return tracks


def write_uncorrected_tracks(folder: Path) -> None:
    """Write the tracks before corrections of a result, which are ``good_dense_tracks``; ids are those of each video."""
    offset = 0
    for video in good_manifest().videos:
        parts = [(good_dense_tracks()[clip.clip_id], clip.start_frame) for clip in video.clips]
        tracks = Tracks.from_arrays(
            np.concatenate([part.frame_index + start for part, start in parts]),
            np.concatenate([part.track_id - offset for part, _ in parts]),
            np.concatenate([part.boxes_xyxy for part, _ in parts]),
            np.concatenate([part.scores for part, _ in parts]),
        )
        write_uncorrected(folder / UNCORRECTED_FOLDER, video.video_id, tracks)
        offset += int(tracks.track_id.max())


def leave_clips_out(folder: Path) -> list[LeftOutClip]:
    """Make of a result one of which all clips but the first were left out, the second video with all of its clips."""
    whole = good_manifest()
    left_out = [LeftOutClip(clip_id=clip, start_s=0.0, end_s=1.0, reason="no persons found") for clip in LEFT_OUT]
    kept = [clip for clip in good_proposals() if clip not in LEFT_OUT]
    (folder / PACKAGE_NAME).write_bytes(zip_of(_entries_of(kept)))
    whole.only(kept).model_copy(update={"left_out": left_out}).write(folder / MANIFEST_NAME)
    described = {MANIFEST_NAME: whole.only(LEFT_OUT).model_dump_json().encode()}
    (folder / LEFT_OUT_NAME).write_bytes(zip_of({**_entries_of(LEFT_OUT), **described}))
    return left_out


def _entries_of(clips: Sequence[str]) -> dict[str, bytes]:
    proposals = {clip: good_proposals()[clip] for clip in clips}
    frames = {f"frames/{clip}.zip": good_entries()[f"frames/{clip}.zip"] for clip in clips}
    return {PROPOSALS_NAME: pickle.dumps(proposals, 4), **frames}


def write_result(
    folder: Path, *, manifest: Manifest | None = None, tracks: Mapping[str, Tracks] | None = None, clips: bool = True
) -> Result:
    """Write a job's folder and open it: a package, its manifest, dense tracks and clips."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PACKAGE_NAME).write_bytes(zip_of(good_entries()))
    described = manifest or good_manifest()
    described.write(folder / MANIFEST_NAME)
    write_dense_tracks(folder / KEPT_FOLDER / DENSE_TRACKS_NAME, good_dense_tracks() if tracks is None else tracks)
    if clips:
        for clip in described.clips:
            of_video = folder / KEPT_FOLDER / CLIPS_FOLDER / clip.video_id
            of_video.mkdir(parents=True, exist_ok=True)
            shades = (np.full((HEIGHT, WIDTH, 3), index, np.uint8) for index in range(clip.frame_count))
            write_video(of_video / f"{clip.clip_id}.mp4", shades, clip.rate)
    return open_result(folder)
