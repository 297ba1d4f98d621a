"""Tracks as they are handed on: inside the frame, numbered from 1."""

from dataclasses import replace

import numpy as np

from videoprep_nb.core.boxes import clip_to_frame
from videoprep_nb.tracking.tracks import Tracks

_MIN_SIDE_PX = 1.0


def clip_boxes(tracks: Tracks, width: int, height: int) -> Tracks:
    """Cut boxes at the border of the frame and drop those of which less than a pixel is left.

    Args:
        tracks: The tracks.
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
    """
    boxes_xyxy = clip_to_frame(tracks.boxes_xyxy, width, height).astype(np.float64)
    shorter_side = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).min(axis=1)
    return replace(tracks, boxes_xyxy=boxes_xyxy).rows(shorter_side >= _MIN_SIDE_PX)


def renumber(tracks: Tracks) -> Tracks:
    """Number the tracks 1 … n in the order in which they first appear; of two at once, the lower id stays first."""
    ids, first_row, track = np.unique(tracks.track_id, return_index=True, return_inverse=True)
    order = np.lexsort((ids, tracks.frame_index[first_row]))
    new_ids = np.empty(len(ids), dtype=np.int64)
    new_ids[order] = np.arange(1, len(ids) + 1)
    return replace(tracks, track_id=new_ids[track]).ordered()
