"""The tracking JSON of a clip (docs/formats.md, section 6): rows of the tracks of its video."""

from fractions import Fraction
from typing import Protocol

import numpy as np

from videoprep_nb.core.records import TrackRow
from videoprep_nb.tracking.tracks import Tracks

BOX_DECIMALS = 2
SCORE_DECIMALS = 4


class TrackedClip(Protocol):
    """What has to be known of a clip; a record of stage 2 and a clip of a manifest do."""

    @property
    def clip_id(self) -> str:
        """Its name."""

    @property
    def start_frame(self) -> int:
        """Index of its first frame in the standard video."""

    @property
    def frame_count(self) -> int:
        """Its frames."""

    @property
    def rate(self) -> Fraction:
        """Frames per second."""


def clip_rows(tracks: Tracks, clip: TrackedClip, names: dict[int, str]) -> list[TrackRow]:
    """The rows of one clip, by frame and then by track, in plain numbers.

    Args:
        tracks: The tracks of the video.
        clip: The clip.
        names: Names of its extracted frames, by their index in the clip.
    """
    inside = tracks.in_frames(clip.start_frame, clip.start_frame + clip.frame_count)
    inside = inside.rows(np.argsort(inside.frame_index, kind="stable"))
    columns = zip(
        (inside.frame_index - clip.start_frame).tolist(),
        inside.track_id.tolist(),
        inside.boxes_xyxy.round(BOX_DECIMALS).tolist(),
        inside.scores.round(SCORE_DECIMALS).tolist(),
        inside.interpolated.tolist(),
        strict=True,
    )
    return [
        TrackRow(
            video_id=clip.clip_id,
            frame=names.get(frame_index),
            frame_index=frame_index,
            time_s=round(float(frame_index / clip.rate), 6),
            track_id=track_id,
            bbox=box_xyxy,
            score=score,
            interpolated=interpolated,
        )
        for frame_index, track_id, box_xyxy, score, interpolated in columns
    ]
