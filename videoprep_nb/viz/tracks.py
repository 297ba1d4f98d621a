"""The tracks of one video with its clips, to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images

_MOMENTS = 6
_MOMENTS_OF_NOBODY = 2


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
class VideoTracks:
    """The tracks of a video, or of a part of it.

    Args:
        clips: The clips that were tracked, in order.
        table: The tracks; frames are those of the standard video.
    """

    clips: Sequence[ClipRecord]
    table: Tracks

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
        return self.table.track_ids

    def persons_per_frame(self) -> npt.NDArray[np.int64]:
        """``(end_frame,)`` tracked persons of each frame of the standard video."""
        return np.bincount(self.table.frame_index, minlength=self.end_frame).astype(np.int64)

    def busy_frames(self) -> list[int]:
        """Frames spread over the time with persons, in each part the one with most; any frames if nobody is there."""
        counts = self.persons_per_frame()
        candidates = np.flatnonzero(counts)
        if not len(candidates):
            return images.sampled([clip.start_frame for clip in self.clips], _MOMENTS_OF_NOBODY)
        parts = np.array_split(candidates, min(_MOMENTS, len(candidates)))
        return [int(part[counts[part].argmax()]) for part in parts]

    def longest(self, count: int) -> set[int]:
        """The ids of the tracks with most frames."""
        ids, frame_counts = np.unique(self.table.track_id, return_counts=True)
        return set(ids[np.argsort(-frame_counts, kind="stable")[:count]].tolist())

    def runs(self, shortest_interpolated: int) -> list[Run]:
        """Every stretch of consecutive frames of every track.

        Args:
            shortest_interpolated: Interpolated stretches of fewer frames count as detected, because they are too short
                to be visible in a drawing and, with a frame stride, very many.
        """
        track_id, frame, interpolated = self.table.track_id, self.table.frame_index, self.table.interpolated.copy()
        for start, end in _stretches(track_id, frame, interpolated):
            if interpolated[start] and end - start < shortest_interpolated:
                interpolated[start:end] = False
        return [
            Run(int(track_id[start]), int(frame[start]), int(frame[end - 1]) + 1, bool(interpolated[start]))
            for start, end in _stretches(track_id, frame, interpolated)
        ]


def _stretches(
    track_id: npt.NDArray[np.int64], frame: npt.NDArray[np.int64], interpolated: npt.NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Start and end indices of rows that belong together: one track, frame after frame, detected or interpolated."""
    if not len(frame):
        return []
    breaks = (np.diff(track_id) != 0) | (np.diff(frame) != 1) | (np.diff(interpolated) != 0)
    borders = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(frame)]
    return list(pairwise(borders))
