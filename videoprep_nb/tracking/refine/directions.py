"""Tracking forward and backward: where both agree, they are right; where they do not, nothing is decided yet.

A tracker fails where persons occlude each other, and fails differently when it comes from the other side.
Both runs give every detection a successor; those on which they agree make up tracklets that seldom hold two
persons. ``link_tracklets`` then puts the tracklets together with a view over the whole video. This is the
forward-backward check of Kalal, Mikolajczyk and Matas (ICPR 2010), for detections in place of points.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from videoprep_nb.tracking.associate import Association
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class Tracklets:
    """Tracklets, and what the two runs of the tracker said about each box.

    Args:
        tracks: The tracklets, with the boxes as they were detected.
        forward_id: ``(N,)`` int64, the id each box has in the run forward; 0 for none.
        backward_id: ``(N,)`` int64, the same in the run backward.
    """

    tracks: Tracks
    forward_id: npt.NDArray[np.int64]
    backward_id: npt.NDArray[np.int64]

    def without_shorter_than(self, row_count: int) -> "Tracklets":
        """Only the tracklets that have so many boxes."""
        _, tracklet, counts = np.unique(self.tracks.track_id, return_inverse=True, return_counts=True)
        rows = np.flatnonzero(counts[tracklet] >= row_count)
        return Tracklets(self.tracks.rows(rows), self.forward_id[rows], self.backward_id[rows])


def agreed_tracklets(forward: Association, backward: Association, scores: npt.NDArray[np.float32]) -> Tracklets:
    """The tracklets on which the two runs of a tracker agree.

    Args:
        forward: The run from the first frame on.
        backward: The run from the last frame on, over the same detections.
        scores: ``(N,)`` the scores of the detections, as the detector gave them.
    """
    successor = _successors(forward)
    successor[successor != _successors(backward)] = -1
    linked = np.flatnonzero(successor >= 0)
    return _tracklets(forward, backward.track_id, linked, successor[linked], scores)


def one_run(forward: Association, scores: npt.NDArray[np.float32]) -> Tracklets:
    """The tracks of one run, undivided; see ``agreed_tracklets``."""
    successor = _successors(forward)
    linked = np.flatnonzero(successor >= 0)
    return _tracklets(forward, np.zeros_like(forward.track_id), linked, successor[linked], scores)


def _successors(run: Association) -> npt.NDArray[np.intp]:
    """For each detection, the next one of its track; -1 where there is none."""
    order = np.lexsort((run.found.frame_index, run.track_id))
    same = (np.diff(run.track_id[order]) == 0) & (run.track_id[order][1:] > 0)
    successor = np.full(len(order), -1, dtype=np.intp)
    successor[order[:-1][same]] = order[1:][same]
    return successor


def _tracklets(
    forward: Association,
    backward_id: npt.NDArray[np.int64],
    linked: npt.NDArray[np.intp],
    successors: npt.NDArray[np.intp],
    scores: npt.NDArray[np.float32],
) -> Tracklets:
    found = forward.found
    graph = csr_array((np.ones(len(linked), dtype=np.int8), (linked, successors)), shape=(len(found), len(found)))
    tracklet = connected_components(graph, directed=False)[1] if len(found) else np.zeros(0, dtype=np.int32)
    rows = np.flatnonzero((forward.track_id > 0) | (backward_id > 0))
    rows = rows[np.lexsort((found.frame_index[rows], tracklet[rows]))]
    tracks = Tracks(
        frame_index=found.frame_index[rows],
        track_id=tracklet[rows].astype(np.int64) + 1,
        boxes_xyxy=found.boxes_xyxy[rows].astype(np.float64),
        scores=scores[rows].astype(np.float64),
        interpolated=np.zeros(len(rows), dtype=np.bool_),
    )
    return Tracklets(tracks, forward.track_id[rows], backward_id[rows])
