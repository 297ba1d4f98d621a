"""How good tracks look when nobody knows the truth: places to inspect, and settings that do not fit the video."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix, iou_of_pairs
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.core.turns import in_turns
from videoprep_nb.tracking.refine.static_tracks import static_track_ids
from videoprep_nb.tracking.track import TrackedVideo
from videoprep_nb.tracking.tracks import Tracks

SHORT_TRACK_S = 1.0
LONG_GAP_S = 0.5
JUMP_IOU = 0.3
OVERLAP_IOU = 0.7
LONG_OVERLAP_S = 0.5
BREAK_S = 2.0
MIN_STEP_IOU = 0.65
"""Median overlap of the boxes of a person in two frames in a row. The limit lies well above what trackers need, because
those who move so fast that their tracks break leave no pairs of boxes behind: measured on PETS09-S2L1, 0.8 at 10 frames
per second, and 0.45 to 0.6, with up to four times the ids, at 3.3 and less."""
MIN_HEIGHT_PX = 20.0
"""Median height of a person in the image that the detector sees; below, most detectors miss many."""

WORST_OF_A_KIND = 4
"""So many places of each kind are shown."""

Kind = Literal["broken track", "short track", "gap", "jump", "overlap", "static track"]

_NEEDED_HEIGHT_PX = 25.0
_MAX_IMAGE_SIZE_PX = 2560
_IMAGE_SIZE_STEP_PX = 32


@dataclass(frozen=True)
class Place:
    """A place in the tracks that a person should inspect.

    Args:
        kind: What may be wrong there.
        track_ids: The track, or the two of them.
        start_frame: First frame, in the standard video.
        last_frame: Last frame.
        severity: The larger, the worse, among places of the same kind.
        words: What is there.
    """

    kind: Kind
    track_ids: tuple[int, ...]
    start_frame: int
    last_frame: int
    severity: float
    words: str


@dataclass(frozen=True)
class Quality:
    """What can be said about the tracks of a video without ground truth.

    Args:
        places: What to inspect, the worst of each kind first.
        track_count: Different ids.
        person_s: Time in seconds that persons are tracked, all persons added up.
        step_iou: Median overlap (IoU) of the boxes of a person in two consecutive sampled frames; None when
            there are no such boxes.
        height_px: Median height of the boxes in pixels of the standard frame; None when there are no boxes.
    """

    places: list[Place]
    track_count: int
    person_s: float
    step_iou: float | None
    height_px: float | None

    @property
    def ids_per_person_s(self) -> float:
        """Ids per second of a tracked person: the smaller, the less a person is torn into several tracks."""
        return self.track_count / self.person_s if self.person_s else 0.0

    def worst_places(self) -> list[Place]:
        """The places to inspect first: the worst of each kind, then the second of each, and so on."""
        return in_turns(self.places_of(kind)[:WORST_OF_A_KIND] for kind in get_args(Kind))

    def name_of(self, place: Place) -> str:
        """What links call a place: its kind and its rank among its like, ``broken-track-2``."""
        return f"{place.kind.replace(' ', '-')}-{self.places_of(place.kind).index(place) + 1}"

    def places_of(self, kind: Kind) -> list[Place]:
        """The places of one kind, the worst first."""
        return [place for place in self.places if place.kind == kind]


def judge_tracks(tracks: Tracks, video: TrackedVideo, frames: range) -> Quality:
    """Look for what is typical of wrong tracks.

    Args:
        tracks: The tracks of a video.
        video: Its rate and the stride they were made with.
        frames: Those of the video, or of the part of it that was tracked.
    """
    seen = tracks.rows(~tracks.interpolated)
    steps = _Steps.of(seen, video.frame_stride)
    finders = [
        _broken_tracks(tracks, video),
        _short_tracks(tracks, seen, video, frames),
        _gaps(seen, video),
        _jumps(seen, steps),
        _overlaps(tracks, video),
        _static_tracks(tracks, video),
    ]
    heights_px = _heights(seen.boxes_xyxy)
    return Quality(
        places=[place for found in finders for place in sorted(found, key=_worst_first)],
        track_count=tracks.track_count,
        person_s=float(len(tracks) / video.rate),
        step_iou=float(np.median(steps.iou)) if len(steps.iou) else None,
        height_px=float(np.median(heights_px)) if len(heights_px) else None,
    )


def settings_warnings(quality: Quality, video: TrackedVideo, image_size: int | None) -> list[str]:
    """Sentences about settings that fit the video badly, with what to change.

    Args:
        quality: What was found out about the tracks.
        video: The video and the stride.
        image_size: Longer side in pixels of the image that the detector sees; None when there was no detector.
    """
    sentences = []
    if quality.step_iou is not None and quality.step_iou < MIN_STEP_IOU:
        cure = (
            f"raise sampled_fps above {float(video.tracked_rate):g}, or lower frame_stride from {video.frame_stride}"
            if video.frame_stride > 1
            else "use a video with more frames per second, or a tracker option that accepts less overlap"
        )
        sentences.append(
            f"Persons move far between two frames: at {float(video.tracked_rate):g} frames per second their boxes "
            f"overlap by only {quality.step_iou:.2f} (median IoU; expected {MIN_STEP_IOU:g} or more), so that tracks "
            f"break or jump to somebody else; {cure}."
        )
    if quality.height_px is not None and image_size is not None:
        scale = image_size / max(video.width, video.height)
        height_px = quality.height_px * scale
        if height_px < MIN_HEIGHT_PX:
            needed = image_size * _NEEDED_HEIGHT_PX / height_px
            needed = min(_MAX_IMAGE_SIZE_PX, -(-needed // _IMAGE_SIZE_STEP_PX) * _IMAGE_SIZE_STEP_PX)
            sentences.append(
                f"Persons are small for the detector: half of them are under {height_px:.0f} pixels high in the "
                f"image that it sees (expected {MIN_HEIGHT_PX:.0f} or more), and it misses many of those; raise "
                f"image_size from {image_size} to {needed:.0f}."
            )
    return sentences


@dataclass(frozen=True)
class _Steps:
    """Pairs of boxes of one track, found in two sampled frames in a row.

    Args:
        row: ``(K,)`` int64, the row of the second box; the first one is in the row before.
        iou: ``(K,)`` float64, their overlap.
    """

    row: npt.NDArray[np.int64]
    iou: npt.NDArray[np.floating]

    @classmethod
    def of(cls, seen: Tracks, frame_stride: int) -> "_Steps":
        in_a_row = (np.diff(seen.track_id) == 0) & (np.diff(seen.frame_index) <= frame_stride)
        row = np.flatnonzero(in_a_row) + 1
        return cls(row, iou_of_pairs(seen.boxes_xyxy[row - 1], seen.boxes_xyxy[row]))


def _worst_first(place: Place) -> tuple[float, int]:
    return -place.severity, place.start_frame


def _broken_tracks(tracks: Tracks, video: TrackedVideo) -> Iterator[Place]:
    """Tracks that end where soon another one begins: often the same person."""
    _, first_row, counts = np.unique(tracks.track_id, return_index=True, return_counts=True)
    starts, ends = tracks.rows(first_row), tracks.rows(first_row + counts - 1)
    centre, height = _centres(starts.boxes_xyxy), _heights(starts.boxes_xyxy)
    for row in range(len(ends)):
        box_xyxy = ends.boxes_xyxy[row : row + 1]
        pause_s = (starts.frame_index - ends.frame_index[row]) / float(video.rate)
        distance = np.linalg.norm(centre - _centres(box_xyxy), axis=1) / height  # in heights of a person
        growth = np.abs(np.log2(height / _heights(box_xyxy)))
        near = np.flatnonzero((pause_s > 0) & (pause_s <= BREAK_S) & (distance < 1) & (growth < 0.5))
        if len(near):
            other = near[distance[near].argmin()]
            ids = (int(ends.track_id[row]), int(starts.track_id[other]))
            words = f"{ids[0]} ends, {ids[1]} begins {format_duration(pause_s[other])} later close by"
            frames = int(ends.frame_index[row]), int(starts.frame_index[other])
            yield Place("broken track", ids, *frames, -float(distance[other]), words)


def _centres(boxes_xyxy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    centres: npt.NDArray[np.float64] = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    return centres


def _heights(boxes_xyxy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    heights: npt.NDArray[np.float64] = boxes_xyxy[:, 3] - boxes_xyxy[:, 1]
    return heights


def _short_tracks(tracks: Tracks, seen: Tracks, video: TrackedVideo, frames: range) -> Iterator[Place]:
    """Tracks of less than a second, except where the video begins or ends."""
    ids, counts = np.unique(seen.track_id, return_counts=True)
    for track_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
        length_s = float(count / video.tracked_rate)
        if length_s >= SHORT_TRACK_S:
            continue
        own = tracks.frame_index[tracks.track_id == track_id]
        start, last = int(own[0]), int(own[-1])
        if start > frames[0] and last < frames[-1]:
            words = f"{track_id} is seen for only {format_duration(length_s)}"
            yield Place("short track", (track_id,), start, last, -length_s, words)


def _gaps(seen: Tracks, video: TrackedVideo) -> Iterator[Place]:
    """Times in which a person was not detected, filled in later or not."""
    missed = np.diff(seen.frame_index) - video.frame_stride
    long = (np.diff(seen.track_id) == 0) & (missed >= LONG_GAP_S * float(video.rate))
    for row in np.flatnonzero(long).tolist():
        gap_s = float(int(missed[row]) / video.rate)
        start, last = seen.frame_index[row : row + 2].tolist()
        track_id = int(seen.track_id[row])
        yield Place("gap", (track_id,), start, last, gap_s, f"{track_id} is not seen for {gap_s:.1f} s")


def _jumps(seen: Tracks, steps: _Steps) -> Iterator[Place]:
    """Boxes that lie off where the two before them lead."""
    third = steps.row[np.isin(steps.row - 1, steps.row)]
    before, between, now = (seen.boxes_xyxy[third - back] for back in (2, 1, 0))
    iou = iou_of_pairs(2 * between - before, now)
    off = iou < JUMP_IOU
    # after a jump the next box is not where two boxes on either side of the jump lead: the same jump once more
    off &= ~np.isin(third - 1, third[off])
    for row, overlap in zip(third[off].tolist(), iou[off].tolist(), strict=True):
        start, last = int(seen.frame_index[row - 2]), int(seen.frame_index[row])
        track_id = int(seen.track_id[row])
        words = f"the box of {track_id} overlaps by {overlap:.2f} with where it was expected"
        yield Place("jump", (track_id,), start, last, -overlap, words)


def _overlaps(tracks: Tracks, video: TrackedVideo) -> Iterator[Place]:
    """Two tracks on the same spot for a while: often one person who was counted twice."""
    frames_of_pair: dict[tuple[int, int], list[int]] = {}
    for rows in tracks.rows_by_frame():
        boxes_xyxy, ids = tracks.boxes_xyxy[rows], tracks.track_id[rows]
        close = np.argwhere(np.triu(iou_matrix(boxes_xyxy, boxes_xyxy) >= OVERLAP_IOU, 1))
        for one, other in close.tolist():
            frames_of_pair.setdefault((int(ids[one]), int(ids[other])), []).append(int(tracks.frame_index[rows[0]]))
    for pair, frames in frames_of_pair.items():
        overlap_s = float(len(frames) / video.rate)
        if overlap_s >= LONG_OVERLAP_S:
            words = f"{pair[0]} and {pair[1]} are on the same spot for {overlap_s:.1f} s"
            yield Place("overlap", pair, frames[0], frames[-1], overlap_s, words)


def _static_tracks(tracks: Tracks, video: TrackedVideo) -> Iterator[Place]:
    """Tracks that stay in place and have low scores: posters, mannequins, reflections, persons half hidden."""
    for track_id in static_track_ids(tracks, video.rate):
        own = tracks.rows(tracks.track_id == track_id)
        score = float(own.scores.mean())
        words = f"{track_id} stays in place for {float(len(own) / video.rate):.0f} s with a mean score of {score:.2f}"
        yield Place("static track", (track_id,), int(own.frame_index[0]), int(own.frame_index[-1]), -score, words)
