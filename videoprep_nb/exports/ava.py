"""The files of AVA, as mmaction2 and PySlowFast read them (docs/formats.md, section 4).

Who writes labels later needs the same videos and seconds: ``place_keyframes`` decides them, and the writers write them.
"""

import csv
import pickle
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import clip_to_frame
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.exports.labels import Action
from videoprep_nb.exports.manifest import Manifest, ManifestClip, ManifestFrame, ManifestVideo

Preset = Literal["mmaction2", "slowfast"]
"""Whose rules are followed where readers differ."""

FloatArray = npt.NDArray[np.float64]
Second = tuple[str, int]
"""Name of a video and a second, as they stand in the files."""

TRAINING_RATE = 30
"""Frames per second that PySlowFast and YOWO take for granted, and mmaction2 by default."""
_SLOWFAST_ZERO = 900
"""The second that they call the start of a video."""
_SLOWFAST_FIRST, _SLOWFAST_LAST = 902, 1798
"""The seconds that they read."""
_SLOWFAST_LEAD = _SLOWFAST_FIRST - _SLOWFAST_ZERO
_SLOWFAST_STEP = _SLOWFAST_LAST - _SLOWFAST_FIRST + 1
"""Keyframes of a part, and seconds from the start of a part to that of the next."""

_SLOWFAST_ACTIONS = 80
"""As many actions as they know."""

_PICKLE_PROTOCOL = 3  # the highest one without frames of bytes, in which a name can be replaced
_NEW_NAME, _OLD_NAME = b"cnumpy._core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\n_reconstruct\n"


@dataclass(frozen=True)
class AvaKeyframe:
    """A keyframe, and where readers look for it.

    Args:
        video: Name of the video in the files: its id, with ``_part_0`` and so on where PySlowFast needs parts.
        second: Second in the files.
        clip_id: Clip of the frame.
        frame_name: Name of its JPEG.
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.
    """

    video: str
    second: int
    clip_id: str
    frame_name: str
    width: int
    height: int


@dataclass(frozen=True)
class AvaVideo:
    """A video that readers open, or a part of one.

    Args:
        name: Its name in the files.
        video_id: The video of the job.
        start_s: Where it starts in the standard video.
        duration_s: Its length.
    """

    name: str
    video_id: str
    start_s: int
    duration_s: Fraction


@dataclass(frozen=True)
class LeftOut:
    """A frame that has no place in AVA's files.

    Args:
        frame_name: Name of its JPEG.
        time_s: Its time in the standard video.
        reason: Why.
    """

    frame_name: str
    time_s: Fraction
    reason: str


@dataclass(frozen=True)
class Placed:
    """Where the frames of a package stand in AVA's files.

    Args:
        videos: The videos and parts, in order.
        keyframes: Name of a JPEG → its place, in the order of the package.
        left_out: The other frames.
    """

    videos: list[AvaVideo]
    keyframes: Mapping[str, AvaKeyframe]
    left_out: list[LeftOut]

    @property
    def seconds(self) -> set[Second]:
        """Video and second of every keyframe."""
        return {(keyframe.video, keyframe.second) for keyframe in self.keyframes.values()}

    def seconds_without_keyframe(self) -> list[Second]:
        """Seconds between the first and the last keyframe of a video that nobody can label."""
        missing: list[Second] = []
        for video in self.videos:
            known = {second for name, second in self.seconds if name == video.name}
            between = range(min(known), max(known) + 1) if known else range(0)
            missing += [(video.name, second) for second in between if second not in known]
        return missing


def place_keyframes(manifest: Manifest, preset: Preset) -> Placed:
    """Decide where every frame of a package stands in AVA's files.

    A keyframe of AVA stands at a whole second; a frame within half a frame of one does, too, so that 29.97 frames per
    second work. PySlowFast reads seconds 902 to 1798 and calls the start of a video 900: the first two seconds are left
    out, and a longer video is split into parts of 900 s, one every 897 s, so that every later keyframe is in one.

    Args:
        manifest: Videos, clips, and the time of every frame.
        preset: Whose rules to follow.
    """
    videos = [part for video in manifest.videos for part in _parts(video, preset)]
    keyframes: dict[str, AvaKeyframe] = {}
    left_out: list[LeftOut] = []
    taken: dict[Second, str] = {}
    for video in manifest.videos:
        parts = [part for part in videos if part.video_id == video.video_id]
        for clip in video.clips:
            for frame in clip.frames:
                time_s = _time_s(clip, frame)
                place = _place(time_s, clip, parts, preset)
                if isinstance(place, tuple) and place in taken:
                    place = f"{taken[place]} shows the same second"
                if isinstance(place, str):
                    left_out.append(LeftOut(frame.name, time_s, place))
                    continue
                taken[place] = frame.name
                keyframes[frame.name] = _keyframe(place, video, clip, frame)
    return Placed(videos, keyframes, left_out)


def _parts(video: ManifestVideo, preset: Preset) -> list[AvaVideo]:
    duration = max((clip.start_s + clip.frame_count / clip.rate for clip in video.clips), default=Fraction(0))
    last_s = max((_time_s(clip, frame) for clip in video.clips for frame in clip.frames), default=Fraction(0))
    count = 1 if preset == "mmaction2" else max(0, round(last_s) - _SLOWFAST_LEAD) // _SLOWFAST_STEP + 1
    if count == 1:
        return [AvaVideo(video.video_id, video.video_id, 0, duration)]
    starts = [_SLOWFAST_STEP * number for number in range(count)]
    longest = Fraction(_SLOWFAST_STEP + _SLOWFAST_LEAD + 1)
    return [
        AvaVideo(f"{video.video_id}_part_{number}", video.video_id, start, min(longest, duration - start))
        for number, start in enumerate(starts)
    ]


def _time_s(clip: ManifestClip, frame: ManifestFrame) -> Fraction:
    """Time of a frame in the standard video."""
    return clip.start_s + Fraction(frame.time_in_clip_s)


def _place(time_s: Fraction, clip: ManifestClip, parts: Sequence[AvaVideo], preset: Preset) -> Second | str:
    """Video and second of a frame, or why it has none."""
    second = round(time_s)
    if abs(time_s - second) >= 1 / (2 * clip.rate):
        return "not at a whole second"
    if preset == "mmaction2":
        return parts[0].name, second
    if second < _SLOWFAST_LEAD:
        return f"in the first {_SLOWFAST_LEAD} seconds, which PySlowFast does not read"
    part = parts[(second - _SLOWFAST_LEAD) // _SLOWFAST_STEP]
    return part.name, second - part.start_s + _SLOWFAST_ZERO


def _keyframe(place: Second, video: ManifestVideo, clip: ManifestClip, frame: ManifestFrame) -> AvaKeyframe:
    name, second = place
    return AvaKeyframe(name, second, clip.clip_id, frame.name, video.width, video.height)


def normalised(boxes_xyxy: npt.ArrayLike, width: int, height: int) -> FloatArray:
    """Boxes in parts of the frame.

    Args:
        boxes_xyxy: ``(N, 4)`` in pixels; what lies outside the frame is cut off.
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.

    Returns:
        ``(N, 4)`` float64 in [0, 1].

    Example:
        >>> normalised([[0, 18, 32, 99]], 64, 36).tolist()
        [[0.0, 0.5, 0.5, 1.0]]
    """
    boxes = clip_to_frame(np.asarray(boxes_xyxy, np.float64).reshape(-1, 4), width, height)
    return np.asarray(boxes / np.array([width, height, width, height]), np.float64)


@dataclass(frozen=True)
class AvaRow:
    """A label: a line of AVA's CSV.

    Args:
        video: Name of the video in the files.
        second: Second in the files.
        box_xyxyn: x1, y1, x2, y2 in [0, 1].
        action_id: From 1 on.
        entity_id: The person.
    """

    video: str
    second: int
    box_xyxyn: Sequence[float]
    action_id: int
    entity_id: int


def write_rows(path: Path, rows: Iterable[AvaRow]) -> None:
    """Write labels as AVA's CSV, in the order given: no header, boxes to a millionth of the frame."""
    lines = ((row.video, f"{row.second:04d}", *_box(row.box_xyxyn), row.action_id, row.entity_id) for row in rows)
    _write_csv(path, lines)


def write_predicted_boxes(path: Path, boxes: Mapping[Second, FloatArray]) -> None:
    """Write the CSV of predicted boxes that PySlowFast reads in place of a pickle: no action, then the score.

    Args:
        path: The file to write.
        boxes: Video and second → ``(N, 5)`` x1 y1 x2 y2 score, in [0, 1].
    """
    lines = (
        (video, f"{second:04d}", *_box(box), "", f"{box[4]:.6f}")
        for (video, second), rows in boxes.items()
        for box in rows
    )
    _write_csv(path, lines)


def write_excluded(path: Path, seconds: Iterable[Second]) -> None:
    """Write the seconds that shall neither train nor be evaluated."""
    _write_csv(path, ((video, f"{second:04d}") for video, second in seconds))


def write_proposals(path: Path, boxes: Mapping[Second, FloatArray]) -> None:
    """Write the pickle of proposals that mmaction2 reads.

    It holds numpy arrays, as mmaction2 expects. Seconds without people are left out: an empty array is an error there.
    numpy 1 and 2 read it, although they name the function that makes an array differently.

    Args:
        path: The file to write.
        boxes: Video and second → ``(N, 5)`` x1 y1 x2 y2 score, in [0, 1].
    """
    proposals = {
        f"{video},{second:04d}": np.ascontiguousarray(rows, np.float64)
        for (video, second), rows in boxes.items()
        if len(rows)
    }
    pickled = pickle.dumps(proposals, protocol=_PICKLE_PROTOCOL)
    path.write_bytes(pickled.replace(_NEW_NAME, _OLD_NAME, 1))  # it stands there once, before the first array


def check_action_count(actions: Collection[Action], preset: Preset) -> None:
    """Check that readers can train with so many actions.

    Raises:
        ParameterError: There are too many; its field is ``labels``.
    """
    if preset == "slowfast" and len(actions) > _SLOWFAST_ACTIONS:
        raise ParameterError(
            "labels",
            f"got {len(actions)} actions, expected at most {_SLOWFAST_ACTIONS} for slowfast; give fewer values, or "
            "take the preset mmaction2",
        )


def write_action_list(path: Path, actions: Iterable[Action]) -> None:
    """Write the names and numbers of actions in protobuf's text form.

    Readers of this file look for quotes and not for escapes: a double quote in a name becomes a single one.
    """
    items = (f'item {{\n  name: "{_plain(action.name)}"\n  id: {action.action_id}\n}}\n' for action in actions)
    path.write_text("".join(items), encoding="utf-8")


def frame_path(video: str, number: int, preset: Preset) -> str:
    """Where a training frame lies in the folder of frames.

    Args:
        video: Name of the video in the files.
        number: Number of the frame, from 1 on.
        preset: Whose names to use.

    Example:
        >>> frame_path("1", 7, "mmaction2"), frame_path("1", 7, "slowfast")
        ('1/img_00007.jpg', '1/1_000007.jpg')
    """
    return f"{video}/img_{number:05d}.jpg" if preset == "mmaction2" else f"{video}/{video}_{number:06d}.jpg"


def write_frame_list(path: Path, videos: Iterable[AvaVideo]) -> None:
    """Write the list of frames that PySlowFast reads, 30 a second."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("original_vido_id video_id frame_id path labels\n")  # the misspelt word is the format's
        for number, video in enumerate(videos):
            for frame in range(int(video.duration_s * TRAINING_RATE)):
                file.write(f'{video.name} {number} {frame} {frame_path(video.name, frame + 1, "slowfast")} ""\n')


def _box(box: Sequence[float] | FloatArray) -> list[str]:
    return [f"{value:.6f}" for value in box[:4]]


def _plain(name: str) -> str:
    return " ".join(name.replace('"', "'").replace("\\", "/").split())


def _write_csv(path: Path, lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
