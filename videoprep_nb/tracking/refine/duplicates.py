"""Two tracks on one person."""

from collections import Counter

import numpy as np

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.tracks import Tracks

_SAME_IOU = 0.7
_SAME_SHARE = 0.5


def drop_duplicates(tracks: Tracks) -> Tracks:
    """Drop a track if for at least half of its boxes it lies on one longer track (IoU of 0.7 or more).

    Args:
        tracks: The tracks, gaps filled.
    """
    ids, track, length = np.unique(tracks.track_id, return_inverse=True, return_counts=True)
    together: Counter[tuple[int, int]] = Counter()
    for rows in tracks.rows_by_frame():
        if len(rows) > 1:
            boxes = tracks.boxes_xyxy[rows]
            first, second = np.nonzero(np.triu(iou_matrix(boxes, boxes) >= _SAME_IOU, k=1))
            together.update(zip(track[rows[first]].tolist(), track[rows[second]].tolist(), strict=True))
    shared: Counter[tuple[int, int]] = Counter()
    for (one, other), count in together.items():
        # of two equally long tracks the later one goes
        shorter, longer = max((one, other), (other, one), key=lambda pair: (-length[pair[0]], pair[0]))
        shared[shorter, longer] += count
    duplicates = [ids[shorter] for (shorter, _), count in shared.items() if count >= _SAME_SHARE * length[shorter]]
    return tracks.rows(~np.isin(tracks.track_id, duplicates))
