"""The result of a job in which people walk in curves, leave and come back, with boxes between pixels."""

import math
import pickle
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.support.proposal_files import jpeg, zip_of
from tests.support.synthetic import write_video
from videoprep_nb.core.layout import (
    CLIPS_FOLDER,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    MANIFEST_NAME,
    PACKAGE_NAME,
    PROPOSALS_NAME,
    frame_name,
    video_id_of_clip,
)
from videoprep_nb.exports.dense_tracks import write_dense_tracks
from videoprep_nb.exports.manifest import Manifest, ManifestClip, ManifestFrame, ManifestVideo
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.tracking.tracks import Tracks

RATE = 10
SECONDS = 6
WIDTH, HEIGHT = 320, 180
CLIPS = {"1_clip_000": [1, 2], "1_clip_001": [1], "2_clip_000": [3]}
"""Clips and the ids of their people."""

Row = tuple[int, int, list[float], float]
"""Frame index, track id, x1 y1 x2 y2, score."""


def rows_of(clip_id: str) -> Iterator[Row]:
    """The people of a clip, frame by frame; each is away for half a second and one second long."""
    for index in range(RATE * SECONDS):
        for track_id in CLIPS[clip_id]:
            if 21 <= index < 26 or 35 + track_id <= index < 45 + track_id:
                continue
            x = 20 + 60 * track_id + 30 * math.sin(index / 9 + track_id)
            y = 40 + 12 * math.cos(index / 7)
            size = 30 + index / 6
            yield index, track_id, [x, y, x + size / 2, y + size * 1.1], 0.3 + 0.01 * index


def write_walking_scene(folder: Path) -> Result:
    """Write the folder of a job and open it."""
    proposals = {
        clip: {
            frame_name(clip, rank): [[*box, score, track] for index, track, box, score in rows_of(clip) if index == at]
            for rank, at in enumerate(range(0, RATE * SECONDS, RATE))
        }
        for clip in CLIPS
    }
    inner = {
        clip: zip_of({name: jpeg(WIDTH, HEIGHT, shade=20 * rank) for rank, name in enumerate(frames)})
        for clip, frames in proposals.items()
    }
    entries = {f"frames/{clip}.zip": content for clip, content in inner.items()}
    folder.mkdir(parents=True)
    (folder / PACKAGE_NAME).write_bytes(zip_of({PROPOSALS_NAME: pickle.dumps(proposals, 4), **entries}))
    manifest().write(folder / MANIFEST_NAME)
    write_dense_tracks(folder / KEPT_FOLDER / DENSE_TRACKS_NAME, {clip: _tracks(clip) for clip in CLIPS})
    for clip in CLIPS:
        of_video = folder / KEPT_FOLDER / CLIPS_FOLDER / video_id_of_clip(clip)
        of_video.mkdir(parents=True, exist_ok=True)
        shades = (np.full((HEIGHT, WIDTH, 3), 4 * index, np.uint8) for index in range(RATE * SECONDS))
        write_video(of_video / f"{clip}.mp4", shades, Fraction(RATE))
    return open_result(folder)


def manifest() -> Manifest:
    """A keyframe every second."""
    videos: dict[str, list[ManifestClip]] = {}
    for clip in CLIPS:
        of_video = videos.setdefault(video_id_of_clip(clip), [])
        start = RATE * SECONDS * len(of_video)
        frames = [
            ManifestFrame(
                name=frame_name(clip, second),
                index_in_clip=RATE * second,
                time_in_clip_s=second,
                time_in_source_s=start / RATE + second,
            )
            for second in range(SECONDS)
        ]
        of_video.append(
            ManifestClip(
                clip_id=clip, start_frame=start, frame_count=RATE * SECONDS, rate=Fraction(RATE), frames=frames
            )
        )
    return Manifest(
        videos=[ManifestVideo(video_id=name, width=WIDTH, height=HEIGHT, clips=clips) for name, clips in videos.items()]
    )


def _tracks(clip: str) -> Tracks:
    indices, ids, boxes, scores = zip(*rows_of(clip), strict=True)
    return Tracks.from_arrays(indices, ids, boxes, scores)
