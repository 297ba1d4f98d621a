"""What is done to tracks when the whole video is known: each step a function from tracks to tracks."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from videoprep_nb.boxes import clip_to_frame
from videoprep_nb.timecode import seconds
from videoprep_nb.tracking.tracks import TrackTable

_LEAST_SIDE_PX = 1.0


def drop_short_tracks(tracks: TrackTable, min_length_s: float, tracked_rate: Fraction) -> TrackTable:
    """Drop the tracks of persons that were found for less than a time.

    Args:
        tracks: The tracks; only rows that are not interpolated count.
        min_length_s: The time in seconds.
        tracked_rate: Frames looked at per second.
    """
    min_rows = math.ceil(seconds(min_length_s) * tracked_rate)
    ids, counts = np.unique(tracks.track_id[~tracks.interpolated], return_counts=True)
    return tracks.rows(np.isin(tracks.track_id, ids[counts >= min_rows]))


def fill_gaps(tracks: TrackTable, max_gap_s: float, rate: Fraction, frame_stride: int) -> TrackTable:
    """Fill gaps in tracks by linear interpolation; the boxes carry the mean score of their two neighbours.

    Frames that nobody looked at, because of the stride, are always filled between two that were.

    Args:
        tracks: The tracks.
        max_gap_s: Longest time in which a person was looked for and not found, in seconds, that is filled.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one that was looked at to the next.
    """
    max_step = frame_stride + math.floor(seconds(max_gap_s) * rate)
    steps = np.diff(tracks.frame_index)
    before = np.flatnonzero((np.diff(tracks.track_id) == 0) & (steps > 1) & (steps <= max_step))
    filled = steps[before] - 1
    row = np.repeat(before, filled)
    place = np.arange(len(row)) - np.repeat(np.cumsum(filled) - filled, filled) + 1
    weight = (place / steps[row])[:, None]
    return TrackTable.ordered(
        frame_index=np.concatenate([tracks.frame_index, tracks.frame_index[row] + place]),
        track_id=np.concatenate([tracks.track_id, tracks.track_id[row]]),
        boxes_xyxy=np.concatenate(
            [tracks.boxes_xyxy, (1 - weight) * tracks.boxes_xyxy[row] + weight * tracks.boxes_xyxy[row + 1]]
        ),
        scores=np.concatenate([tracks.scores, (tracks.scores[row] + tracks.scores[row + 1]) / 2]),
        interpolated=np.concatenate([tracks.interpolated, np.ones(len(row), dtype=np.bool_)]),
    )


def clip_boxes(tracks: TrackTable, width: int, height: int) -> TrackTable:
    """Cut boxes at the border of the picture and drop those of which less than a pixel is left.

    Args:
        tracks: The tracks.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
    """
    boxes_xyxy = clip_to_frame(tracks.boxes_xyxy, width, height).astype(np.float64)
    shorter_side = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).min(axis=1)
    return replace(tracks, boxes_xyxy=boxes_xyxy).rows(shorter_side >= _LEAST_SIDE_PX)


def renumber(tracks: TrackTable) -> TrackTable:
    """Number the tracks 1 … n in the order in which they first appear; of two at once, the lower id stays first."""
    ids, first_row, track = np.unique(tracks.track_id, return_index=True, return_inverse=True)
    order = np.lexsort((ids, tracks.frame_index[first_row]))
    new_ids = np.empty(len(ids), dtype=np.int64)
    new_ids[order] = np.arange(1, len(ids) + 1)
    return TrackTable.ordered(tracks.frame_index, new_ids[track], tracks.boxes_xyxy, tracks.scores, tracks.interpolated)
