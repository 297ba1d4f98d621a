"""COCO."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.labels import TRACK_ID, LabelOptions, read_labels
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.written_boxes import written_xywh


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
        labels = read_labels(self.options.labels)
        images = list(_images(result))
        content = {
            "info": {},
            "licenses": [],
            "categories": [
                {"id": number, "name": label.label, "supercategory": ""} for number, label in enumerate(labels, start=1)
            ],
            "images": images,
            "annotations": list(_annotations(result)),
        }
        with target.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)


def _images(result: Result) -> Iterator[dict[str, Any]]:
    number = 0
    for video in result.manifest.videos:
        for clip in video.clips:
            for frame in clip.frames:
                number += 1
                yield {"id": number, "file_name": frame.name, "width": video.width, "height": video.height}


def _annotations(result: Result) -> Iterator[dict[str, Any]]:
    """Boxes in the order of frames; ``attributes`` are what CVAT reads tracks from."""
    number = 0
    frames = (boxes for clip in result.proposals.values() for boxes in clip.values())
    for image, boxes in enumerate(frames, start=1):
        for proposal, (x, y, width, height) in zip(boxes, written_xywh([b[:4] for b in boxes]).tolist(), strict=True):
            number += 1
            yield {
                "id": number,
                "image_id": image,
                "category_id": 1,
                "bbox": [x, y, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
                "segmentation": [],
                "attributes": {TRACK_ID: int(proposal[5]), "keyframe": True, "occluded": False, "outside": False},
            }
