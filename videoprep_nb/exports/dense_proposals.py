"""Dense proposals: the boxes of the people on every extracted frame (docs/formats.md, section 3)."""

import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
from pydantic import TypeAdapter, ValidationError

from videoprep_nb.core.boxes import clip_to_frame
from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.core.layout import frame_name, staged_file, video_id_of_clip
from videoprep_nb.core.records import FrameRecord, TrackRow
from videoprep_nb.core.text import quoted

Proposal = list[float | int]
"""One person: x1, y1, x2, y2 in pixels, score, track id."""

FrameProposals = dict[str, list[Proposal]]
"""Frame name to its proposals, in the order of time; a frame without people has an empty list."""

DenseProposals = dict[str, FrameProposals]
"""Clip id to its frames, in the order of clips."""

PICKLE_PROTOCOL = 4

_TRACK_ROWS = TypeAdapter(list[TrackRow])


@dataclass(frozen=True)
class ClipProposals:
    """What one clip adds to the dense proposals.

    Args:
        frames: The proposals of every extracted frame.
        highest_id: The highest track id among all rows of the clip, renumbered; 0 without rows.
        interpolated_count: Proposals that were filled in between two detections.
    """

    frames: FrameProposals
    highest_id: int
    interpolated_count: int


def read_track_rows(path: Path) -> list[TrackRow]:
    """Read and check the tracking JSON of one clip (docs/formats.md, section 6).

    Raises:
        InputError: The file is missing, or a row of it is not what the tracker writes.
    """
    try:
        rows = _TRACK_ROWS.validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run 04_track_persons first.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path} is not a tracking file: {first['msg']} at {place or 'its start'}.") from None
    for number, row in enumerate(rows):
        problem = _row_problem(row)
        if problem:
            raise InputError(f"{path} is not a tracking file: {problem} in row {number}.")
    return rows


def _row_problem(row: TrackRow) -> str | None:
    if len(row["bbox"]) != 4 or not all(map(math.isfinite, row["bbox"])):
        return f"got the bbox {row['bbox']}, expected four finite numbers"
    if not 0 < row["score"] <= 1:
        return f"got the score {row['score']}, expected a number above 0 and up to 1"
    if row["track_id"] < 1:
        return f"got the track_id {row['track_id']}, expected 1 or more"
    return None


def clip_proposals(
    frames: Sequence[FrameRecord], rows: Sequence[TrackRow], *, id_offset: int, width: int, height: int
) -> ClipProposals:
    """Pick the tracked people on a clip's extracted frames.

    Frames and rows meet by the index of the frame in the clip, never by name.

    Args:
        frames: The extracted frames of the clip, in order.
        rows: All rows of the clip's tracking JSON.
        id_offset: Added to every track id, so that two videos never share one.
        width: Width of the frames in pixels; boxes are cut there.
        height: Height of the frames in pixels.

    Raises:
        PackageError: A track has two boxes in one frame.
    """
    extracted = {frame.index_in_clip for frame in frames}
    rows_by_index: dict[int, list[TrackRow]] = {index: [] for index in extracted}
    for row in rows:
        if row["frame_index"] in extracted:
            rows_by_index[row["frame_index"]].append(row)

    proposals: FrameProposals = {}
    interpolated_count = 0
    for frame in frames:
        proposals[frame.name] = []
        for row in sorted(rows_by_index[frame.index_in_clip], key=lambda row: row["track_id"]):
            box = _visible_part(row["bbox"], width, height)
            if box is not None:
                proposals[frame.name].append([*box, row["score"], row["track_id"] + id_offset])
                interpolated_count += row["interpolated"]
        _check_ids_differ(frame.name, proposals[frame.name])
    highest_id = max((row["track_id"] + id_offset for row in rows), default=0)
    return ClipProposals(proposals, highest_id, interpolated_count)


def _visible_part(box_xyxy: list[float], width: int, height: int) -> list[float] | None:
    """The part of a box inside the frame, None when it lies outside altogether."""
    x1, y1, x2, y2 = clip_to_frame(np.array([box_xyxy], dtype=np.float64), width, height)[0].tolist()
    return [x1, y1, x2, y2] if x1 < x2 and y1 < y2 else None


def _check_ids_differ(name: str, proposals: Sequence[Proposal]) -> None:
    for before, after in pairwise(proposals):  # sorted by id: equal ones are neighbours
        if before[5] == after[5]:
            raise PackageError(f"Track {after[5]} has two boxes in {name}; run 04_track_persons again.")


def write_proposals(path: Path, proposals: DenseProposals) -> None:
    """Write the pickle; it appears complete.

    Raises:
        PackageError: The proposals are not what docs/formats.md, section 3 describes.
        DiskFullError: The disk was full.
    """
    with staged_file(path) as staging, staging.open("wb") as file:
        pickle_proposals(proposals, file)


def pickle_proposals(proposals: DenseProposals, file: IO[bytes]) -> None:
    """Write the pickle to an open file.

    Raises:
        PackageError: The proposals are not what docs/formats.md, section 3 describes.
    """
    if problem := _problem(proposals):
        raise PackageError(f"The proposals cannot be written: {problem}.")
    pickle.dump(proposals, file, protocol=PICKLE_PROTOCOL)


def load_proposals(path: Path) -> DenseProposals:
    """Read a pickle of dense proposals; one that asks for any class or function is refused.

    Raises:
        InputError: The file is missing or does not hold dense proposals.
    """
    try:
        with path.open("rb") as file:
            proposals = _PlainUnpickler(file).load()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run 05_generate_proposals first.") from None
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"{path} does not hold dense proposals: {error or 'it ends early'}.") from None
    if problem := _problem(proposals):
        raise InputError(f"{path} does not hold dense proposals: {problem}.")
    loaded: DenseProposals = proposals
    return loaded


class _PlainUnpickler(pickle.Unpickler):
    """Loads dicts, lists, strings and numbers and nothing else."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, expected plain data only")


def _problem(proposals: object) -> str | None:
    """The first thing that is wrong with the structure, None when nothing is."""
    if not isinstance(proposals, dict):
        return f"got a {type(proposals).__name__}, expected a dict of clips"
    for clip, frames in proposals.items():
        problem = _clip_problem(clip, frames)
        if problem:
            return problem
    return None


def _clip_problem(clip: object, frames: object) -> str | None:
    try:
        video_id_of_clip(str(clip))
    except ValueError as error:
        return str(error)
    if not isinstance(frames, Mapping):
        return f"{clip}: got a {type(frames).__name__}, expected a dict of frames"
    for number, (name, boxes) in enumerate(frames.items()):
        expected_name = frame_name(str(clip), number)
        if name != expected_name:
            return f"got the frame {quoted(name)}, expected {expected_name!r}"
        if not isinstance(boxes, list) or not all(_is_proposal(box) for box in boxes):
            return f"{name}: expected boxes [x1, y1, x2, y2, score, track_id] only"
    return None


def _is_proposal(box: object) -> bool:
    return (
        isinstance(box, list)
        and len(box) == 6
        and all(type(value) is float and math.isfinite(value) for value in box[:5])
        and type(box[5]) is int
    )
