"""Two tracks on one person."""

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.tracks import Tracks

_MEAN_IOU = 0.6  # at 0.55 DetA on MOT17 falls by 0.2: people who walk close to each other


def drop_duplicates(tracks: Tracks) -> Tracks:
    """Drop a track that lies on one longer track: over all of its boxes, their mean IoU is 0.6 or more.

    A box that a detector gives around two people fits neither well, but stays with one of them as long as it lasts.
    Two people are seldom so close all the time.

    Args:
        tracks: The tracks, gaps filled.
    """
    ids, track, length = np.unique(tracks.track_id, return_inverse=True, return_counts=True)
    pairs = [np.zeros(0, np.intp)]  # number of the first track times the number of tracks, and number of the second
    overlaps: list[npt.NDArray[np.floating]] = [np.zeros(0)]
    for rows in tracks.rows_by_frame():
        if len(rows) > 1:
            iou = np.triu(iou_matrix(tracks.boxes_xyxy[rows], tracks.boxes_xyxy[rows]), k=1)
            first, second = np.nonzero(iou)
            pairs.append(track[rows[first]] * len(ids) + track[rows[second]])
            overlaps.append(iou[first, second])
    pair, number = np.unique(np.concatenate(pairs), return_inverse=True)
    total = np.bincount(number, np.concatenate(overlaps), len(pair))
    one, other = np.divmod(pair, max(len(ids), 1))
    # of two equally long tracks the later one goes; ``one`` is before ``other``, as rows are in the order of tracks
    shorter = np.where(length[one] < length[other], one, other)
    duplicates = ids[shorter[total >= _MEAN_IOU * length[shorter]]]
    return tracks.rows(~np.isin(tracks.track_id, duplicates))
