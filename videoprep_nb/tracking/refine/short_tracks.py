"""Tracks that are too short to be anybody."""

import math
from fractions import Fraction

import numpy as np

from videoprep_nb.core.timecode import seconds
from videoprep_nb.tracking.tracks import Tracks


def drop_short_tracks(tracks: Tracks, min_length_s: float, tracked_rate: Fraction) -> Tracks:
    """Drop the tracks of persons that were found for less than a time.

    Args:
        tracks: The tracks; only rows that are not interpolated count.
        min_length_s: The time in seconds; whoever was found only once was found for less than any time but 0.
        tracked_rate: Sampled frames per second.
    """
    min_rows = max(math.ceil(seconds(min_length_s) * tracked_rate), 2 if min_length_s else 1)
    ids, counts = np.unique(tracks.track_id[~tracks.interpolated], return_counts=True)
    return tracks.rows(np.isin(tracks.track_id, ids[counts >= min_rows]))
