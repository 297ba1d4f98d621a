"""What differs between two tables of tracks of the same video."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.tracks import Tracks

SAME_PERSON_IOU = 0.5

_NO_ID = -1
_NO_ROWS = np.zeros(0, np.intp)


@dataclass(frozen=True)
class Switches:
    """Where one person keeps the id on one side and gets another one on the other side.

    Args:
        frame_index: ``(K,)`` int64, increasing, the first frame with the new id.
        old_id: ``(K,)`` int64, the id until then.
        new_id: ``(K,)`` int64, the id from then on.
    """

    frame_index: npt.NDArray[np.int64]
    old_id: npt.NDArray[np.int64]
    new_id: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frame_index)


@dataclass(frozen=True)
class Difference:
    """What differs between a left and a right table of tracks.

    Args:
        only_left: ``(N,)`` bool, rows of the left table without a box of the same person on the right.
        only_right: ``(M,)`` bool, the same of the right table.
        left_switches: Id switches of the left tracks, taking the right ones for the truth.
        right_switches: Id switches of the right tracks, taking the left ones for the truth.
        left_id_of: For ids of the right table, the left id with most boxes in common.
    """

    only_left: npt.NDArray[np.bool_]
    only_right: npt.NDArray[np.bool_]
    left_switches: Switches
    right_switches: Switches
    left_id_of: dict[int, int]


def compare_tracks(left: Tracks, right: Tracks) -> Difference:
    """Find the same persons in two tables, frame by frame, and what only one of the tables has.

    Boxes belong together where their IoU is at least 0.5: those that did in the frame before, and then as many as
    possible. An id switch is counted as in CLEAR MOT (Bernardin and Stiefelhagen 2008, section 2.1.2): when a track is
    matched with another id than the last time it was matched.

    Args:
        left: The tracks of one tracker or setting.
        right: Those of another one, for the same video.
    """
    left_rows, right_rows = matching_rows(left, right)
    only_left, only_right = np.ones(len(left), np.bool_), np.ones(len(right), np.bool_)
    only_left[left_rows], only_right[right_rows] = False, False
    left_ids, right_ids = left.track_id[left_rows], right.track_id[right_rows]
    frames = left.frame_index[left_rows]
    return Difference(
        only_left=only_left,
        only_right=only_right,
        left_switches=id_switches(frames, right_ids, left_ids),
        right_switches=id_switches(frames, left_ids, right_ids),
        left_id_of=_most_frequent_partner(right_ids, left_ids),
    )


def matching_rows(left: Tracks, right: Tracks) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of both tables that show the same person in the same frame; see ``compare_tracks``.

    Returns:
        ``(K,)`` int64 each: the rows of the left table, in the order of frames, and those of the right one.
    """
    right_of_frame = {int(right.frame_index[rows[0]]): rows for rows in right.rows_by_frame()}
    found: list[tuple[int, int]] = []
    before: dict[int, int] = {}  # ids that belonged together in the frame before
    for left_rows in left.rows_by_frame():
        right_rows = right_of_frame.get(int(left.frame_index[left_rows[0]]), _NO_ROWS)
        left_ids, right_ids = left.track_id[left_rows], right.track_id[right_rows]
        iou = iou_matrix(left.boxes_xyxy[left_rows], right.boxes_xyxy[right_rows])
        stays = np.array([before.get(one, _NO_ID) for one in left_ids.tolist()])[:, None] == right_ids
        # a pair that stays is worth more than any others, and one more pair more than any overlap
        value = np.where(iou >= SAME_PERSON_IOU, (1 + len(iou) * stays) * (1 + len(iou)) + iou, 0)
        matched = [pair for pair in zip(*linear_sum_assignment(value, maximize=True), strict=True) if value[pair] > 0]
        found += [(left_rows[i], right_rows[j]) for i, j in matched]
        before = {int(left_ids[i]): int(right_ids[j]) for i, j in matched}
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def id_switches(frames: npt.NDArray[np.int64], true_ids: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> Switches:
    """Where consecutive matches of one true track have different ids.

    Args:
        frames: ``(K,)`` the frames of the matches.
        true_ids: ``(K,)`` the side that is taken for the truth.
        ids: ``(K,)`` the other side, whose switches are found.
    """
    order = np.lexsort((frames, true_ids))
    frames, true_ids, ids = frames[order], true_ids[order], ids[order]
    row = np.flatnonzero((np.diff(true_ids) == 0) & (np.diff(ids) != 0)) + 1
    row = row[np.argsort(frames[row], kind="stable")]
    return Switches(frames[row], ids[row - 1], ids[row])


def _most_frequent_partner(ids: npt.NDArray[np.int64], partners: npt.NDArray[np.int64]) -> dict[int, int]:
    counts = Counter(zip(ids.tolist(), partners.tolist(), strict=True))
    return {one: other for (one, other), _ in sorted(counts.items(), key=lambda item: item[1])}
