"""COCO."""

from collections.abc import Iterator
from pathlib import Path

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.coco_file import CocoBox, CocoImage, write_coco
from videoprep_nb.exports.labels import LabelOptions, read_labels
from videoprep_nb.exports.result import Result


class CocoExporter(Exporter):
    """The boxes of the people on the extracted frames, with track ids, as one COCO file; CVAT makes tracks of them."""

    name = "coco"
    title = "COCO"
    file_name = "coco.json"
    entry = "annotations/coco.json"
    options_type = LabelOptions
    options: LabelOptions

    def write(self, result: Result, target: Path) -> None:
        """Write the file; frames are named like the JPEGs of the package."""
        labels = (label.label for label in read_labels(self.options.labels))
        write_coco(target, labels, _images(result), _boxes(result))


def _images(result: Result) -> Iterator[CocoImage]:
    for video in result.manifest.videos:
        for clip in video.clips:
            for frame in clip.frames:
                yield CocoImage(frame.name, video.width, video.height)


def _boxes(result: Result) -> Iterator[CocoBox]:
    frames = (boxes for clip in result.proposals.values() for boxes in clip.values())
    for image, boxes in enumerate(frames, start=1):
        yield from (CocoBox(image, 1, box[:4], int(box[5])) for box in boxes)
