"""Boxes as training data has them: inside the frame, with the numbers of their actions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from videoprep_nb.annotations.cvat_xml import Box
from videoprep_nb.annotations.people import NamedBox
from videoprep_nb.core.boxes import FloatArray, FrameTransform, clip_to_frame
from videoprep_nb.core.errors import InputError
from videoprep_nb.exports.labels import Action
from videoprep_nb.exports.manifest import Manifest, ManifestVideo


@dataclass(frozen=True)
class Plane:
    """The pixels in which the boxes of a frame are given.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        transform: From pixels of the source to those of the frame, where boxes go back to the source; else None.
    """

    width: int
    height: int
    transform: FrameTransform | None = None


@dataclass(frozen=True)
class TrainingBox:
    """A person on a frame.

    Args:
        clip_id: The clip.
        frame_name: The frame.
        track_id: The person.
        label: Name of the label.
        actions: What was said about the person; empty for a box that nobody has touched.
        box_xyxy: In pixels of the plane.
    """

    clip_id: str
    frame_name: str
    track_id: int
    label: str
    actions: Sequence[Action]
    box_xyxy: Box


@dataclass
class TrainingBoxes:
    """All boxes.

    Args:
        boxes: Those inside the frame.
        outside: Boxes that lie outside the frame altogether, or have no area; they are left out.
        cut: Boxes of which a part lay outside.
    """

    boxes: list[TrainingBox] = field(default_factory=list)
    outside: list[NamedBox] = field(default_factory=list)
    cut: list[NamedBox] = field(default_factory=list)


def planes(manifest: Manifest, *, source_pixels: bool) -> dict[str, Plane]:
    """The plane of each frame, by the name of the frame.

    Args:
        manifest: Videos and their frames.
        source_pixels: True to map boxes back to the frames of the source file.

    Raises:
        InputError: The way back to the source is unknown.
    """
    return {
        frame.name: _plane(video, clip.start_frame + frame.index_in_clip, source_pixels)
        for video in manifest.videos
        for clip in video.clips
        for frame in clip.frames
    }


def _plane(video: ManifestVideo, frame: int, source_pixels: bool) -> Plane:
    if not source_pixels:
        return Plane(video.width, video.height)
    part = video.part_of(frame)
    if part is None:
        raise InputError(
            f"Boxes of video {video.video_id} cannot be mapped to source pixels: the package has no manifest that says "
            "how its frames were made; give the folder of the job as package, or leave out source pixels."
        )
    return Plane(part.source_width, part.source_height, part.transform)


def training_boxes(
    named: Iterable[NamedBox], by_frame: Mapping[str, Plane], actions: Iterable[Action]
) -> TrainingBoxes:
    """Put boxes into their plane and cut them at its edges.

    Args:
        named: The boxes, in pixels of the frame.
        by_frame: The plane of each frame, by its name.
        actions: Everything that can be said.
    """
    action_of = {(action.label, action.attribute, action.value): action for action in actions}
    result = TrainingBoxes()
    for each in named:
        plane = by_frame[each.frame_name]
        box: FloatArray = np.array([each.box.box_xyxy], np.float64)
        if plane.transform is not None:
            box = plane.transform.to_source(box)
        inside = clip_to_frame(box, plane.width, plane.height)
        x1, y1, x2, y2 = inside[0].tolist()
        if x1 >= x2 or y1 >= y2:
            result.outside.append(each)
            continue
        if not np.array_equal(inside, box):
            result.cut.append(each)
        said = [action_of[each.box.label, attribute, value] for attribute, value in each.box.chosen.items()]
        ordered = sorted(said, key=lambda action: action.action_id)
        result.boxes.append(
            TrainingBox(each.clip_id, each.frame_name, each.track_id, each.box.label, ordered, (x1, y1, x2, y2))
        )
    return result
