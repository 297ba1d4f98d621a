"""Exports of CVAT 2.47, written from its rules and not by the code under test.

Tracks are numbered from 0. Every box between two keyframes is listed with ``keyframe="0"``, a track goes on to the end
of its task unless an outside box ends it, and every box carries all attributes. The export of a project counts frames
on through its tasks.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Attributes = Mapping[str, Sequence[str]]
NOT_LABELLED = "not labelled"
ACTIONS: Attributes = {"action": [NOT_LABELLED, "walk", "sit"], "talking": [NOT_LABELLED, "yes", "no"]}


@dataclass
class Key:
    """A keyframe."""

    frame: int
    box: tuple[float, float, float, float]
    values: Mapping[str, str] = field(default_factory=dict)
    outside: bool = False


@dataclass
class Track:
    """A person of a task; without a track_id one that an annotator drew."""

    track_id: int | None
    keys: list[Key]
    label: str = "person"


@dataclass
class Task:
    """A task, named as the backup names it."""

    name: str
    size: int
    tracks: list[Track]
    mode: str = "annotation"
    annotator: str = ""
    frames: Sequence[str] = ()
    subset: str = ""


def video_xml(
    tasks: Sequence[Task], *, project: bool = False, attributes: Attributes = ACTIONS, dense: bool = True
) -> bytes:
    """CVAT for video 1.1; ``dense=False`` leaves out what CVAT interpolates."""
    root = _root(tasks, project, attributes)
    offset = number = 0
    for task_id, task in enumerate(tasks, start=1):
        for track in task.tracks:
            element = ET.SubElement(root, "track", id=str(number), label=track.label, source="auto")
            if project:
                element.set("task_id", str(task_id))
            number += 1
            for key, is_key in _expanded(track, task.size) if dense else [(key, True) for key in track.keys]:
                flags = {"outside": str(int(key.outside)), "keyframe": str(int(is_key))}
                _box(element, track, key, attributes, frame=str(offset + key.frame), **flags)
        offset += task.size if project else 0
    return _bytes(root)


def images_xml(
    tasks: Sequence[Task], *, project: bool = False, attributes: Attributes = ACTIONS, folder: str = ""
) -> bytes:
    """CVAT for images 1.1; a task names its JPEGs, and outside boxes are not there."""
    root = _root(tasks, project, attributes)
    number = 0
    for task_id, task in enumerate(tasks, start=1):
        for rank, name in enumerate(task.frames):
            image = ET.SubElement(root, "image", id=str(number), name=folder + name, width="64", height="36")
            if project:
                image.set("task_id", str(task_id))
            number += 1
            for track in task.tracks:
                for key, _ in _expanded(track, task.size):
                    if key.frame == rank and not key.outside:
                        _box(image, track, key, attributes, label=track.label)
    return _bytes(root)


def _root(tasks: Sequence[Task], project: bool, attributes: Attributes) -> ET.Element:
    root = ET.Element("annotations")
    _text(root, "version", "1.1")
    meta = ET.SubElement(root, "meta")
    parent = meta
    if project:
        parent = ET.SubElement(meta, "project")
        _text(parent, "name", "a project")
        _labels(parent, attributes, [track.label for task in tasks for track in task.tracks])
        parent = ET.SubElement(parent, "tasks")
    for task_id, task in enumerate(tasks, start=1):
        element = ET.SubElement(parent, "task")
        last = str(task.size - 1)
        values = {"id": str(task_id), "name": task.name, "size": str(task.size), "mode": task.mode}
        for tag, text in {**values, "subset": task.subset, "start_frame": "0", "stop_frame": last}.items():
            _text(element, tag, text)
        if task.annotator:
            _text(ET.SubElement(element, "assignee"), "username", task.annotator)
        if not project:
            _labels(element, attributes, [track.label for track in task.tracks])
    return root


def _labels(parent: ET.Element, attributes: Attributes, used: Sequence[str]) -> None:
    labels = ET.SubElement(parent, "labels")
    for name in dict.fromkeys(["person", *used]):
        label = ET.SubElement(labels, "label")
        _text(label, "name", name)
        found = ET.SubElement(label, "attributes")
        for attribute, values in attributes.items():
            _attribute(found, attribute, "select", "True", values)
        _attribute(found, "track_id", "text", "False", [""])
        _attribute(found, "comment", "text", "True", [""])


def _attribute(parent: ET.Element, name: str, kind: str, mutable: str, values: Sequence[str]) -> None:
    element = ET.SubElement(parent, "attribute")
    _text(element, "name", name)
    _text(element, "mutable", mutable)
    _text(element, "input_type", kind)
    _text(element, "default_value", values[0])
    _text(element, "values", "\n".join(values))


def _expanded(track: Track, size: int) -> list[tuple[Key, bool]]:
    """All boxes of a track as CVAT shows them, and whether each is a keyframe."""
    boxes: list[tuple[Key, bool]] = []
    keys = {key.frame: key for key in track.keys}
    before: Key | None = None
    for frame in range(size):
        if frame in keys:
            before = keys[frame]
            boxes.append((before, True))
        elif before is not None and not before.outside:
            after = next((key for key in track.keys if key.frame > frame), None)
            boxes.append((Key(frame, _on_the_way(before, after, frame), before.values), False))
    return boxes


def _on_the_way(before: Key, after: Key | None, frame: int) -> tuple[float, float, float, float]:
    if after is None or after.outside:
        return before.box
    part = (frame - before.frame) / (after.frame - before.frame)
    x1, y1, x2, y2 = (start + (end - start) * part for start, end in zip(before.box, after.box, strict=True))
    return x1, y1, x2, y2


def _box(parent: ET.Element, track: Track, key: Key, attributes: Attributes, **more: str) -> None:
    corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{value:.2f}" for value in key.box), strict=True))
    box = ET.SubElement(parent, "box", {**more, **corners, "occluded": "0", "z_order": "0"})
    said = {name: key.values.get(name, values[0]) for name, values in attributes.items()}
    track_id = "" if track.track_id is None else str(track.track_id)
    for name, value in {**said, "comment": "", "track_id": track_id}.items():
        ET.SubElement(box, "attribute", name=name).text = value


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)
