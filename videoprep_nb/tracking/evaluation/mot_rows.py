"""Tracks and ground truth as the rows of MOTChallenge files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.tracking.box_table import BoxTable, ColumnType
from videoprep_nb.tracking.mot_text import BOX_XYWH, FRAME, OBJECT_ID, SCORE, parse_mot_text
from videoprep_nb.tracking.tracks import Tracks

_CLASS = 7
_PERSON, _LAST_CLASS = 1, 13  # https://motchallenge.net/instructions; between them cars, reflections, crowds, …
_COLUMNS_WITH_CLASS = (8, 9)
"""A row of MOT15 has seven columns, or ten of which the last three are a place in the world; others name a class."""


@dataclass(frozen=True)
class MotRows(BoxTable):
    """Boxes with ids, one row per box, in any order; no id occurs twice in a frame.

    Args:
        frame_number: ``(N,)`` int64, from 1 on.
        object_id: ``(N,)`` int64, from 0 on.
        boxes_xywh: ``(N, 4)`` float64, left, top, width and height in pixels; the upper left pixel is (1, 1).
        scores: ``(N,)`` float64; 0 marks a row of ground truth that does not count.
        classes: ``(N,)`` int64, 1 for a person; all 1 where the file names none.
        has_classes: Whether the file names classes.
    """

    columns: ClassVar[Mapping[str, ColumnType]] = {
        "frame_number": (np.int64, ()),
        "object_id": (np.int64, ()),
        "boxes_xywh": (np.float64, (4,)),
        "scores": (np.float64, ()),
        "classes": (np.int64, ()),
    }

    frame_number: npt.NDArray[np.int64]
    object_id: npt.NDArray[np.int64]
    boxes_xywh: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]
    has_classes: bool

    @classmethod
    def from_tracks(cls, tracks: Tracks) -> Self:
        """The rows of tracks, rounded to 0.01 pixels as ``write`` does, in the order of frames."""
        tracks = tracks.rows(np.lexsort((tracks.track_id, tracks.frame_index)))
        upper_left, lower_right = tracks.boxes_xyxy[:, :2], tracks.boxes_xyxy[:, 2:]
        return cls(
            frame_number=tracks.frame_index + 1,
            object_id=tracks.track_id,
            boxes_xywh=np.hstack([upper_left + 1, lower_right - upper_left]).round(2),
            scores=tracks.scores.round(4),
            classes=np.full(len(tracks), _PERSON, dtype=np.int64),
            has_classes=False,
        )

    def in_frames(self, numbers: range) -> Self:
        """The rows of consecutive frames; frame numbers stay as they are."""
        return self.rows((self.frame_number >= numbers.start) & (self.frame_number < numbers.stop))

    @property
    def frame_count(self) -> int:
        """Number of the last frame that has a box; 0 when there is none."""
        return int(self.frame_number.max(initial=0))

    def write(self, path: Path) -> None:
        """Write ``frame,id,x,y,width,height,score,-1,-1,-1``; the file appears complete."""
        rows = np.column_stack([self.frame_number, self.object_id, self.boxes_xywh, self.scores])
        with staged_file(path) as staging:
            np.savetxt(staging, rows, fmt="%d,%d,%.2f,%.2f,%.2f,%.2f,%.4f,-1,-1,-1")


def read_ground_truth(path: Path) -> MotRows:
    """Read a ``gt.txt`` of MOT15, MOT16, MOT17, MOT20 or data in their form.

    Raises:
        InputError: The file is missing, is not of that form, or has no box.
    """
    rows = _read(path)
    if not len(rows):
        raise InputError(f"{path} has no box; expected ground truth, frame,id,x,y,width,height,1,….")
    unknown = rows.classes[(rows.classes < _PERSON) | (rows.classes > _LAST_CLASS)]
    if len(unknown):
        raise InputError(f"{path} has the class {unknown[0]} in column 8; expected 1 (person) to {_LAST_CLASS}.")
    return rows


def read_tracks(path: Path) -> MotRows:
    """Read tracks, ``frame,id,x,y,width,height,score,…``.

    Raises:
        InputError: The file is missing, is not of that form, or holds other things than persons.
    """
    rows = _read(path)
    if rows.has_classes and (rows.classes > _PERSON).any():
        raise InputError(f"{path} holds boxes of class {rows.classes.max()}; only persons, class 1, are scored.")
    return rows


def _read(path: Path) -> MotRows:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected a text file with MOT rows.") from None
    rows = parse_mot_text(content, path)
    has_classes = rows.shape[1] in _COLUMNS_WITH_CLASS and bool((rows[:, _CLASS] != -1).any())
    classes = rows[:, _CLASS] if has_classes else np.full(len(rows), _PERSON)
    if not np.isfinite(classes).all():
        raise InputError(f"{path} has a class that is no number; expected frame,id,x,y,width,height,score,class,….")
    mot_rows = MotRows(
        frame_number=rows[:, FRAME].astype(np.int64),
        object_id=_ids(rows[:, OBJECT_ID], path),
        boxes_xywh=rows[:, BOX_XYWH],
        scores=rows[:, SCORE],
        classes=classes.astype(np.int64),
        has_classes=has_classes,
    )
    _check_ids_in_frames(mot_rows, path)
    return mot_rows


def _ids(values: npt.NDArray[np.float64], path: Path) -> npt.NDArray[np.int64]:
    whole = (values >= 0) & (values < 2**53) & (values % 1 == 0)
    if not whole.all():
        found = values[~whole][0]
        hint = "; is this a file of detections?" if found == -1 else ""
        raise InputError(f"{path} has the id {found:g}, expected whole numbers from 0 on{hint}")
    return values.astype(np.int64)


def _check_ids_in_frames(rows: MotRows, path: Path) -> None:
    pairs = np.stack([rows.frame_number, rows.object_id], axis=1)
    unique, counts = np.unique(pairs, axis=0, return_counts=True)
    if (counts > 1).any():
        frame_number, object_id = unique[counts > 1][0].tolist()
        raise InputError(f"{path} has the id {object_id} more than once in frame {frame_number}.")
