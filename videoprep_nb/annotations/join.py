"""Joining exports with the frames of a package."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from videoprep_nb.annotations.annotated import AnnotatedBox, AnnotatedClip
from videoprep_nb.annotations.cvat_xml import CvatDocument, CvatImage, CvatShape, CvatTask, CvatTrack
from videoprep_nb.annotations.interpolate import visible_shapes
from videoprep_nb.annotations.labels_of_export import Choices
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.text import plural, quoted
from videoprep_nb.exports.labels import TRACK_ID
from videoprep_nb.exports.manifest import Manifest, ManifestClip

_RENAMED_TWIN = re.compile(r"(?P<name>.+)_\d+(?P<suffix>\.[^.]+)")
"""CVAT adds a number when two tasks of a project have a JPEG of the same name."""
_VIDEO_FRAME = re.compile(r"frame_\d+")


@dataclass
class FrameIndex:
    """The clips of a package, and what finds their frames.

    Args:
        manifest: Videos, clips and frames.
    """

    manifest: Manifest

    @cached_property
    def clips(self) -> Mapping[str, ManifestClip]:
        """Clip id → clip."""
        return {clip.clip_id: clip for clip in self.manifest.clips}

    @cached_property
    def clip_of(self) -> Mapping[str, str]:
        """Name of a frame → its clip."""
        return {frame.name: clip.clip_id for clip in self.manifest.clips for frame in clip.frames}

    def size_of(self, clip_id: str) -> tuple[int, int]:
        """Width and height of the frames of a clip."""
        video = self.manifest.video_of[self.clips[clip_id].video_id]
        return video.width, video.height


@dataclass(frozen=True)
class _TaskFrames:
    """The frames of a task.

    Args:
        task: The task.
        clip_id: Its clip.
        names: Number of a frame as the file counts → its name, for the extracted frames.
        end: The number after that of the last frame.
    """

    task: CvatTask
    clip_id: str
    names: Mapping[int, str]
    end: int


def join(document: CvatDocument, choices: Choices, index: FrameIndex) -> list[AnnotatedClip]:
    """Find the frame of every box: by the name of the JPEG, else by task and number.

    Args:
        document: The export.
        choices: What annotators could choose from.
        index: The frames of the package.

    Returns:
        What each task says about each clip.

    Raises:
        InputError: A clip or a frame is unknown, or a box is not what it can be.
    """
    joiner = _Joiner(document, choices, index)
    for image in document.images:
        joiner.add_image(image)
    if not document.images:
        for task in document.tasks:  # a clip on which nobody is left is covered all the same
            joiner.boxes_of(joiner.frames_of(task))
    for track in document.tracks:
        joiner.add_track(track)
    for clip in joiner.clips.values():
        _check_ids_differ(clip)
    return joiner.named_clips()


class _Joiner:
    """Joins one document; ``clips`` holds what was joined, by task and clip."""

    def __init__(self, document: CvatDocument, choices: Choices, index: FrameIndex) -> None:
        self.clips: dict[tuple[str, str], AnnotatedClip] = {}
        self._document = document
        self._choices = choices
        self._index = index
        self._tasks = {task.task_id: task for task in document.tasks}
        self._frames: dict[str, _TaskFrames] = {}

    def add_image(self, image: CvatImage) -> None:
        """Add the boxes of an image."""
        name = self._frame_name(image)
        if name is None:
            return
        clip_id = self._index.clip_of[name]
        expected, got = self._index.size_of(clip_id), (image.width, image.height)
        if None not in got and got != expected:
            raise InputError(
                f"{self._document.name}: {name} has {got[0]}×{got[1]} pixels, expected {expected[0]}×{expected[1]}; "
                "is it the export of another package?"
            )
        frames = self._clip(self._task(image.task_id), image.task_id, clip_id).frames
        if name in frames:
            raise InputError(f"{self._document.name} holds {name} twice.")
        frames[name] = [
            self._annotated(shape, f"image {name}, box {number}", f"{name}, box {number}")
            for number, shape in enumerate(image.shapes, start=1)
        ]

    def add_track(self, track: CvatTrack) -> None:
        """Add the boxes of a track."""
        where = f"track {track.number}"
        task = self._task(track.task_id)
        if task is None:
            raise InputError(f"{self._document.name}, {where}: there is no task {quoted(track.task_id)}.")
        frames = self.frames_of(task)
        for shape in (*track.shapes[:1], *track.shapes[-1:]):
            # an outside box may close the track behind the last frame
            if not task.first_frame <= shape.frame < frames.end + shape.outside:
                got, count = shape.frame - task.first_frame, plural(frames.end - task.first_frame, "frame")
                raise InputError(
                    f"{self._document.name}, {where} has a box on frame {got}, but {frames.clip_id} has {count}."
                )
        ids = {shape.attributes[TRACK_ID] for shape in track.shapes if shape.attributes.get(TRACK_ID)}
        if len(ids) > 1:
            raise InputError(
                f"{self._document.name}, {where} has the track ids {', '.join(sorted(ids)[:5])}, expected one."
            )
        boxes = self.boxes_of(frames)
        for shape in visible_shapes(track.shapes, frames.names, frames.end, is_dense=self._document.is_dense):
            name = frames.names[shape.frame]
            key = f"task {task.task_id}, {where}"
            boxes[name].append(self._annotated(shape, f"{where}, {name}", key, "".join(ids)))

    def frames_of(self, task: CvatTask) -> _TaskFrames:
        """The frames of a task."""
        if task.task_id not in self._frames:
            self._frames[task.task_id] = self._find_frames(task)
        return self._frames[task.task_id]

    def boxes_of(self, frames: _TaskFrames) -> dict[str, list[AnnotatedBox]]:
        """The boxes on the frames of a task, which it covers all."""
        boxes = self._clip(frames.task, frames.task.task_id, frames.clip_id).frames
        for name in frames.names.values():
            boxes.setdefault(name, [])
        return boxes

    def named_clips(self) -> list[AnnotatedClip]:
        """The clips; where two tasks of nobody in particular hold the same one, with the numbers of the tasks."""
        shared = Counter((clip.source, clip.clip_id) for clip in self.clips.values())
        return [
            replace(clip, source=f"{clip.source}, task {task_id}") if shared[clip.source, clip_id] > 1 else clip
            for (task_id, clip_id), clip in self.clips.items()
        ]

    def _clip(self, task: CvatTask | None, task_id: str, clip_id: str) -> AnnotatedClip:
        if (task_id, clip_id) not in self.clips:
            who = f" ({task.annotator})" if task and task.annotator else ""
            self.clips[task_id, clip_id] = AnnotatedClip(self._document.name + who, clip_id, {})
        return self.clips[task_id, clip_id]

    def _task(self, task_id: str) -> CvatTask | None:
        """The task that is named; without a name, the only one."""
        only = self._document.tasks[0] if len(self._document.tasks) == 1 else None
        return self._tasks.get(task_id) or only

    def _frame_name(self, image: CvatImage) -> str | None:
        """The frame of an image; None for a frame of a whole clip that was not extracted."""
        name = PurePosixPath(image.name.replace("\\", "/")).name
        if name in self._index.clip_of:
            return name
        twin = _RENAMED_TWIN.fullmatch(name)
        if twin and twin["name"] + twin["suffix"] in self._index.clip_of:
            return twin["name"] + twin["suffix"]
        task = self._task(image.task_id)
        if task and _VIDEO_FRAME.fullmatch(PurePosixPath(name).stem):
            return self.frames_of(task).names.get(image.frame)
        raise InputError(f"{self._document.name}: the image {quoted(image.name)} is not a frame of the package.")

    def _find_frames(self, task: CvatTask) -> _TaskFrames:
        clip = self._find_clip(task)
        if self._is_whole_clip(task, clip):
            names = {task.first_frame + frame.index_in_clip: frame.name for frame in clip.frames}
            return _TaskFrames(task, clip.clip_id, names, task.first_frame + clip.frame_count)
        names = dict(enumerate((frame.name for frame in clip.frames), start=task.first_frame))
        return _TaskFrames(task, clip.clip_id, names, task.first_frame + len(clip.frames))

    def _find_clip(self, task: CvatTask) -> ManifestClip:
        for name in (task.name, task.source):
            for candidate in (name, PurePosixPath(name).stem):
                if candidate in self._index.clips:
                    return self._index.clips[candidate]
        if not task.name:
            raise InputError(f"{self._document.name} is the export of a job, which names no clip; export its task.")
        name = quoted(task.name)
        raise InputError(f"{self._document.name}: the task {name} is not named like a clip of the package.")

    def _is_whole_clip(self, task: CvatTask, clip: ManifestClip) -> bool:
        """Whether a task was made of the video file of a clip, and not of its extracted frames."""
        if task.size is None:
            return bool(task.is_video)
        if task.size not in (len(clip.frames), clip.frame_count):
            expected = f"{len(clip.frames):,} (the extracted frames)"
            if clip.frame_count != len(clip.frames):
                expected += f" or {clip.frame_count:,} (the whole clip)"
            elif task.is_video:
                expected += "; for tasks made of whole clips give the folder of the job as package"
            raise InputError(
                f"{self._document.name}: the task {task.name} has {plural(task.size, 'frame')}, expected {expected}."
            )
        return task.size == clip.frame_count

    def _annotated(self, shape: CvatShape, where: str, key: str, track_id: str = "") -> AnnotatedBox:
        return AnnotatedBox(
            track_id=_track_id(shape.attributes.get(TRACK_ID) or track_id),
            key=f"{self._document.name}, {key}",
            label=shape.label,
            chosen=self._choices.chosen(shape, f"{self._document.name}, {where}"),
            box_xyxy=shape.box_xyxy,
        )


def _track_id(text: str) -> int | None:
    """The id, None where the attribute was lost or holds something else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 and int(text) > 0 else None


def _check_ids_differ(clip: AnnotatedClip) -> None:
    for name, boxes in clip.frames.items():
        counts = Counter(box.track_id for box in boxes if box.track_id is not None)
        for track_id, count in counts.items():
            if count > 1:
                raise InputError(
                    f"{clip.source}: {count} boxes on {name} have the track_id {track_id}, expected one; correct it in "
                    "CVAT and export again."
                )
