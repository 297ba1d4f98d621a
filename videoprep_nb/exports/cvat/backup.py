"""The documents of a project backup of CVAT."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from videoprep_nb.exports.cvat.label_attributes import label_attributes
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.labels import NOT_LABELLED, TRACK_ID, Label
from videoprep_nb.exports.manifest import Manifest

VERSION = "1.0"
_MAX_NAME_CHARACTERS = 256
_JPEG_QUALITY = 95  # of the chunks that CVAT makes for the browser; that of our frames


def project_document(manifest: Manifest, labels: Sequence[Label]) -> dict[str, Any]:
    """``project.json``: name and labels."""
    return {
        "version": VERSION,
        "name": _project_name(manifest),
        "status": "annotation",
        "bug_tracker": "",
        "labels": [_label(label) for label in labels],
    }


def _project_name(manifest: Manifest) -> str:
    names = [video.original_name for video in manifest.videos if video.original_name]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0][: _MAX_NAME_CHARACTERS - len(more)]}{more}" if names else "videoprep"


def _label(label: Label) -> dict[str, Any]:
    attributes = [
        {**asdict(attribute), "values": [*attribute.values], "default_value": attribute.default_value}
        for attribute in label_attributes(label)
    ]
    return {"name": label.label, "attributes": attributes}


def task_document(task: CvatTask, *, is_video: bool) -> dict[str, Any]:
    """``task.json``: media and the one job, which spans the task, because a shorter one would split tracks."""
    return {
        "version": VERSION,
        "name": task.clip_id,
        "status": "annotation",
        "subset": "",
        "labels": [],
        "data": {
            "image_quality": _JPEG_QUALITY,
            "chunk_type": "video" if is_video else "imageset",
            "storage": "local",
            "storage_method": "cache",
            "sorting_method": "lexicographical",
        },
        "jobs": [{"start_frame": 0, "stop_frame": task.frame_count - 1, "status": "annotation"}],
    }


def annotations_document(task: CvatTask) -> list[dict[str, Any]]:
    """``annotations.json``: the tracks of the one job."""
    return [{"tags": [], "shapes": [], "tracks": [_track(track) for track in task.tracks]}]


def _track(track: CvatTrack) -> dict[str, Any]:
    first = [{"name": name, "value": value} for name, value in track.attributes.items()]
    return {
        "frame": track.shapes[0].frame,
        "label": track.label,
        "group": 0,
        "source": "auto",
        "attributes": [{"name": TRACK_ID, "value": str(track.track_id)}],
        # attributes hold until a later shape has others: said once, an annotator's choice is not taken back by the next
        "shapes": [_shape(shape, [] if rank else first) for rank, shape in enumerate(track.shapes)],
    }


def _shape(shape: CvatShape, attributes: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "type": "rectangle",
        "frame": shape.frame,
        "points": list(shape.points),
        "outside": shape.outside,
        "occluded": False,
        "z_order": 0,
        "attributes": attributes,
    }


def guide(labels: Sequence[Label]) -> str:
    """``annotation_guide.md``: what annotators do with the tracks."""
    choices = [
        f"- **{label.label}**, {name}: {', '.join(values[1:])}"
        for label in labels
        for name, values in label.attributes.items()
    ]
    return _GUIDE + ("\n## Labels\n\n" + "\n".join(choices) + "\n" if choices else "")


_GUIDE = f"""# How to annotate

People are tracked already. Draw no boxes; choose what each person does.

1. Click a person and choose a value for every attribute. *{NOT_LABELLED}* means that nobody has decided yet; it is
   never a label.
2. A value holds until the next keyframe of the track. Check it there, too.
3. If a box is wrong, correct it. If two tracks are the same person, merge them.
4. Leave `{TRACK_ID}` as it is: by it your work finds its way back.
"""
