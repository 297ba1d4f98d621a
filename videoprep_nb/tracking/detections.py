"""Persons found in frames, and their file: what trackers are fed with, however often they are tried."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.cached_arrays import CachedArrays

DETECTION_FLOOR = 0.05
"""Least score that is kept. ``confidence`` may be set anywhere above it without detecting again."""


@dataclass(frozen=True)
class Detections:
    """The persons found in one frame.

    Args:
        boxes_xyxy: ``(N, 4)`` float32, x1 y1 x2 y2 in absolute pixels of the standard frame.
        scores: ``(N,)`` float32, confidence in (0, 1].
    """

    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    @classmethod
    def empty(cls) -> Self:
        """No detections."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, confidence: float) -> "Detections":
        """The detections with at least this score."""
        return self.rows(self.scores >= confidence)

    def rows(self, chosen: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "Detections":
        """Some of the detections, by index or mask."""
        return Detections(self.boxes_xyxy[chosen], self.scores[chosen])


@dataclass(frozen=True)
class ClipDetections(CachedArrays):
    """The persons found in one clip, one row per box.

    Args:
        looked_at: ``(K,)`` int32, zero-based indices in the clip of the frames the detector saw, increasing.
        frame_index: ``(N,)`` int32, the frame of each box, increasing.
        boxes_xyxy: ``(N, 4)`` float32, pixels of the standard frame.
        scores: ``(N,)`` float32 in (0, 1], not below ``DETECTION_FLOOR``.
        fingerprint: What the boxes were made from; see ``clip_fingerprint``.
    """

    looked_at: npt.NDArray[np.int32]
    frame_index: npt.NDArray[np.int32]
    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    fingerprint: str

    @classmethod
    def from_frames(cls, looked_at: npt.NDArray[np.int32], frames: list[Detections], fingerprint: str) -> Self:
        """Stack the detections of the frames ``looked_at``."""
        return cls(
            looked_at=looked_at,
            frame_index=np.repeat(looked_at, [len(found) for found in frames]),
            boxes_xyxy=np.concatenate([np.zeros((0, 4), np.float32), *(found.boxes_xyxy for found in frames)]),
            scores=np.concatenate([np.zeros(0, np.float32), *(found.scores for found in frames)]),
            fingerprint=fingerprint,
        )

    def in_frame(self, frame_index: int) -> Detections:
        """The detections of one frame of the clip, zero-based."""
        rows = slice(*np.searchsorted(self.frame_index, [frame_index, frame_index + 1]))
        return Detections(self.boxes_xyxy[rows], self.scores[rows])


@dataclass(frozen=True)
class VideoDetections:
    """The persons found in a whole video, one row per box, in an order that does not depend on the detector's.

    Args:
        looked_at: ``(K,)`` int64, zero-based indices in the video of the frames the detector saw, increasing.
        frame_index: ``(N,)`` int64, the frame of each box, increasing.
        boxes_xyxy: ``(N, 4)`` float32, pixels of the standard frame.
        scores: ``(N,)`` float32 in (0, 1].
    """

    looked_at: npt.NDArray[np.int64]
    frame_index: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    @classmethod
    def from_clips(cls, clips: Iterable[tuple[int, ClipDetections]], confidence: float) -> Self:
        """Put the clips of a video together.

        Args:
            clips: For each clip, in order: index of its first frame in the video, and its detections. Clips may
                overlap, but no frame of the video is looked at twice.
            confidence: Least score of a detection that is taken.
        """
        parts = list(clips)
        no_frames, no_boxes, no_scores = np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        looked_at = np.concatenate([no_frames, *(start + found.looked_at for start, found in parts)])
        frames = np.concatenate([no_frames, *(start + found.frame_index for start, found in parts)])
        boxes_xyxy = np.concatenate([no_boxes, *(found.boxes_xyxy for _, found in parts)])
        scores = np.concatenate([no_scores, *(found.scores for _, found in parts)])
        order = np.lexsort((scores, *boxes_xyxy.T, frames))
        order = order[scores[order] >= confidence]
        return cls(looked_at, frames[order], boxes_xyxy[order], scores[order])

    def __len__(self) -> int:
        return len(self.frame_index)

    def split(self, cuts: Sequence[int]) -> list[Self]:
        """The detections before the first of these frames, from there to the next, and so on.

        Args:
            cuts: Frames of the video, increasing.
        """
        frames = np.searchsorted(self.looked_at, cuts)
        rows = np.searchsorted(self.frame_index, cuts)
        columns = (
            np.split(self.looked_at, frames),
            *(np.split(column, rows) for column in (self.frame_index, self.boxes_xyxy, self.scores)),
        )
        return [type(self)(*part) for part in zip(*columns, strict=True)]

    def rows_of_frames(self) -> list[slice]:
        """The rows of each frame that was looked at."""
        begins = np.searchsorted(self.frame_index, self.looked_at)
        ends = np.searchsorted(self.frame_index, self.looked_at, side="right")
        return [slice(begin, end) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def clip_fingerprint(clip_path: Path, looked_at: npt.NDArray[np.int32], detector_fingerprint: str) -> str:
    """SHA-256 over all that the detections of a clip depend on: its bytes, the frames looked at, the detector."""
    with clip_path.open("rb") as clip:
        content = hashlib.file_digest(clip, "sha256").hexdigest()
    frames = hashlib.sha256(looked_at.astype("<i4").tobytes()).hexdigest()
    return hashlib.sha256(f"{content} {frames} {detector_fingerprint}".encode()).hexdigest()
