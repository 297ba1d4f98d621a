"""What an annotator has to correct in tracks, counted against ground truth.

Truth and tracks are matched frame by frame as CLEAR MOT does it (Bernardin and Stiefelhagen 2008): pairs of the frame
before are kept while they overlap by an IoU of 0.5, the others are those that overlap most. What is left over costs:

- a **missed** box: the annotator adds it;
- a **false** box: the annotator deletes it;
- a **split**: a track goes from one person to another and has to be cut there;
- a **merge**: two pieces of tracks, cut as said, are one person and have to be joined.

All are divided by the **person-minutes**: the time that all persons of the ground truth together are in the video. A
box counts in every frame of the video, so that figures of videos of different frame rates cannot be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.evaluation.mot_rows import MotRows

MATCH_IOU = 0.5
_KEPT = 1000.0  # what a pair of the frame before is worth more than any overlap


@dataclass(frozen=True)
class Corrections:
    """Corrections by kind.

    Args:
        missed: Boxes to add.
        false: Boxes to delete.
        splits: Places where a track is to be cut.
        merges: Pairs of pieces that are to be joined.
        person_minutes: Minutes that all persons together are in the video.
    """

    missed: int
    false: int
    splits: int
    merges: int
    person_minutes: float

    def per_person_minute(self) -> dict[str, float]:
        """Missed and false boxes, corrections of ids (splits and merges), and all of them."""
        ids = self.splits + self.merges
        counts = {"missed": self.missed, "false": self.false, "ids": ids, "sum": self.missed + self.false + ids}
        return {name: count / self.person_minutes for name, count in counts.items()}


def count_corrections(truth: MotRows, tracks: MotRows, rate: float) -> Corrections:
    """Count them.

    Args:
        truth: The ground truth; every row counts.
        tracks: The tracks, in the same pixels.
        rate: Frames per second.

    Example:
        >>> box = np.array([[10.0, 10, 20, 40]] * 4)
        >>> def rows(ids):
        ...     frame, one = np.arange(1, 5), np.ones(4)
        ...     return MotRows(frame, np.array(ids), box, one, one.astype(np.int64), has_classes=False)
        >>> found = count_corrections(rows([1, 1, 1, 1]), rows([7, 7, 8, 8]), rate=1)
        >>> (found.missed, found.false, found.splits, found.merges)
        (0, 0, 0, 1)
    """
    pairs = np.array(list(matched_rows(truth, tracks)), dtype=np.int64).reshape(-1, 2)
    persons, ids = truth.object_id[pairs[:, 0]], tracks.object_id[pairs[:, 1]]
    order = np.lexsort((tracks.frame_number[pairs[:, 1]], ids))
    persons, ids = persons[order], ids[order]
    is_split = (np.diff(ids) == 0) & (np.diff(persons) != 0)
    pieces = 1 + int(((np.diff(ids) != 0) | is_split).sum()) if len(ids) else 0
    return Corrections(
        missed=len(truth) - len(pairs),
        false=len(tracks) - len(pairs),
        splits=int(is_split.sum()),
        merges=pieces - len(np.unique(persons)),
        person_minutes=len(truth) / rate / 60,
    )


def matched_rows(truth: MotRows, tracks: MotRows) -> Iterator[tuple[int, int]]:
    """Rows of the truth with those of the tracks that they are matched with, frame by frame."""
    kept: dict[int, int] = {}
    for frame in np.unique(truth.frame_number):
        rows, columns = (np.flatnonzero(table.frame_number == frame) for table in (truth, tracks))
        overlap = iou_matrix(_xyxy(truth.boxes_xywh[rows]), _xyxy(tracks.boxes_xywh[columns]))
        before = np.array([kept.get(person, -1) for person in truth.object_id[rows].tolist()], dtype=np.int64)
        worth = np.where(overlap < MATCH_IOU, 0.0, overlap + _KEPT * (before[:, None] == tracks.object_id[columns]))
        kept = {}
        for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
            if worth[row, column] > 0:
                kept[int(truth.object_id[rows[row]])] = int(tracks.object_id[columns[column]])
                yield int(rows[row]), int(columns[column])


def _xyxy(boxes_xywh: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.hstack([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]])
