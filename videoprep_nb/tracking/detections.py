"""Persons detected in the frames of a clip or video, and their file: what trackers are fed with."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import union_of_boxes
from videoprep_nb.core.layout import file_sha256
from videoprep_nb.tracking.box_table import BoxTable, ColumnType, FrameTable
from videoprep_nb.tracking.cached_arrays import CachedArrays

DETECTION_FLOOR = 0.05
"""Minimum score that is kept. ``confidence`` may be set anywhere above it without detecting again."""


@dataclass(frozen=True)
class FrameDetections(BoxTable):
    """The persons detected in one frame: what a detector gives and a tracker takes.

    Args:
        boxes_xyxy: ``(N, 4)`` float32, x1 y1 x2 y2 in absolute pixels of the standard frame.
        scores: ``(N,)`` float32, confidence in (0, 1].
    """

    columns: ClassVar[Mapping[str, ColumnType]] = {"boxes_xyxy": (np.float32, (4,)), "scores": (np.float32, ())}

    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    @classmethod
    def empty(cls) -> Self:
        """No detections."""
        return cls(**cls.stacked([]))


@dataclass(frozen=True)
class Detections(FrameTable, CachedArrays):
    """The persons detected in a clip or a whole video, one row per box, in the order of frames.

    ``read`` and ``write`` keep them in a file, such as ``<detections_dir>/<video_id>/<clip_id>.npz`` of stage 4.

    Args:
        sampled: ``(K,)`` int64, zero-based indices of the frames whose persons are known, increasing.
        frame_index: ``(N,)`` int64, the frame of each box.
        boxes_xyxy: ``(N, 4)`` float32, x1 y1 x2 y2 in pixels of the standard frame.
        scores: ``(N,)`` float32 in (0, 1], not below ``DETECTION_FLOOR``.
        fingerprint: What they were made from, see ``clip_fingerprint``; empty if that is not known.
        features: ``(N, D)`` float16, what the persons look like; D is 0 if nobody looked.
        describer: What made the features, see ``Describer.fingerprint``; empty for nothing.
        content_xyxy: ``(4,)`` float32, the part of the frame inside black bars, in pixels; ``(0,)`` if nobody looked.
        held: ``(H,)`` int64, those of ``sampled`` that the detector did not see, because nothing had moved; their boxes
            are those of the frames around them, see ``tracking.gate``.
        motion: ``(K,)`` float32, what the gate measured in each frame, 1 opens it; ``(0,)`` if there was no gate.

    Example:
        >>> found = Detections.from_arrays([0, 2], [[10, 20, 50, 120], [12, 20, 52, 120]], [0.9, 0.4])
        >>> found.sampled.tolist(), len(found), len(found.above(0.5))
        ([0, 1, 2], 2, 1)
        >>> found.in_frame(2).boxes_xyxy.tolist()
        [[12.0, 20.0, 52.0, 120.0]]
    """

    columns: ClassVar[Mapping[str, ColumnType]] = {
        "frame_index": (np.int64, ()),
        **FrameDetections.columns,
        "features": (np.float16, (-1,)),
    }

    sampled: npt.NDArray[np.int64]
    frame_index: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    fingerprint: str = ""
    features: npt.NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    describer: str = ""
    content_xyxy: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    held: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    motion: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        if not self.features.size:  # those of no persons, or of persons whom nobody described
            object.__setattr__(self, "features", np.zeros((len(self), self.features.shape[1]), np.float16))

    @classmethod
    def from_arrays(
        cls,
        frame_index: npt.ArrayLike,
        boxes_xyxy: npt.ArrayLike,
        scores: npt.ArrayLike,
        sampled: npt.ArrayLike | None = None,
    ) -> Self:
        """Make detections of rows in any order.

        Args:
            frame_index: ``(N,)`` zero-based frame of each box.
            boxes_xyxy: ``(N, 4)`` x1 y1 x2 y2 in pixels.
            scores: ``(N,)`` in (0, 1].
            sampled: ``(K,)`` frames that the detector saw, increasing; None: all up to the last one with a box.

        Raises:
            ValueError: The arrays do not fit together.
        """
        columns = cls.as_columns({"frame_index": frame_index, "boxes_xyxy": boxes_xyxy, "scores": scores})
        frames = np.arange(columns["frame_index"].max(initial=-1) + 1) if sampled is None else np.asarray(sampled)
        table = cls(sampled=frames.astype(np.int64), **columns)
        if not np.isin(table.frame_index, table.sampled).all():
            raise ValueError("frame_index: got boxes in frames that are not among those sampled")
        return table.rows(np.argsort(table.frame_index, kind="stable"))

    @classmethod
    def from_frames(
        cls, sampled: npt.NDArray[np.integer], frames: Sequence[FrameDetections], fingerprint: str = ""
    ) -> Self:
        """Stack the detections of the frames ``sampled``, without features."""
        indices = sampled.astype(np.int64)
        return cls(
            sampled=indices,
            frame_index=np.repeat(indices, [len(found) for found in frames]),
            fingerprint=fingerprint,
            **FrameDetections.stacked(frames),
        )

    @classmethod
    def from_clips(cls, clips: Iterable[tuple[int, "Detections"]], confidence: float) -> Self:
        """Put the clips of a video together; rows have an order that does not depend on the detector's.

        Args:
            clips: For each clip, in order: index of its first frame in the video, and its detections. Clips may
                overlap, but no frame of the video is sampled twice.
            confidence: Minimum score of a detection that is taken.
        """
        parts = [
            replace(
                found, frame_index=start + found.frame_index, sampled=start + found.sampled, held=start + found.held
            )
            for start, found in clips
        ]
        sampled, held = (
            np.concatenate([np.zeros(0, np.int64), *frames])
            for frames in ([part.sampled for part in parts], [part.held for part in parts])
        )
        content = union_of_boxes([part.content_xyxy for part in parts if len(part.content_xyxy)])
        table = cls(sampled=sampled, content_xyxy=content, held=held, **cls.stacked(parts)).above(confidence)
        return table.rows(np.lexsort((table.scores, *table.boxes_xyxy.T, table.frame_index)))

    def in_frame(self, frame_index: int) -> FrameDetections:
        """The detections of one frame."""
        rows = slice(*np.searchsorted(self.frame_index, [frame_index, frame_index + 1]))
        return FrameDetections(self.boxes_xyxy[rows], self.scores[rows])

    def thinned(self, frames: npt.NDArray[np.int64]) -> Self:
        """What a detector would have found if it had seen only some of the frames."""
        chosen = self.rows(np.isin(self.frame_index, frames))
        held = np.intersect1d(self.held, frames)
        return replace(chosen, sampled=frames, held=held, motion=np.zeros(0, np.float32), fingerprint="")

    def split(self, cuts: Sequence[int]) -> list[Self]:
        """The detections before the first of these frames, from there to the next, and so on.

        Args:
            cuts: Frames of the video, increasing.
        """
        frames = np.split(self.sampled, np.searchsorted(self.sampled, cuts))
        rows = np.split(np.arange(len(self)), np.searchsorted(self.frame_index, cuts))
        return [replace(self.rows(part), sampled=sampled) for sampled, part in zip(frames, rows, strict=True)]

    def rows_of_frames(self) -> list[slice]:
        """The rows of each frame that was sampled."""
        starts = np.searchsorted(self.frame_index, self.sampled)
        ends = np.searchsorted(self.frame_index, self.sampled, side="right")
        return [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def clip_fingerprint(clip_path: Path, sampled: npt.NDArray[np.integer], detector_fingerprint: str) -> str:
    """SHA-256 over all that the detections of a clip depend on: its bytes, the frames sampled, the detector."""
    stats = clip_path.stat()
    content = _content_sha256(clip_path, stats.st_size, stats.st_mtime_ns)
    frames = hashlib.sha256(sampled.astype("<i4").tobytes()).hexdigest()
    return hashlib.sha256(f"{content} {frames} {detector_fingerprint}".encode()).hexdigest()


@lru_cache(maxsize=4096)
def _content_sha256(path: Path, size_bytes: int, changed_ns: int) -> str:
    """Hash of a file, which is read once as long as size and time of change stay."""
    return file_sha256(path)
