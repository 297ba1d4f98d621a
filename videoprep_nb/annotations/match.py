"""Which boxes of several annotators on one frame are the same person."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from videoprep_nb.annotations.annotated import AnnotatedBox
from videoprep_nb.core.boxes import iou_matrix

MIN_IOU = 0.5
"""Boxes without an id in common are one person from this overlap on."""


@dataclass
class Person:
    """The boxes that several annotators have of one person on one frame.

    Args:
        boxes: Number of an annotator → the box.
    """

    boxes: dict[int, AnnotatedBox] = field(default_factory=dict)

    @property
    def track_id(self) -> int | None:
        """The id that the first annotator with an id gives, None if nobody does."""
        return next((box.track_id for _, box in sorted(self.boxes.items()) if box.track_id is not None), None)

    @property
    def first(self) -> AnnotatedBox:
        """The box of the first annotator who has one."""
        return self.boxes[min(self.boxes)]


def match_people(boxes_by_annotator: Sequence[Sequence[AnnotatedBox]]) -> list[Person]:
    """Match boxes by track id; what is left by overlap, the largest first.

    Args:
        boxes_by_annotator: The boxes of each annotator on the frame; nobody has an id twice.

    Returns:
        The people, in the order in which they are named first.
    """
    people: list[Person] = []
    for annotator, boxes in enumerate(boxes_by_annotator):
        by_id = {person.track_id: person for person in people if person.track_id is not None}
        left = []
        for box in boxes:
            person = by_id.get(box.track_id) if box.track_id is not None else None
            if person is None:
                left.append(box)
            else:
                person.boxes[annotator] = box
        people += _match_by_overlap(people, left, annotator)
    return people


def _match_by_overlap(people: list[Person], boxes: Sequence[AnnotatedBox], annotator: int) -> list[Person]:
    """Give boxes to people who overlap with them, and return new people for the other boxes."""
    free = [person for person in people if annotator not in person.boxes]
    taken: set[int] = set()
    if free and boxes:
        known = np.array([person.first.box_xyxy for person in free], np.float64)
        ious = iou_matrix(known, np.array([box.box_xyxy for box in boxes], np.float64))
        for place in np.argsort(-ious, axis=None, kind="stable"):
            row, column = (int(number) for number in np.unravel_index(place, ious.shape))
            if ious[row, column] < MIN_IOU:
                break
            person, box = free[row], boxes[column]
            both_named = person.track_id is not None and box.track_id is not None  # they say that it is another one
            if annotator not in person.boxes and column not in taken and not both_named:
                person.boxes[annotator] = box
                taken.add(column)
    return [Person({annotator: box}) for column, box in enumerate(boxes) if column not in taken]
