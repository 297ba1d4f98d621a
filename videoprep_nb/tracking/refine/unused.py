"""Detections that no track uses, and tracks that take some of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

_ODD_NUMBERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def unused_rows(tracks: Tracks, found: Detections) -> npt.NDArray[np.intp]:
    """The rows of detections that are in no track, increasing.

    Args:
        tracks: Tracks whose boxes that are not interpolated are those of detections, to the accuracy of float32.
        found: The detections.
    """
    is_used = np.isin(_keys(found), _keys(tracks.rows(~tracks.interpolated)))
    return np.flatnonzero(~is_used)


def with_detections(
    tracks: Tracks, found: Detections, rows: npt.NDArray[np.intp], track_ids: Sequence[int] | npt.NDArray[np.int64]
) -> Tracks:
    """Add detections to tracks.

    Args:
        tracks: The tracks.
        found: The detections.
        rows: ``(K,)`` the rows of ``found`` that are added.
        track_ids: ``(K,)`` the track of each.
    """
    added = Tracks.from_arrays(found.frame_index[rows], track_ids, found.boxes_xyxy[rows], found.scores[rows])
    return Tracks(**Tracks.stacked([tracks, added])).ordered() if len(added) else tracks


def _keys(table: Tracks | Detections) -> npt.NDArray[np.uint64]:
    """One number per row, the same for a detection and the box of a track made from it; others differ (64-bit hash)."""
    halves = np.ascontiguousarray(table.boxes_xyxy, dtype=np.float32).view(np.uint64)
    parts = np.column_stack([table.frame_index.astype(np.uint64), halves])
    keys: npt.NDArray[np.uint64] = (parts * _ODD_NUMBERS).sum(axis=1)  # modulo 2**64
    return keys
