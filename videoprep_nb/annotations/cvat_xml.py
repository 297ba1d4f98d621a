"""Reading "CVAT for images 1.1" and "CVAT for video 1.1" as they are written; nothing is joined or interpolated yet."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import TreeBuilder  # builds trees and parses nothing

from videoprep_nb.annotations.export_files import XmlFile
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.text import quoted

Element = Any
"""An element of the tree; the library that makes it safe has no types."""

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the frame."""

_VERSION = "1.1"
_CHUNK_BYTES = 1 << 16
_CHOICES = ("select", "radio")
_NOT_SHAPES = ("attribute", "box", "tag")


@dataclass(frozen=True)
class CvatAttribute:
    """An attribute of a label.

    Args:
        name: Its name.
        values: What can be chosen; for other kinds of input, what CVAT keeps in their place.
        default: What a box carries that nobody has touched.
        is_choice: True where one of the values is chosen.
    """

    name: str
    values: tuple[str, ...]
    default: str
    is_choice: bool


@dataclass(frozen=True)
class CvatTask:
    """A task.

    Args:
        task_id: Its number on the server, as text; empty if the file does not say.
        name: Its name; empty for the export of a job.
        annotator: Name of who it is assigned to, else of its owner; empty if the file does not say.
        size: Its frames; None if the file does not say.
        is_video: True for a task made of a video, False for images, None if the file does not say.
        source: File name of a video; empty for images.
        first_frame: What is to be subtracted from the frames of its tracks: the frames of the tasks before it.
    """

    task_id: str
    name: str
    annotator: str = ""
    size: int | None = None
    is_video: bool | None = None
    source: str = ""
    first_frame: int = 0


@dataclass(frozen=True, slots=True)
class CvatShape:
    """A box.

    Args:
        frame: Frame as the file counts it; 0 within an image.
        label: Name of its label.
        box_xyxy: In pixels of the frame; around the box where that is rotated.
        attributes: Name → value.
        outside: True where the person is not to be seen.
        keyframe: True for what somebody set, False for what was interpolated.
    """

    frame: int
    label: str
    box_xyxy: Box
    attributes: Mapping[str, str]
    outside: bool = False
    keyframe: bool = True


@dataclass(frozen=True)
class CvatImage:
    """An image with its boxes.

    Args:
        name: Its name, with or without folders.
        frame: Its number as the file counts.
        task_id: Its task; empty if the file does not say.
        width: Width in pixels; None if the file does not say.
        height: Height in pixels; None if the file does not say.
        shapes: Its boxes.
    """

    name: str
    frame: int
    task_id: str
    width: int | None
    height: int | None
    shapes: list[CvatShape]


@dataclass(frozen=True)
class CvatTrack:
    """A track.

    Args:
        number: Its number in the file.
        task_id: Its task; empty if the file does not say.
        shapes: Its boxes in the order of frames.
    """

    number: str
    task_id: str
    shapes: list[CvatShape]


@dataclass
class CvatDocument:
    """What one XML file says.

    Args:
        name: What people call the file.
        labels: Label → its attributes; empty when the file does not say.
        tasks: The tasks, in the order in which frames are counted.
        images: Images, in the form for images.
        tracks: Tracks, in the form for video.
        other_shapes: Shapes that are not boxes.
    """

    name: str
    labels: dict[str, list[CvatAttribute]] = field(default_factory=dict)
    tasks: list[CvatTask] = field(default_factory=list)
    images: list[CvatImage] = field(default_factory=list)
    tracks: list[CvatTrack] = field(default_factory=list)
    other_shapes: int = 0

    @property
    def is_dense(self) -> bool:
        """True if tracks list the boxes between keyframes, as CVAT's exports do."""
        return any(not shape.keyframe for track in self.tracks for shape in track.shapes)


def read_document(file: XmlFile) -> CvatDocument:
    """Read a file element by element; memory grows with the boxes only.

    Args:
        file: The file.

    Raises:
        InputError: It is not well-formed, has a document type or entities, is no export of CVAT, or a value in it makes
            no sense.
    """
    document = CvatDocument(file.name)
    has_meta = False
    for element in _children(file):
        if element.tag == "meta":
            has_meta = True
            _read_meta(document, element)
        elif element.tag == "image":
            document.images.append(_image(document, element))
        elif element.tag == "track":
            document.tracks.append(_track(document, element))
        elif element.tag == "version" and _text(element) != _VERSION:
            raise InputError(f"{file.name} has version {quoted(_text(element))} of CVAT's XML, expected {_VERSION}.")
    if not (has_meta or document.images or document.tracks):
        raise InputError(f"{file.name} holds no images and no tracks; export as CVAT for images 1.1 or for video 1.1.")
    return document


def _children(file: XmlFile) -> Iterator[Element]:
    """The children of the root, each whole and then forgotten."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    collector = _Collector(file.name)
    parser = XMLParser(target=collector, forbid_dtd=True)
    try:
        while content := file.read(_CHUNK_BYTES):
            parser.feed(content)
            yield from collector.take()
        parser.close()
    except DefusedXmlException:
        raise InputError(
            f"{file.name} is refused: it declares a document type or entities, which exports of CVAT never do."
        ) from None
    except (ParseError, LookupError, UnicodeError) as error:
        raise InputError(f"{file.name} is not well-formed XML: {error}.") from None


class _Collector:
    """What a parser reports, as one small tree per child of the root."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = 0
        self._tree = TreeBuilder()
        self._children: list[Element] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth == 1 and tag != "annotations":
            raise InputError(f"{self._name} is not an export of CVAT: got <{tag[:60]}>, expected <annotations>.")
        if self._depth > 1:
            self._tree.start(tag, attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._depth > 1:
            self._tree.end(tag)
        if self._depth == 2:
            self._children.append(self._tree.close())
            self._tree = TreeBuilder()
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text in an element."""
        if self._depth > 1:
            self._tree.data(text)

    def close(self) -> None:
        """The document ends."""

    def take(self) -> list[Element]:
        """The children that are complete since the last call."""
        taken, self._children = self._children, []
        return taken


def _read_meta(document: CvatDocument, meta: Element) -> None:
    for label in meta.iter("label"):
        document.labels[_text(label.find("name"))] = [_attribute(each) for each in label.iter("attribute")]
    project = meta.find("project")
    elements = list(meta.iter("task")) or list(meta.findall("job"))
    if project is not None and len(elements) > 1 and not all(_text(element.find("size")) for element in elements):
        raise InputError(f"{document.name} does not say how many frames each task has (<size>); export it again.")
    source = _text(meta.find("source"))
    first_frame, subset = 0, None
    for element in elements:
        if project is not None and _text(element.find("subset")) != subset:
            subset, first_frame = _text(element.find("subset")), 0  # each subset of a project is counted from 0
        task = _task(document.name, element, source, first_frame)
        document.tasks.append(task)
        if project is not None:
            start, step = _integer(document.name, element, "start_frame") or 0, _step(element)
            first_frame += start + step * (task.size or 0)


def _attribute(element: Element) -> CvatAttribute:
    values = tuple(value.strip() for value in (element.findtext("values") or "").split("\n") if value.strip())
    default = _text(element.find("default_value")) or (values[0] if values else "")
    return CvatAttribute(_text(element.find("name")), values, default, _text(element.find("input_type")) in _CHOICES)


def _task(name: str, element: Element, source: str, first_frame: int) -> CvatTask:
    people = (_text(element.find(f"{role}/username")) for role in ("assignee", "owner"))
    own_source = _text(element.find("source")) or source
    mode = _text(element.find("mode"))
    return CvatTask(
        task_id=_text(element.find("id")),
        name=_text(element.find("name")),
        annotator=next((person for person in people if person), ""),
        size=_integer(name, element, "size"),
        is_video={"interpolation": True, "annotation": False}.get(mode, True if own_source else None),
        source=own_source,
        first_frame=first_frame,
    )


def _step(task: Element) -> int:
    step = _text(task.find("frame_filter")).removeprefix("step=")
    return int(step) if step.isdecimal() and int(step) else 1


def _image(document: CvatDocument, element: Element) -> CvatImage:
    name = element.get("name", "")
    place = f"the image {quoted(name)}"
    if not name:
        raise InputError(f"{document.name} has an image without a name.")
    boxes = []
    for shape in element:
        if shape.tag == "box":
            attributes = _attributes(shape)
            boxes.append(CvatShape(0, shape.get("label", ""), _box(document.name, place, shape), attributes))
        elif shape.tag not in _NOT_SHAPES:
            document.other_shapes += 1
    return CvatImage(
        name=name,
        frame=_whole(document.name, place, element, "id", default="0"),
        task_id=element.get("task_id", ""),
        width=_whole(document.name, place, element, "width") if element.get("width") else None,
        height=_whole(document.name, place, element, "height") if element.get("height") else None,
        shapes=boxes,
    )


def _track(document: CvatDocument, element: Element) -> CvatTrack:
    number, label = element.get("id", ""), element.get("label", "")
    shapes: list[CvatShape] = []
    attributes: Mapping[str, str] = {}
    for shape in element:
        if shape.tag != "box":
            document.other_shapes += shape.tag not in _NOT_SHAPES
            continue
        place = f"a box of track {number}"
        said = _attributes(shape)
        attributes = attributes if said == attributes else said  # thousands of boxes share one
        frame = _whole(document.name, place, shape, "frame")
        box = _box(document.name, f"{place} on frame {frame}", shape)
        shapes.append(
            CvatShape(frame, label, box, attributes, shape.get("outside") == "1", shape.get("keyframe", "1") == "1")
        )
    shapes.sort(key=lambda each: each.frame)
    for before, after in pairwise(shapes):
        if before.frame == after.frame:
            raise InputError(f"{document.name}: track {number} has two boxes on frame {after.frame}.")
    return CvatTrack(number, element.get("task_id", ""), shapes)


def _attributes(shape: Element) -> dict[str, str]:
    return {each.get("name", ""): _text(each) for each in shape if each.tag == "attribute"}


def _box(name: str, place: str, shape: Element) -> Box:
    x1, y1, x2, y2 = (_number(name, place, shape, corner) for corner in ("xtl", "ytl", "xbr", "ybr"))
    turned = math.radians(_number(name, place, shape, "rotation")) if shape.get("rotation") else 0.0
    if turned:
        centre_x, centre_y = (x1 + x2) / 2, (y1 + y2) / 2
        cosine, sine = abs(math.cos(turned)), abs(math.sin(turned))
        half_width = (cosine * (x2 - x1) + sine * (y2 - y1)) / 2
        half_height = (sine * (x2 - x1) + cosine * (y2 - y1)) / 2
        return centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height
    return x1, y1, x2, y2


def _number(name: str, place: str, element: Element, attribute: str) -> float:
    text = element.get(attribute, "")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{name}: {place} has {attribute}={text[:40]!r}, expected a number.")
    return value


def _whole(name: str, place: str, element: Element, attribute: str, default: str = "") -> int:
    text = element.get(attribute, default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InputError(f"{name}: {place} has {attribute}={text[:40]!r}, expected a whole number.")
    return int(text)


def _integer(name: str, element: Element, tag: str) -> int | None:
    text = _text(element.find(tag))
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InputError(f"{name} has <{tag}>{text[:40]}</{tag}>, expected a whole number.")
    return int(text) if text else None


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
