"""What came back, as COCO and as XML that CVAT imports again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from videoprep_nb.annotations.training_boxes import Plane, TrainingBox
from videoprep_nb.exports.coco_file import CocoBox, CocoImage, write_coco
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.cvat.xml_files import write_images_xml
from videoprep_nb.exports.labels import NOT_LABELLED, Label
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.exports.written_boxes import written_xyxy


def write_coco_annotations(
    path: Path,
    boxes: Sequence[TrainingBox],
    planes: Mapping[str, Plane],
    manifest: Manifest,
    annotated: Set[str],
    labels: Sequence[Label],
) -> None:
    """Write the frames that somebody annotated with their boxes; what was said about a box are its attributes.

    Args:
        path: The file to write.
        boxes: The boxes, in the order of frames.
        planes: Name of a frame → the plane of its boxes.
        manifest: Videos, clips and frames.
        annotated: Names of the frames that somebody annotated.
        labels: What could be chosen.
    """
    images = [
        CocoImage(frame.name, planes[frame.name].width, planes[frame.name].height)
        for clip in manifest.clips
        for frame in clip.frames
        if frame.name in annotated
    ]
    numbers = {image.name: number for number, image in enumerate(images, start=1)}
    names = [label.label for label in labels]
    write_coco(
        path,
        names,
        images,
        (
            CocoBox(numbers[box.frame_name], names.index(box.label) + 1, box.box_xyxy, box.track_id, _said(box))
            for box in boxes
        ),
    )


def write_cvat_annotations(
    folder: Path,
    boxes: Sequence[TrainingBox],
    manifest: Manifest,
    annotated: Set[str],
    labels: Sequence[Label],
) -> None:
    """Write "CVAT for images 1.1" for each clip that somebody annotated, to be imported into its task again.

    Args:
        folder: An empty folder.
        boxes: The boxes, in pixels of the frame.
        manifest: Videos, clips and frames.
        annotated: Names of the frames that somebody annotated.
        labels: What could be chosen.
    """
    boxes_of: dict[str, list[TrainingBox]] = defaultdict(list)
    for box in boxes:
        boxes_of[box.clip_id].append(box)
    untouched = {label.label: dict.fromkeys(label.attributes, NOT_LABELLED) for label in labels}
    for clip in manifest.clips:
        names = tuple(frame.name for frame in clip.frames)
        if annotated.isdisjoint(names):
            continue
        video = manifest.video_of[clip.video_id]
        ranks = {name: rank for rank, name in enumerate(names)}
        tracks = [
            CvatTrack(box.label, box.track_id, {**untouched[box.label], **_said(box)}, [_shape(box, ranks)])
            for box in boxes_of[clip.clip_id]
        ]
        task = CvatTask(clip.clip_id, len(names), video.width, video.height, names, tracks)
        write_images_xml(folder / f"{clip.clip_id}_annotations.xml", task, labels)


def _said(box: TrainingBox) -> dict[str, str]:
    return {action.attribute: action.value for action in box.actions}


def _shape(box: TrainingBox, ranks: Mapping[str, int]) -> CvatShape:
    return CvatShape(ranks[box.frame_name], tuple(written_xyxy([box.box_xyxy])[0].tolist()))
