"""Scores of every clip, from its tracks and small versions of its extracted frames."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord, ClipTable, FrameRecord, FrameTable
from videoprep_nb.media.resize import ResizeResult, source_times_file
from videoprep_nb.selection.appearance import describe_frames, read_small_frames
from videoprep_nb.selection.duplicates import Coverage, DuplicateFinder, covered_cells
from videoprep_nb.selection.records import SelectedClip
from videoprep_nb.tracking.tracks import Tracks

FRAMES_PER_S = 1.0
"""So many frames of a clip are read at most, per second."""
_SPEED_OVER_S = 0.5
"""Persons are faster than the jitter of their boxes over this time, not from frame to frame."""


@dataclass(frozen=True)
class VideoToScore:
    """A video of a job, as the stages before left it.

    Args:
        original_name: File name as the person knows it.
        clips: Its clips, in order.
        frames: Clip id → its extracted frames.
        frames_dir: Holds a folder of JPEGs per clip.
        width: Width of the frames in pixels.
        height: Their height.
        content_xyxy: The part of the frame that is not padding.
        times_s: ``(F,)`` float64, when a player of the source shows each standard frame; None in older videos.
    """

    original_name: str
    clips: Sequence[ClipRecord]
    frames: Mapping[str, Sequence[FrameRecord]]
    frames_dir: Path
    width: int
    height: int
    content_xyxy: Sequence[float]
    times_s: npt.NDArray[np.float64] | None = None

    @classmethod
    def read(cls, video_id: str, *, resized_dir: Path, clips_dir: Path, frames_dir: Path) -> Self:
        """Read the records of the stages before.

        Args:
            video_id: The video.
            resized_dir: Folder written by stage 1.
            clips_dir: Folder written by stage 2.
            frames_dir: Folder written by stage 3.

        Raises:
            InputError: A record is missing or damaged.
        """
        record_file = resized_dir / f"{video_id}.json"
        record = ResizeResult.read(record_file)
        table = FrameTable.read_folder(frames_dir / video_id)
        times_file = source_times_file(record_file)
        return cls(
            original_name=record.original_name,
            clips=ClipTable.read_folder(clips_dir / video_id).clips,
            frames={clip: list(frames) for clip, frames in groupby(table.frames, key=lambda frame: frame.clip_id)},
            frames_dir=frames_dir / video_id,
            width=table.width,
            height=table.height,
            content_xyxy=record.content_xyxy,
            times_s=np.load(times_file, allow_pickle=False) if times_file.exists() else None,
        )

    def recorded_span_s(self, clip: ClipRecord) -> tuple[float, float]:
        """When a player of the source begins and ends to show a clip, in seconds."""
        span = (
            self.times_s[clip.start_frame : clip.start_frame + clip.frame_count] if self.times_s is not None else None
        )
        if span is None or not np.isfinite(span).any():
            return float(clip.start_s), float(clip.start_s + clip.duration_s)
        return float(np.nanmin(span)), float(np.nanmax(span) + 1 / clip.rate)


def score_clips(
    videos: Iterable[VideoToScore],
    tracks_by_clip: Mapping[str, Tracks],
    on_clip_scored: Callable[[], None] = lambda: None,
) -> Iterator[SelectedClip]:
    """Score the clips of a job; none is left out yet.

    Args:
        videos: Its videos, in order.
        tracks_by_clip: Clip id → its tracks on all frames, which count from 0 in the clip.
        on_clip_scored: Called after every clip.

    Raises:
        InputError: A frame cannot be read.
    """
    duplicates = DuplicateFinder()
    for video in videos:
        ids_before: set[int] = set()
        for clip in video.clips:
            tracks = tracks_by_clip.get(clip.clip_id) or Tracks.from_arrays([], [], [], [])
            yield _score(video, clip, tracks, ids_before, duplicates)
            ids_before = set(tracks.track_ids)
            on_clip_scored()


def _score(
    video: VideoToScore, clip: ClipRecord, tracks: Tracks, ids_before: set[int], duplicates: DuplicateFinder
) -> SelectedClip:
    frames = sampled_frames(video.frames.get(clip.clip_id, ()))
    folder = video.frames_dir / clip.clip_id
    seen = describe_frames(read_small_frames((folder / frame.name for frame in frames), video.content_xyxy))
    ids = set(tracks.track_ids)
    coverage = _coverage(tracks, frames, video.width, video.height)
    recorded_start_s, recorded_end_s = video.recorded_span_s(clip)
    return SelectedClip(
        clip_id=clip.clip_id,
        start_s=float(clip.start_s),
        end_s=float(clip.start_s + clip.duration_s),
        frame_count=len(video.frames.get(clip.clip_id, ())),
        recorded_start_s=recorded_start_s,
        recorded_end_s=recorded_end_s,
        person_count=len(ids),
        seconds_by_count=seconds_by_count(tracks, float(clip.rate)),
        new_person_count=len(ids - ids_before),
        motion=mean_speed(tracks, float(clip.rate)),
        frame_motion=seen.frame_motion,
        sharpness=seen.sharpness,
        darkness=seen.darkness,
        duplicate_of=duplicates.find(clip.clip_id, seen.hashes, coverage, len(ids)),
    )


def sampled_frames(frames: Sequence[FrameRecord]) -> list[FrameRecord]:
    """The frames of a clip that are read: at most ``FRAMES_PER_S``, the first one in front."""
    chosen: list[FrameRecord] = []
    for frame in frames:
        if not chosen or frame.time_in_clip_s >= chosen[-1].time_in_clip_s + 0.99 / FRAMES_PER_S:
            chosen.append(frame)
    return chosen


def seconds_by_count(tracks: Tracks, rate: float) -> list[float]:
    """How long there are at least 1, 2, 3, … persons.

    Args:
        tracks: The tracks of a clip on all frames.
        rate: Frames per second.

    Example:
        >>> tracks = Tracks.from_arrays([0, 1, 1], [1, 1, 2], [[0, 0, 9, 9]] * 3, [0.9] * 3)
        >>> seconds_by_count(tracks, 10)
        [0.2, 0.1]
    """
    counts = np.unique(tracks.frame_index, return_counts=True)[1]
    return [float((counts >= least).sum() / rate) for least in range(1, int(counts.max(initial=0)) + 1)]


def mean_speed(tracks: Tracks, rate: float) -> float:
    """Mean speed of the persons of a clip, in heights of their boxes per second.

    Args:
        tracks: The tracks of the clip on all frames.
        rate: Frames per second.

    Example:
        >>> boxes = [[x, 0, x + 40, 100] for x in range(0, 110, 10)]
        >>> tracks = Tracks.from_arrays(range(11), [1] * 11, boxes, [0.9] * 11)
        >>> mean_speed(tracks, 10)
        1.0
    """
    lag = max(1, round(_SPEED_OVER_S * rate))
    ordered = tracks.ordered()
    if not len(ordered):
        return 0.0
    row_length = int(ordered.frame_index.max()) + lag + 1
    keys = ordered.track_id * row_length + ordered.frame_index
    later = np.searchsorted(keys, keys + lag).clip(max=len(keys) - 1)
    pairs = np.flatnonzero(keys[later] == keys + lag)
    if not len(pairs):
        return 0.0
    boxes = ordered.boxes_xyxy
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    distance = np.linalg.norm(middles[later[pairs]] - middles[pairs], axis=1)
    heights = (boxes[pairs, 3] - boxes[pairs, 1]).clip(min=1.0)
    return float((distance / heights).mean() * rate / lag)


def _coverage(tracks: Tracks, frames: Sequence[FrameRecord], width: int, height: int) -> Coverage:
    rows = [
        covered_cells(tracks.boxes_xyxy[tracks.frame_index == frame.index_in_clip], width, height) for frame in frames
    ]
    return np.array(rows, np.uint8)
