"""The COCO file, with the attributes that let CVAT make tracks of boxes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from videoprep_nb.exports.labels import TRACK_ID
from videoprep_nb.exports.written_boxes import written_xywh


@dataclass(frozen=True)
class CocoImage:
    """An image.

    Args:
        name: Its file name.
        width: Width in pixels.
        height: Height in pixels.
    """

    name: str
    width: int
    height: int


@dataclass(frozen=True)
class CocoBox:
    """A box.

    Args:
        image: Number of its image, from 1 on.
        category: Number of its label, from 1 on.
        box_xyxy: x1, y1, x2, y2 in pixels.
        track_id: The person.
        attributes: What else is said about it.
    """

    image: int
    category: int
    box_xyxy: Sequence[float]
    track_id: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def write_coco(path: Path, labels: Iterable[str], images: Iterable[CocoImage], boxes: Iterable[CocoBox]) -> None:
    """Write the file.

    Args:
        path: The file to write.
        labels: Names of the labels, in the order of their numbers.
        images: The images, likewise.
        boxes: The boxes.
    """
    content = {
        "info": {},
        "licenses": [],
        "categories": [
            {"id": number, "name": label, "supercategory": ""} for number, label in enumerate(labels, start=1)
        ],
        "images": [
            {"id": number, "file_name": image.name, "width": image.width, "height": image.height}
            for number, image in enumerate(images, start=1)
        ],
        "annotations": [_annotation(number, box) for number, box in enumerate(boxes, start=1)],
    }
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)


def _annotation(number: int, box: CocoBox) -> dict[str, Any]:
    [(x, y, width, height)] = written_xywh([box.box_xyxy]).tolist()
    tracked = {TRACK_ID: box.track_id, "keyframe": True, "occluded": False, "outside": False}
    return {
        "id": number,
        "image_id": box.image,
        "category_id": box.category,
        "bbox": [x, y, width, height],
        "area": round(width * height, 2),
        "iscrowd": 0,
        "segmentation": [],
        "attributes": {**box.attributes, **tracked},
    }
