"""Applying corrections to the tracks of a video."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.corrections.model import Correction
from videoprep_nb.tracking.tracks import Tracks

MAX_OVERLAP_S = 1.0
"""So long may two tracks both have detections and be merged: at a change of ids, both may last some frames."""


@dataclass(frozen=True)
class CorrectedTracks:
    """What came out.

    Args:
        tracks: The tracks; those that no correction names keep their ids.
        applied: The corrections that were applied, in order.
        problems: Why others were not, a sentence each.
        ids_before: ``(N,)`` int64, the id of each row before corrections.
        pieces: Id of each corrected track → names of the pieces that it consists of, as corrections name them.
    """

    tracks: Tracks
    applied: list[Correction]
    problems: list[str]
    ids_before: npt.NDArray[np.int64]
    pieces: Mapping[int, list[str]]


def correct_tracks(tracks: Tracks, corrections: Sequence[Correction], rate: Fraction | float) -> CorrectedTracks:
    """Apply corrections to the tracks of a video.

    First all tracks are split, then tracks are deleted, then merged; so the order of the lines does not matter, and
    removing a line undoes exactly what it did. A line that cannot be applied is left out and reported.

    Args:
        tracks: The tracks before all corrections.
        corrections: The lines of the video.
        rate: Frames per second of the standard video.

    Example:
        >>> tracks = Tracks.from_arrays([0, 1, 2], [7, 7, 9], [[0, 0, 9, 9]] * 3, [0.9] * 3)
        >>> correct_tracks(tracks, [Correction(merge=[7, 9])], 25).tracks.track_id.tolist()
        [7, 7, 7]
        >>> correct_tracks(tracks, [Correction(delete=8)], 25).problems
        ['delete 8: there is no track 8.']
    """
    work = _Work(tracks, float(rate))
    for line in sorted(corrections, key=_phase):
        problem = work.apply(line)
        if problem:
            work.problems.append(f"{line.describe()}: {problem}")
        else:
            work.applied.append(line)
    order = work.order()
    corrected = replace(tracks, track_id=work.ids).rows(order)
    pieces = work.pieces_of(corrected.track_ids)
    return CorrectedTracks(corrected, work.applied, work.problems, tracks.track_id[order], pieces)


def _phase(line: Correction) -> tuple[int, float]:
    return (0, line.at_s or 0.0) if line.split else (1, 0.0) if line.delete else (2, 0.0)


class _Work:
    """Tracks while they are being corrected: each row belongs to a piece of a track."""

    def __init__(self, tracks: Tracks, rate: float) -> None:
        self._before = tracks
        self._rate = rate
        self.ids = tracks.track_id.copy()
        self._pieces = {str(track_id): track_id for track_id in tracks.track_ids}
        """Name of a piece → the id of its rows."""
        self._next_id = int(tracks.track_id.max(initial=0)) + 1
        self._is_kept = np.ones(len(tracks), np.bool_)
        self.applied: list[Correction] = []
        self.problems: list[str] = []

    def apply(self, line: Correction) -> str:
        """Apply a line.

        Returns:
            Why that is not possible, as the end of a sentence; empty if it was.
        """
        for name in line.track_names():
            if name not in self._pieces:
                return f"there is no track {name}."
            if not self._rows(name).any():
                return f"track {name} was deleted."
        if line.split is not None and line.at_s is not None:
            return self._split(line.split, line.at_s)
        if line.delete:
            self._is_kept &= ~self._rows(line.delete)
            return ""
        return self._merge(line.merge or [])

    def order(self) -> npt.NDArray[np.intp]:
        """The rows that stay, in the order of corrected id and frame."""
        kept = np.flatnonzero(self._is_kept)
        return kept[np.lexsort((self._before.frame_index[kept], self.ids[kept]))]

    def pieces_of(self, track_ids: Sequence[int]) -> dict[int, list[str]]:
        """Names of the pieces of each track."""
        return {
            track_id: [name for name, of_piece in self._pieces.items() if of_piece == track_id]
            for track_id in track_ids
        }

    def _rows(self, name: str) -> npt.NDArray[np.bool_]:
        rows: npt.NDArray[np.bool_] = (self.ids == self._pieces[name]) & self._is_kept
        return rows

    def _split(self, name: str, at_s: float) -> str:
        piece = f"{name}@{at_s:g}"
        cut_frame = math.ceil(at_s * self._rate - 1e-6)
        whole = self._before.track_id == int(name)
        frames = self._before.frame_index
        if not (whole & (frames < cut_frame)).any() or not (whole & (frames >= cut_frame)).any():
            return f"track {name} has no frames on both sides of {at_s:g} s."
        if piece in self._pieces:
            return f"track {name} is split there already."
        self.ids[whole & (frames >= cut_frame)] = self._next_id  # in the order of time: a later cut takes its part
        self._pieces[piece] = self._next_id
        self._next_id += 1
        return ""

    def _merge(self, names: Sequence[str]) -> str:
        for one, other in combinations(names, 2):
            if problem := self._overlap(one, other):
                return problem
        target = self._pieces[names[0]]
        absorbed = {self._pieces[name] for name in names}
        self.ids[np.isin(self.ids, list(absorbed))] = target
        for name, track_id in self._pieces.items():
            if track_id in absorbed:
                self._pieces[name] = target
        self._drop_second_boxes(target)
        return ""

    def _overlap(self, one: str, other: str) -> str:
        """Why two tracks are two persons: both were detected at the same time for long."""
        if self._pieces[one] == self._pieces[other]:
            return ""
        frames = self._before.frame_index
        of_one, of_other = (frames[self._rows(name) & ~self._before.interpolated] for name in (one, other))
        both = np.intersect1d(of_one, of_other)
        if len(both) <= MAX_OVERLAP_S * self._rate:
            return ""
        start_s, end_s = both[0] / self._rate, both[-1] / self._rate
        return (
            f"tracks {one} and {other} are both detected between {start_s:.1f} and {end_s:.1f} s; "
            "split one of them first."
        )

    def _drop_second_boxes(self, track_id: int) -> None:
        """Of two boxes of a merged track in a frame, keep the detected one, then the one with the higher score."""
        rows = np.flatnonzero((self.ids == track_id) & self._is_kept)
        table = self._before
        order = np.lexsort((-table.scores[rows], table.interpolated[rows], table.frame_index[rows]))
        frames = table.frame_index[rows][order]
        self._is_kept[rows[order][1:][frames[1:] == frames[:-1]]] = False
