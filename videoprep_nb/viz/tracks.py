"""The tracks of one video as columns of numbers, to be drawn."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.exports.dense_proposals import read_track_rows
from videoprep_nb.tracking.tracks import TrackTable

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_COLUMNS = 9


@dataclass(frozen=True)
class Run:
    """Consecutive frames of one track.

    Args:
        track_id: The track.
        start_frame: First frame, in the standard video.
        end_frame: The frame after the last one.
        interpolated: True when nobody was detected in them.
    """

    track_id: int
    start_frame: int
    end_frame: int
    interpolated: bool


@dataclass(frozen=True)
class Tracks:
    """All rows of the tracking JSON of one video, clip after clip.

    Args:
        clips: The clips they were found in.
        clip_index: ``(N,)`` int64, index of the clip.
        frame: ``(N,)`` int64, index of the frame in the standard video.
        track_id: ``(N,)`` int64.
        boxes_xyxy: ``(N, 4)`` float64, pixels of the standard frame.
        score: ``(N,)`` float64 in (0, 1].
        interpolated: ``(N,)`` bool.
    """

    clips: list[ClipRecord]
    clip_index: Ints
    frame: Ints
    track_id: Ints
    boxes_xyxy: Floats
    score: Floats
    interpolated: Bools

    @classmethod
    def read(cls, clips_folder: Path, tracks_folder: Path) -> Self:
        """Read the tracks of a video.

        Args:
            clips_folder: The clips of the video and their table.
            tracks_folder: One JSON per clip.

        Raises:
            InputError: A file is missing or is not what its stage writes.
        """
        # a part of a long video has tracks for some of the clips only
        has_tracks = {path.stem for path in tracks_folder.glob("*.json")}
        clips = [clip for clip in ClipTable.read_folder(clips_folder).clips if clip.clip_id in has_tracks]
        columns = [_columns(index, clip, tracks_folder) for index, clip in enumerate(clips)]
        stacked = np.concatenate([np.zeros((0, _COLUMNS)), *columns])
        clip_index, frame, track_id = stacked[:, :3].astype(np.int64).T
        return cls(clips, clip_index, frame, track_id, stacked[:, 3:7], stacked[:, 7], stacked[:, 8] > 0)

    @classmethod
    def of_table(cls, clips: list[ClipRecord], table: TrackTable) -> Self:
        """The rows of a table in the clips of a video; where clips overlap, they count for the first of them.

        Args:
            clips: The clips, in order.
            table: The tracks in their frames.
        """
        ends = [clip.start_frame + clip.frame_count for clip in clips]
        clip_index = np.searchsorted(ends, table.frame_index, side="right").astype(np.int64)
        return cls(
            clips, clip_index, table.frame_index, table.track_id, table.boxes_xyxy, table.scores, table.interpolated
        )

    @cached_property
    def table(self) -> TrackTable:
        """One row per person and frame, also where clips overlap."""
        _, row = np.unique(np.stack([self.track_id, self.frame]), axis=1, return_index=True)
        every = TrackTable(self.frame, self.track_id, self.boxes_xyxy, self.score, self.interpolated)
        return every.rows(row)

    @property
    def rate(self) -> float:
        """Frames per second."""
        return float(self.clips[0].rate)

    @property
    def end_frame(self) -> int:
        """Frames from the beginning of the standard video to the end of the last clip."""
        return max(clip.start_frame + clip.frame_count for clip in self.clips)

    @property
    def track_ids(self) -> list[int]:
        """The ids, in the order of their first frames."""
        ids, first = np.unique(self.track_id, return_index=True)
        return [int(ids[i]) for i in np.lexsort([ids, self.frame[first]])]

    def persons_per_frame(self) -> Ints:
        """``(end_frame,)`` tracked persons of each frame of the standard video."""
        # where clips overlap, a frame is in two of them
        persons = np.unique(np.stack([self.frame, self.track_id]), axis=1)
        return np.bincount(persons[0], minlength=self.end_frame).astype(np.int64)

    def runs(self, shortest_interpolated: int) -> list[Run]:
        """Every stretch of consecutive frames of every track.

        Args:
            shortest_interpolated: Interpolated stretches of fewer frames count as seen, because one could not see
                them in a drawing and, with a frame stride, there are very many.
        """
        rows = np.unique(np.stack([self.track_id, self.frame, self.interpolated]).astype(np.int64), axis=1)
        rows = rows[:, np.append(True, np.diff(rows[:2]).any(axis=0))] if rows.size else rows
        for start, end in _stretches(*rows):
            if rows[2, start] and end - start < shortest_interpolated:
                rows[2, start:end] = 0
        return [
            Run(int(rows[0, start]), int(rows[1, start]), int(rows[1, end - 1]) + 1, bool(rows[2, start]))
            for start, end in _stretches(*rows)
        ]


def _columns(index: int, clip: ClipRecord, tracks_folder: Path) -> Floats:
    rows = [
        (index, clip.start_frame + row["frame_index"], row["track_id"], *row["bbox"], row["score"], row["interpolated"])
        for row in read_track_rows(tracks_folder / f"{clip.clip_id}.json")
    ]
    return np.array(rows, np.float64).reshape(-1, _COLUMNS)


def _stretches(track_id: Ints, frame: Ints, interpolated: Ints) -> list[tuple[int, int]]:
    """Begin and end indices of rows that belong together: one track, frame after frame, seen or interpolated."""
    if not len(frame):
        return []
    breaks = (np.diff(track_id) != 0) | (np.diff(frame) != 1) | (np.diff(interpolated) != 0)
    borders = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(frame)]
    return list(pairwise(borders))
