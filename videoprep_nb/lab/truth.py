"""Ground truth of the video in the lab: the figures of TrackEval, and every single error."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.core.errors import InputError
from videoprep_nb.media.resize import SourcePart
from videoprep_nb.tracking.compare import SAME_PERSON_IOU, Switches, compare_tracks
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth
from videoprep_nb.tracking.evaluation.score import Scores, score_sequence
from videoprep_nb.tracking.evaluation.sequence import read_sequence_info
from videoprep_nb.tracking.tracks import Tracks

_PERSON = 1
_DISTRACTORS = (2, 7, 8, 12)
"""Persons on vehicles, static persons, distractors and reflections: boxes on them are neither right nor wrong."""


@dataclass(frozen=True)
class Errors:
    """What is wrong with tracks.

    Args:
        missed: Rows of the ground truth that no track has.
        false: Rows of the tracks that are on nobody.
        switches: Where a person gets another id.
    """

    missed: Tracks
    false: Tracks
    switches: Switches


@dataclass(frozen=True)
class Truth:
    """The ground truth of the clips in the lab, in pixels and frames of the standard video.

    Args:
        name: Name of the sequence.
        rows: All rows, also those that MOTChallenge does not count.
        frames: Numbers of the frames, counted from 1.
    """

    name: str
    rows: MotRows
    frames: range

    @property
    def persons(self) -> Tracks:
        """The rows that count, as tracks; ids are those of the file."""
        return _as_tracks(self.rows.rows(self._counts()))

    def score(self, tracks: Tracks) -> Scores:
        """HOTA, IDF1, MOTA and the rest, as ``videoprep evaluate`` has them."""
        return score_sequence(self.name, self.rows, MotRows.from_tracks(tracks), self.frames).scores

    def errors(self, tracks: Tracks) -> Errors:
        """Every person missed, every box on nobody and every id switch.

        Boxes on distractors (statues, reflections, …) are no errors; ground truth without classes has none.
        """
        persons = self.persons
        difference = compare_tracks(persons, tracks)
        false = tracks.rows(difference.only_right)
        return Errors(
            missed=persons.rows(difference.only_left),
            false=false.rows(~_is_on(false, _as_tracks(self.rows.rows(np.isin(self.rows.classes, _DISTRACTORS))))),
            switches=difference.right_switches,
        )

    def _counts(self) -> npt.NDArray[np.bool_]:
        counts: npt.NDArray[np.bool_] = (self.rows.scores >= 1) & (self.rows.classes == _PERSON)
        return counts


def read_truth(path: Path, parts: Sequence[SourcePart], frames: range) -> Truth:
    """Read a ``gt.txt`` whose boxes are in pixels of the raw video.

    Args:
        path: The file; its frame 1 is the first frame of the video.
        parts: How the raw frames lie in the standard frame.
        frames: Indices of the frames in the lab, counted from 0.

    Raises:
        InputError: The file is missing, is not of that form, or has no box in these frames.
    """
    numbers = range(frames.start + 1, frames.stop + 1)
    rows = read_ground_truth(path).in_frames(numbers)
    if not len(rows):
        raise InputError(
            f"{path} has no box in the frames {numbers.start:,} to {numbers.stop - 1:,} of the video; expected the "
            "ground truth of this video, with frames counted from 1."
        )
    return Truth(read_sequence_info(path).name, _to_standard(rows, parts), numbers)


def _to_standard(rows: MotRows, parts: Sequence[SourcePart]) -> MotRows:
    boxes_xywh = rows.boxes_xywh.copy()
    for part in parts:
        at, of_part = part.transform, rows.frame_number > part.start_frame
        corner = (rows.boxes_xywh[of_part, :2] - 1) * [at.scale_x, at.scale_y] + [at.offset_x, at.offset_y]
        boxes_xywh[of_part] = np.hstack([corner + 1, rows.boxes_xywh[of_part, 2:] * [at.scale_x, at.scale_y]])
    return replace(rows, boxes_xywh=boxes_xywh)


def _as_tracks(rows: MotRows) -> Tracks:
    corner = rows.boxes_xywh[:, :2] - 1
    boxes_xyxy = np.hstack([corner, corner + rows.boxes_xywh[:, 2:]])
    return Tracks.from_arrays(rows.frame_number - 1, rows.object_id, boxes_xyxy, np.ones(len(rows)))


def _is_on(boxes: Tracks, others: Tracks) -> npt.NDArray[np.bool_]:
    """``(N,)`` which boxes overlap with another one of the same frame."""
    found = np.zeros(len(boxes), np.bool_)
    for rows in boxes.rows_by_frame():
        there = others.boxes_xyxy[others.frame_index == boxes.frame_index[rows[0]]]
        found[rows] = (iou_matrix(boxes.boxes_xyxy[rows], there) >= SAME_PERSON_IOU).any(axis=1)
    return found
