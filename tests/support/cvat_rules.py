"""How CVAT reads tracks, rebuilt from its rules without our code: what an annotator sees on each frame."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

Box = tuple[float, ...]


class Shape(NamedTuple):
    """A keyframe of a track: on an outside one the person is gone."""

    frame: int
    points: Box
    outside: bool


def visible_boxes(shapes: Iterable[Shape], frame_count: int) -> dict[int, Box]:
    """Frame → box that is shown: linear between keyframes, the last one stays until the end of the task."""
    ordered = sorted(shapes)
    if not ordered:
        return {}
    last = ordered[-1]
    boxes = {}
    for shape, following in pairwise([*ordered, last._replace(frame=frame_count)]):
        if shape.outside:
            continue
        steps = following.frame - shape.frame
        for step in range(steps):
            way = step / steps
            pairs = zip(shape.points, following.points, strict=True)
            boxes[shape.frame + step] = tuple(a + (b - a) * way for a, b in pairs)
    return boxes


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes, one number after another."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (areas - width * height)
