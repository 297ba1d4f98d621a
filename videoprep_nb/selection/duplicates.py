"""Near-duplicates among clips: frames that are about the same, with persons at about the same places."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MAX_DISTANCE_BITS = 8
"""Frames are about the same if no more bits of their hashes differ."""
MIN_OVERLAP = 0.6
"""Persons are at the same places if so much of what their boxes cover together is covered in both frames."""
GRID = (18, 32)
"""Rows and columns of the cells in which covered places are compared."""

Coverage = npt.NDArray[np.uint8]


def covered_cells(boxes_xyxy: npt.NDArray[np.float64], width: int, height: int) -> Coverage:
    """How much of each cell of the frame is covered by boxes, 0 to 255; overlapping boxes add up to a limit.

    Args:
        boxes_xyxy: ``(N, 4)`` float64, x1 y1 x2 y2 in pixels.
        width: Width of the frame in pixels.
        height: Its height.

    Returns:
        ``(rows * columns,)`` uint8.
    """
    rows, columns = GRID
    x = _shares(boxes_xyxy[:, 0], boxes_xyxy[:, 2], width / columns, columns)
    y = _shares(boxes_xyxy[:, 1], boxes_xyxy[:, 3], height / rows, rows)
    covered = np.einsum("nr,nc->rc", y, x)
    return np.asarray((covered * (255 / 4)).clip(0, 255).round(), np.uint8).ravel()


def _shares(
    starts: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], cell: float, count: int
) -> npt.NDArray[np.float64]:
    """How much of each cell of one direction lies between start and end of each box, ``(N, count)``."""
    cell_starts = np.arange(count) * cell
    overlap = np.minimum(ends[:, None], cell_starts + cell) - np.maximum(starts[:, None], cell_starts)
    return np.asarray(overlap.clip(0) / cell, np.float64)


@dataclass
class _Group:
    """Clips that may be duplicates of each other, none of them is one."""

    clip_ids: list[str] = field(default_factory=list)
    hashes: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    coverages: list[Coverage] = field(default_factory=list)


class DuplicateFinder:
    """Compares each clip with those before it; of duplicates only the first one is compared with later clips.

    Some 9 KB are kept per clip of 15 frames.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[int, int], _Group] = defaultdict(_Group)

    def find(self, clip_id: str, hashes: npt.NDArray[np.uint64], coverage: Coverage, person_count: int) -> str:
        """The first earlier clip that a clip is a near-duplicate of; empty if there is none.

        Args:
            clip_id: The clip.
            hashes: ``(F,)`` uint64, of its frames.
            coverage: ``(F, cells)`` uint8, what ``covered_cells`` says of each frame.
            person_count: Persons in it; a clip with more or fewer is no duplicate.
        """
        group = self._groups[len(hashes), person_count]
        if group.clip_ids and len(hashes):
            distances = np.bitwise_count(np.array(group.hashes) ^ hashes)
            for place in np.flatnonzero((distances <= MAX_DISTANCE_BITS).all(axis=1)):
                if _are_at_same_places(group.coverages[place], coverage):
                    return group.clip_ids[place]
        group.clip_ids.append(clip_id)
        group.hashes.append(hashes)
        group.coverages.append(coverage)
        return ""


def _are_at_same_places(one: Coverage, other: Coverage) -> bool:
    both = np.minimum(one, other).sum(axis=1, dtype=np.int64)
    any_of_them = np.maximum(one, other).sum(axis=1, dtype=np.int64)
    return bool((both >= MIN_OVERLAP * any_of_them).all())
