"""The XML formats of CVAT, written element by element."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from videoprep_nb.exports.cvat.label_attributes import label_attributes
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.keyframes import DECIMALS
from videoprep_nb.exports.labels import TRACK_ID, Label

VERSION = "1.1"


def write_video_xml(path: Path, task: CvatTask, labels: Sequence[Label]) -> None:
    """Write "CVAT for video 1.1" of one task: its tracks with their keyframes.

    Args:
        path: The file to write.
        task: The task.
        labels: What the task offers.
    """
    with _annotations(path, task, labels, mode="interpolation") as xml:
        for track in task.tracks:
            with xml.element("track", id=track.track_id, label=track.label, source="auto"):
                for shape in track.shapes:
                    state = {"frame": shape.frame, "outside": int(shape.outside), "occluded": 0, "keyframe": 1}
                    xml.box(track, shape, **state)


def write_images_xml(path: Path, task: CvatTask, labels: Sequence[Label]) -> None:
    """Write "CVAT for images 1.1" of one task: the boxes of every frame, by the name of its JPEG.

    Args:
        path: The file to write.
        task: A task of extracted frames, with every box a keyframe.
        labels: What the task offers.
    """
    boxes: dict[int, list[tuple[CvatTrack, CvatShape]]] = defaultdict(list)
    for track in task.tracks:
        for shape in track.shapes:
            if not shape.outside:
                boxes[shape.frame].append((track, shape))
    with _annotations(path, task, labels, mode="annotation") as xml:
        for rank, name in enumerate(task.frame_names):
            with xml.element("image", id=rank, name=name, width=task.width, height=task.height):
                for track, shape in boxes[rank]:
                    xml.box(track, shape, label=track.label, source="auto", occluded=0)


class _Xml:
    """An XML file that grows; an element that holds others begins on a line of its own."""

    def __init__(self, generator: XMLGenerator) -> None:
        self._generator = generator

    @contextmanager
    def element(self, tag: str, **attributes: object) -> Iterator[None]:
        """An element around what is written in the block."""
        self._generator.startElement(tag, AttributesImpl({name: str(value) for name, value in attributes.items()}))
        self._generator.ignorableWhitespace("\n")
        yield
        self._generator.endElement(tag)
        self._generator.ignorableWhitespace("\n")

    def text(self, tag: str, text: object, **attributes: str) -> None:
        """An element that holds a text."""
        self._generator.startElement(tag, AttributesImpl(attributes))
        self._generator.characters(str(text))
        self._generator.endElement(tag)
        self._generator.ignorableWhitespace("\n")

    def box(self, track: CvatTrack, shape: CvatShape, **attributes: object) -> None:
        """A box of a track, with our id and what annotators change."""
        corners = zip(("xtl", "ytl", "xbr", "ybr"), shape.points, strict=True)
        points = {name: f"{value:.{DECIMALS}f}" for name, value in corners}
        with self.element("box", **attributes, **points, z_order=0):
            for name, value in {TRACK_ID: track.track_id, **track.attributes}.items():
                self.text("attribute", value, name=name)


@contextmanager
def _annotations(path: Path, task: CvatTask, labels: Sequence[Label], *, mode: str) -> Iterator[_Xml]:
    """The root of a file with what it says about its task."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        generator = XMLGenerator(file, "utf-8", short_empty_elements=True)
        generator.startDocument()
        xml = _Xml(generator)
        with xml.element("annotations"):
            xml.text("version", VERSION)
            with xml.element("meta"), xml.element("task"):
                _describe_task(xml, task, labels, mode)
            yield xml


def _describe_task(xml: _Xml, task: CvatTask, labels: Sequence[Label], mode: str) -> None:
    xml.text("name", task.clip_id)
    xml.text("size", task.frame_count)
    xml.text("mode", mode)
    xml.text("overlap", 0)
    xml.text("start_frame", 0)
    xml.text("stop_frame", task.frame_count - 1)
    with xml.element("labels"):
        for label in labels:
            with xml.element("label"):
                _describe_label(xml, label)
    with xml.element("original_size"):  # FiftyOne reads no video without it
        xml.text("width", task.width)
        xml.text("height", task.height)


def _describe_label(xml: _Xml, label: Label) -> None:
    xml.text("name", label.label)
    with xml.element("attributes"):
        for attribute in label_attributes(label):
            with xml.element("attribute"):
                xml.text("name", attribute.name)
                xml.text("mutable", attribute.mutable)
                xml.text("input_type", attribute.input_type)
                xml.text("default_value", attribute.default_value)
                xml.text("values", "\n".join(attribute.values))
