"""The nouns of CVAT: a task has tracks, a track has shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CvatShape:
    """A keyframe of a track.

    Args:
        frame: Zero-based frame of the task.
        points: x1, y1, x2, y2 in pixels, as written.
        outside: The person is gone from this frame on.
    """

    frame: int
    points: tuple[float, ...]
    outside: bool = False


@dataclass(frozen=True)
class CvatTrack:
    """One person in one task.

    Args:
        label: Name of the label.
        track_id: Our id, the same in all clips of a video.
        attributes: What annotators change: name → value that the whole track carries at first.
        shapes: Its keyframes, in the order of frames.
    """

    label: str
    track_id: int
    attributes: Mapping[str, str]
    shapes: Sequence[CvatShape]


@dataclass(frozen=True)
class CvatTask:
    """One clip.

    Args:
        clip_id: Its name.
        frame_count: Frames of the task: the extracted ones, or all frames of the clip.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        frame_names: Names of the JPEGs, in the order of time; empty for a whole clip.
        tracks: The people.
    """

    clip_id: str
    frame_count: int
    width: int
    height: int
    frame_names: tuple[str, ...]
    tracks: Sequence[CvatTrack]
