"""Which faces are hidden: those found, and along the tracks of the persons whose they are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from videoprep_nb.core.options import Options
from videoprep_nb.privacy.face_detector import FACE_FLOOR
from videoprep_nb.privacy.heads import assign_faces, head_regions
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

_MARGIN = 0.3  # of its width and height, on each side of a face: hair, ears and chin, and what follows moves a little
_FOLLOWED_S = 1.0  # further from the next face that was found, the whole head is hidden, too

_Boxes = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]


class FollowOptions(Options):
    """What counts as a face, and whose heads are hidden."""

    min_score: float = Field(0.2, ge=FACE_FLOOR, le=1, description="least score of a face that is hidden")
    min_score_in_head: float = Field(
        FACE_FLOOR, ge=FACE_FLOOR, le=1, description="the same for a face in the head of a tracked person"
    )
    min_score_of_person: float = Field(
        0.35, ge=FACE_FLOOR, le=1, description="score of a face from which on its person is followed"
    )
    heads: Literal["seen", "all"] = Field(
        "seen", description="whose heads are hidden in all frames: persons whose face was seen once, or all"
    )
    min_person_height_px: float = Field(
        40.0, ge=0, description="smaller persons are not followed: their faces are less than five pixels high"
    )


def follow_faces(faces: Detections, tracks: Tracks, rate: float, options: FollowOptions | None = None) -> Detections:
    """What is hidden of faces in every frame of a video.

    A face that was found is hidden where it was found. A person whose face was found at least once is followed: in all
    frames of the track without a finding of ``min_score``, the face is hidden where it would be, at its place in the
    box of the person, between two findings on the way from one place to the other. More than a second from the next
    finding, the whole head is. A face of nobody who is followed also counts for the frames next to it that the detector
    did not see.

    Args:
        faces: Faces that ``FaceDetector`` found in the sampled frames of a video.
        tracks: The persons in that video, in the same pixels; also those in frames between sampled ones.
        rate: Frames of the video per second.
        options: None for the defaults.

    Returns:
        Boxes to hide, in the order of frames, with a margin around each face; they may leave the frame. The score is
        that of the face, 1 where a person is followed.
    """
    options = options or FollowOptions()
    owners = _owners(faces, tracks)
    is_owned = owners >= 0
    least = np.where(is_owned, min(options.min_score_in_head, options.min_score), options.min_score)
    chosen = faces.scores >= least
    faces, owners, is_owned = faces.rows(chosen), owners[chosen], is_owned[chosen]
    is_certain = is_owned & (faces.scores >= options.min_score)  # a weak one may be an ear, and the face beside it
    findings = _Findings.of(faces.rows(is_certain), tracks, owners[is_certain])
    followed = np.unique(findings.track_id[findings.scores >= options.min_score_of_person])
    rows, heads = _heads(findings, followed, tracks, rate, options)
    is_followed = np.zeros(len(faces), np.bool_)
    is_followed[is_owned] = np.isin(tracks.track_id[owners[is_owned]], followed)
    held = _held(faces.rows(~is_followed))
    return _stacked(
        (faces.frame_index, _with_margin(faces.boxes_xyxy), faces.scores),
        (held.frame_index, _with_margin(held.boxes_xyxy), held.scores),
        (tracks.frame_index[rows], heads, np.ones(len(rows))),
        sampled=faces.sampled,
    )


def hide_persons(tracks: Tracks, visible_ids: npt.ArrayLike) -> Detections:
    """Boxes of all persons but some.

    Args:
        tracks: The persons.
        visible_ids: Ids of those who stay visible.
    """
    hidden = tracks.rows(~np.isin(tracks.track_id, np.asarray(visible_ids)))
    boxes = (hidden.frame_index, _with_margin(hidden.boxes_xyxy, share=0.05), hidden.scores)
    return _stacked(boxes, sampled=np.zeros(0, np.int64))


@dataclass(frozen=True)
class _Findings:
    """Faces of persons, at their places in the boxes of these persons.

    Args:
        track_id: ``(N,)`` int64.
        frame_index: ``(N,)`` int64.
        places: ``(N, 4)`` x1 y1 x2 y2 in shares of the person's box.
        scores: ``(N,)``.
    """

    track_id: _Indices
    frame_index: _Indices
    places: _Boxes
    scores: npt.NDArray[np.float32]

    @classmethod
    def of(cls, faces: Detections, tracks: Tracks, owners: npt.NDArray[np.intp]) -> "_Findings":
        persons = tracks.boxes_xyxy[owners]
        origin, size = np.tile(persons[:, :2], 2), np.tile(persons[:, 2:] - persons[:, :2], 2)
        places = (faces.boxes_xyxy - origin) / size
        return cls(tracks.track_id[owners], faces.frame_index, places, faces.scores)


def _owners(faces: Detections, tracks: Tracks) -> npt.NDArray[np.intp]:
    """``(N,)`` row in the tracks of the person of each face, -1 for none."""
    owners = np.full(len(faces), -1, np.intp)
    order = np.argsort(tracks.frame_index, kind="stable")
    frames = tracks.frame_index[order]
    for rows in faces.rows_by_frame():
        present = order[slice(*np.searchsorted(frames, faces.frame_index[rows[0]] + np.array([0, 1])))]
        persons = assign_faces(faces.boxes_xyxy[rows], tracks.boxes_xyxy[present])
        is_owned = persons >= 0
        owners[rows[is_owned]] = present[persons[is_owned]]
    return owners


def _heads(
    findings: _Findings, followed: _Indices, tracks: Tracks, rate: float, options: FollowOptions
) -> tuple[npt.NDArray[np.intp], _Boxes]:
    """Rows of the tracks in which a head is hidden without a finding, and the boxes."""
    rows, boxes = _follow(findings, followed, tracks, rate)
    if options.heads == "all":
        others = np.flatnonzero(~np.isin(tracks.track_id, followed))
        rows, boxes = np.concatenate([rows, others]), np.vstack([boxes, head_regions(tracks.boxes_xyxy[others])])
    height = tracks.boxes_xyxy[rows, 3] - tracks.boxes_xyxy[rows, 1]
    is_large = height >= options.min_person_height_px
    return rows[is_large], boxes[is_large]


def _follow(
    findings: _Findings, followed: _Indices, tracks: Tracks, rate: float
) -> tuple[npt.NDArray[np.intp], _Boxes]:
    """Rows of the followed tracks in which no face was found, and the boxes to hide there."""
    all_rows, all_boxes = [np.zeros(0, np.intp)], [np.zeros((0, 4))]
    for track_id in followed.tolist():
        begin, end = np.searchsorted(tracks.track_id, [track_id, track_id + 1])
        own = findings.track_id == track_id
        found, places = findings.frame_index[own], findings.places[own]
        rows = np.arange(begin, end)
        rows = rows[~np.isin(tracks.frame_index[rows], found)]
        frames, persons = tracks.frame_index[rows], tracks.boxes_xyxy[rows]
        origin, size = np.tile(persons[:, :2], 2), np.tile(persons[:, 2:] - persons[:, :2], 2)
        place = np.stack([np.interp(frames, found, side) for side in places.T], axis=1)
        boxes = _with_margin(origin + place * size)
        is_far = _frames_to_nearest(frames, found) > _FOLLOWED_S * rate
        boxes[is_far] = _unions(boxes[is_far], head_regions(persons[is_far]))
        all_rows.append(rows)
        all_boxes.append(boxes)
    return np.concatenate(all_rows), np.concatenate(all_boxes)


def _frames_to_nearest(frames: _Indices, found: _Indices) -> _Indices:
    after = np.searchsorted(found, frames)
    earlier, later = found[(after - 1).clip(min=0)], found[after.clip(max=len(found) - 1)]
    nearest: _Indices = np.minimum(np.abs(frames - earlier), np.abs(later - frames))
    return nearest


def _held(faces: Detections) -> Detections:
    """Faces once more in the frames between the sampled one and those before and after it."""
    place = np.searchsorted(faces.sampled, faces.frame_index)
    before = faces.sampled[(place - 1).clip(min=0)]
    after = faces.sampled[(place + 1).clip(max=len(faces.sampled) - 1)]
    first = np.where(place > 0, before + 1, faces.frame_index)
    last = np.where(place < len(faces.sampled) - 1, after - 1, faces.frame_index)
    counts = last - first + 1
    repeated = faces.rows(np.repeat(np.arange(len(faces)), counts))
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    frames = np.repeat(first, counts) + np.arange(len(repeated)) - starts
    is_between = frames != repeated.frame_index
    return Detections.from_arrays(
        frames[is_between], repeated.boxes_xyxy[is_between], repeated.scores[is_between], np.unique(frames)
    )


def _with_margin(boxes_xyxy: npt.NDArray[np.floating], share: float = _MARGIN) -> _Boxes:
    boxes = np.asarray(boxes_xyxy, np.float64)
    margin = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])


def _unions(a_xyxy: _Boxes, b_xyxy: _Boxes) -> _Boxes:
    return np.hstack([np.minimum(a_xyxy[:, :2], b_xyxy[:, :2]), np.maximum(a_xyxy[:, 2:], b_xyxy[:, 2:])])


def _stacked(*tables: tuple[npt.NDArray[np.int64], _Boxes, npt.NDArray[np.floating]], sampled: _Indices) -> Detections:
    frames, boxes, scores = (np.concatenate(column) for column in zip(*tables, strict=True))
    return Detections.from_arrays(frames, boxes, scores, np.union1d(sampled, frames))
