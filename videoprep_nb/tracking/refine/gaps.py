"""Gaps in tracks: boxes between two that were found."""

import math
from fractions import Fraction

import numpy as np

from videoprep_nb.core.timecode import seconds
from videoprep_nb.tracking.tracks import Tracks


def fill_gaps(tracks: Tracks, max_gap_s: float, rate: Fraction, frame_stride: int) -> Tracks:
    """Fill gaps in tracks by linear interpolation; the boxes carry the mean score of their two neighbours.

    Frames that were not sampled, because of the stride, are always filled between two that were.

    Args:
        tracks: The tracks.
        max_gap_s: Longest time in which a person was not detected, in seconds, that is filled.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.
    """
    max_step = frame_stride + math.floor(seconds(max_gap_s) * rate)
    steps = np.diff(tracks.frame_index)
    before = np.flatnonzero((np.diff(tracks.track_id) == 0) & (steps > 1) & (steps <= max_step))
    filled = steps[before] - 1
    row = np.repeat(before, filled)
    place = np.arange(len(row)) - np.repeat(np.cumsum(filled) - filled, filled) + 1
    weight = (place / steps[row])[:, None]
    return Tracks.from_arrays(
        frame_index=np.concatenate([tracks.frame_index, tracks.frame_index[row] + place]),
        track_id=np.concatenate([tracks.track_id, tracks.track_id[row]]),
        boxes_xyxy=np.concatenate(
            [tracks.boxes_xyxy, (1 - weight) * tracks.boxes_xyxy[row] + weight * tracks.boxes_xyxy[row + 1]]
        ),
        scores=np.concatenate([tracks.scores, (tracks.scores[row] + tracks.scores[row + 1]) / 2]),
        interpolated=np.concatenate([tracks.interpolated, np.ones(len(row), dtype=np.bool_)]),
    )
