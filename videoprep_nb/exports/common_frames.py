"""Tracks of one video from two results on the same frames and in the same pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from videoprep_nb.exports.manifest import ManifestVideo
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class SideTiming:
    """How the frames of one standard video lie on those that two results are compared on.

    Args:
        rate: Compared frames per second.
        own_rate: Frames per second of the standard video.
        shift_s: Time in the standard video of the first compared frame, in seconds.
    """

    rate: float
    own_rate: float
    shift_s: float

    def own_s(self, frame: int) -> float:
        """Time of a compared frame in the standard video, in seconds."""
        return frame / self.rate + self.shift_s

    def compared_frame(self, own_frame: float) -> int:
        """The compared frame that is nearest to one of the standard video."""
        return round((own_frame / self.own_rate - self.shift_s) * self.rate)

    def own_frames(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """``(N,)`` the frames of the standard video that are nearest to compared ones ``(N,)``."""
        nearest: npt.NDArray[np.int64] = np.rint((frames / self.rate + self.shift_s) * self.own_rate).astype(np.int64)
        return nearest


def common_timings(left: ManifestVideo, right: ManifestVideo) -> tuple[SideTiming, SideTiming]:
    """The frames on which two results of a video are compared: those of the slower one.

    Args:
        left: The video in one result.
        right: The same video in the other one; it may start elsewhere in the source.
    """
    left_rate, right_rate = (float(video.clips[0].rate) for video in (left, right))
    lag_s = _starts_at_s(right) - _starts_at_s(left)
    left_shift_s, right_shift_s = (lag_s, 0.0) if right_rate < left_rate else (0.0, -lag_s)
    rate = min(left_rate, right_rate)
    return SideTiming(rate, left_rate, left_shift_s), SideTiming(rate, right_rate, right_shift_s)


def on_common_frames(
    videos: Sequence[ManifestVideo], tracks: Sequence[Tracks], timings: Sequence[SideTiming]
) -> tuple[Tracks, Tracks]:
    """The tracks of both sides on the compared frames; in pixels of the source if the sizes differ.

    Args:
        videos: The video in both results.
        tracks: Its tracks in both; frames are those of each standard video.
        timings: What ``common_timings`` found.
    """
    if _geometry(videos[0]) != _geometry(videos[1]):
        tracks = [_in_source(video, of_side) for video, of_side in zip(videos, tracks, strict=True)]
    left, right = (_on_frames(of_side, timing) for of_side, timing in zip(tracks, timings, strict=True))
    return left, right


def _starts_at_s(video: ManifestVideo) -> float:
    """Time in the source of the first frame of the standard video, in seconds."""
    clip = video.clips[0]
    if not clip.frames:
        return 0.0
    first = clip.frames[0]
    return first.time_in_source_s - float((clip.start_frame + first.index_in_clip) / clip.rate)


def _geometry(video: ManifestVideo) -> object:
    return video.width, video.height, video.transform, video.parts


def _in_source(video: ManifestVideo, tracks: Tracks) -> Tracks:
    """Boxes in pixels of the source; where the way there is unknown, as shares of the frame."""
    if video.part_of(0) is None:
        return replace(tracks, boxes_xyxy=tracks.boxes_xyxy / [video.width, video.height, video.width, video.height])
    boxes_xyxy = tracks.boxes_xyxy.copy()
    starts = [part.start_frame for part in video.parts] or [0]
    part_of_row = np.searchsorted(starts, tracks.frame_index, side="right")
    for number in np.unique(part_of_row).tolist():
        part = video.part_of(starts[max(number - 1, 0)])
        assert part is not None
        rows = part_of_row == number
        boxes_xyxy[rows] = part.transform.to_source(boxes_xyxy[rows])
    return replace(tracks, boxes_xyxy=boxes_xyxy)


def _on_frames(tracks: Tracks, timing: SideTiming) -> Tracks:
    if not len(tracks) or (timing.rate == timing.own_rate and not timing.shift_s):
        return tracks
    first, last = (timing.compared_frame(int(frame)) for frame in (tracks.frame_index.min(), tracks.frame_index.max()))
    compared = np.arange(first - 1, last + 2)  # below 0 where the other side starts later
    own, kept = np.unique(timing.own_frames(compared), return_index=True)
    place = np.minimum(np.searchsorted(own, tracks.frame_index), len(own) - 1)
    rows = np.flatnonzero(own[place] == tracks.frame_index)
    return replace(tracks.rows(rows), frame_index=compared[kept][place[rows]])
