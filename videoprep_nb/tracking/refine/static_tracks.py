"""Tracks on what never moves and is doubtful: posters, mannequins, reflections.

Movement alone does not separate them: on MOT17 persons who stand still move less than mannequins, and their boxes
tremble less. Their scores do: a standing person in plain view has those of other persons. A person who stands or sits
still and half hidden all the time looks like a poster here.
"""

from fractions import Fraction

import numpy as np

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.tracks import Tracks

STATIC_S = 5.0
STATIC_RANGE = 0.15
"""Greatest movement of the centre, across and along the frame, in heights of the box."""
STATIC_SCORE = 0.8
"""Greatest mean score, as a part of the median score of all boxes."""


def static_track_ids(tracks: Tracks, rate: Fraction) -> list[int]:
    """Ids of tracks that stay in place for 5 s or more and have low scores compared with the others.

    Args:
        tracks: The tracks of a shot or a whole video, smoothed, gaps filled.
        rate: Frames of the video per second.
    """
    if not len(tracks):
        return []
    first = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
    counts = np.diff(first, append=len(tracks))
    centre, height = to_cxywh(tracks.boxes_xyxy)[:, :2], tracks.boxes_xyxy[:, 3] - tracks.boxes_xyxy[:, 1]
    moved_px = (np.maximum.reduceat(centre, first) - np.minimum.reduceat(centre, first)).max(axis=1)
    is_static = counts >= STATIC_S * rate
    is_static &= moved_px <= STATIC_RANGE * np.add.reduceat(height, first) / counts
    is_static &= np.add.reduceat(tracks.scores, first) / counts <= STATIC_SCORE * np.median(tracks.scores)
    ids: list[int] = tracks.track_id[first[is_static]].tolist()
    return ids


def drop_static_tracks(tracks: Tracks, rate: Fraction) -> Tracks:
    """Drop the tracks of ``static_track_ids``.

    Args:
        tracks: The tracks, smoothed, gaps filled.
        rate: Frames of the video per second.
    """
    return tracks.rows(~np.isin(tracks.track_id, static_track_ids(tracks, rate)))
