"""Tracks continued at both ends with detections that no track uses.

A tracker starts a track only with a high score, and loses a person whose score falls. What it leaves out is still good
evidence next to a track: a detection where the track leads to belongs to it, though its score is low.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import from_cxywh, iou_matrix, to_cxywh
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.refine.unused import unused_rows, with_detections
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_MATCH_IOU = 0.6  # minimum overlap of a detection with the box that is expected
_OTHER_IOU = 0.3  # a detection that overlaps more than this with a box of another track may be a second one of it
_MEAN_SCORE = 0.6  # of the detections of a continuation: high_score_threshold of the default tracker
_MAX_MISSED_S = 0.2
_VELOCITY_S = 0.5  # over which the velocity at an end is measured
_POSITION_GAIN, _VELOCITY_GAIN = 0.5, 0.15  # of the filter that follows a continuation


def extend_tracks(
    tracks: Tracks, found: Detections, scores: npt.NDArray[np.floating], rate: Fraction, frame_stride: int
) -> Tracks:
    """Continue each track at both ends with unused detections, frame by frame.

    The detection that is taken has an IoU of 0.6 or more with the box expected there, from the velocity of the track at
    its end (alpha-beta filter), and 0.3 or less with the boxes of other tracks. A continuation ends when nothing is
    found for 0.2 s, and is cut where the scores of its detections are, added up, farthest above a mean of 0.6. Every
    detection is used once; where two tracks want the same, the greatest sum of overlaps decides.

    Args:
        tracks: The tracks, with the boxes as they were detected, in pixels of the frame; none is interpolated.
        found: The detections of the shot that they come from.
        scores: ``(N,)`` in (0, 1], the scores of ``found`` as the tracker sees them (``normalize_scores``).
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        The tracks with the boxes added; ids stay as they are.

    Example:
        >>> boxes = [[100 + 4 * time, 50, 140 + 4 * time, 170] for time in range(12)]
        >>> found = Detections.from_arrays(range(12), boxes, [0.9] * 10 + [0.65, 0.64])
        >>> track = Tracks.from_arrays(range(10), [1] * 10, boxes[:10], found.scores[:10])
        >>> extend_tracks(track, found, found.scores, Fraction(10), 1).frame_index.tolist()
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    for direction in (1, -1):
        if len(tracks):
            rows = unused_rows(tracks, found)
            added = _Continuation(tracks, found, rate, frame_stride, direction).follow(rows)
            tracks = with_detections(tracks, found, *_convincing(added, scores))
    return tracks


class _Continuation:
    """Tracks that have ended, carried on in one direction of time.

    Args:
        tracks: The tracks.
        found: The detections of the shot.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.
        direction: 1 for forward, -1 for backward.
    """

    def __init__(self, tracks: Tracks, found: Detections, rate: Fraction, frame_stride: int, direction: int) -> None:
        self._tracks, self._found, self._direction = tracks, found, direction
        first = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
        last = np.append(first[1:], len(tracks)) - 1
        back = max(1, round(_VELOCITY_S * float(rate) / frame_stride))
        end, inner = (
            (last, np.maximum(last - back, first)) if direction > 0 else (first, np.minimum(first + back, last))
        )
        boxes = to_cxywh(tracks.boxes_xyxy)
        step = np.maximum(np.abs(tracks.frame_index[end] - tracks.frame_index[inner]), 1)
        self._ids, self._boxes, self._last_frame = tracks.track_id[end], boxes[end], tracks.frame_index[end].copy()
        self._velocity = (boxes[end] - boxes[inner]) / step[:, None] * [1, 1, 0, 0]  # pixels per frame of the video
        self._max_step = frame_stride + max(frame_stride, round(_MAX_MISSED_S * rate))

    def follow(self, rows: _Indices) -> dict[int, list[int]]:
        """Go through the frames.

        Args:
            rows: Rows of ``found`` that may be taken, increasing.

        Returns:
            For each id that goes on, the rows it takes, from its end on.
        """
        taken: dict[int, list[int]] = {}
        order = np.argsort(self._direction * self._last_frame, kind="stable")
        ended_before = np.searchsorted(self._direction * self._last_frame[order], self._direction * self._frames())
        free = np.split(rows, np.searchsorted(self._found.frame_index[rows], self._found.sampled[1:]))
        used = self._tracks.rows_by_frame()
        boxes_of = {int(self._tracks.frame_index[of_frame[0]]): of_frame for of_frame in used}
        active, joined = order[:0], 0
        for frame, ended, candidates in zip(
            self._frames().tolist(), ended_before.tolist(), free[:: self._direction], strict=True
        ):
            if ended > joined:
                active, joined = np.concatenate([active, order[joined:ended]]), ended
            active = active[np.abs(frame - self._last_frame[active]) <= self._max_step]
            if not len(active) or not len(candidates):
                continue
            others = self._tracks.boxes_xyxy[boxes_of.get(frame, order[:0])]
            matched, chosen = self._match(active, frame, candidates, others)
            for track_id, row in zip(self._ids[matched].tolist(), chosen.tolist(), strict=True):
                taken.setdefault(track_id, []).append(row)
        return taken

    def _frames(self) -> npt.NDArray[np.int64]:
        return self._found.sampled[:: self._direction]

    def _match(self, active: _Indices, frame: int, candidates: _Indices, others: _Array) -> tuple[_Indices, _Indices]:
        """The tracks that go on in a frame, and the rows that they take."""
        expected = self._boxes[active] + self._velocity[active] * np.abs(frame - self._last_frame[active])[:, None]
        boxes = self._found.boxes_xyxy[candidates].astype(np.float64)
        iou = iou_matrix(from_cxywh(expected), boxes)
        near = np.flatnonzero((iou >= _MATCH_IOU).any(axis=0))
        near = near[iou_matrix(boxes[near], others).max(axis=1, initial=0) <= _OTHER_IOU]
        overlap = np.where(iou[:, near] >= _MATCH_IOU, iou[:, near], 0)
        track, column = linear_sum_assignment(overlap, maximize=True)
        is_match = overlap[track, column] > 0
        track, column = track[is_match], near[column[is_match]]
        matched = active[track]
        error = to_cxywh(boxes[column]) - expected[track]
        step = np.abs(frame - self._last_frame[matched])[:, None]
        self._boxes[matched] = expected[track] + _POSITION_GAIN * error
        self._velocity[matched] += _VELOCITY_GAIN * error / step * [1, 1, 0, 0]
        self._last_frame[matched] = frame
        return matched, candidates[column]


def _convincing(taken: dict[int, list[int]], scores: npt.NDArray[np.floating]) -> tuple[_Indices, Sequence[int]]:
    """Cut each continuation where its evidence is greatest; the rows that are left, and the id of each."""
    rows: list[int] = []
    ids: list[int] = []
    for track_id, of_track in taken.items():
        evidence = np.cumsum(scores[of_track] - _MEAN_SCORE)
        count = int(evidence.argmax()) + 1 if evidence.max() > 0 else 0
        rows += of_track[:count]
        ids += [track_id] * count
    return np.array(rows, dtype=np.intp), ids
