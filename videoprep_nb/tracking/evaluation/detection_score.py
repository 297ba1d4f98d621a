"""How well a detector finds the persons in frames: recall, precision and average precision."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import FrameDetections

MATCH_IOU = 0.5
CONFIDENCE = 0.25


@dataclass(frozen=True)
class LabelledBoxes:
    """The persons of a frame, as others know them.

    Args:
        boxes_xyxy: ``(N, 4)`` float64, in pixels of the frame.
        counts: ``(N,)`` bool; to find one that does not count, such as a reflection, is neither right nor wrong.
    """

    boxes_xyxy: npt.NDArray[np.float64]
    counts: npt.NDArray[np.bool_]

    @classmethod
    def from_detections(cls, found: FrameDetections, certain_score: float) -> "LabelledBoxes":
        """What another detector found; what it scores lower than ``certain_score`` does not count."""
        return cls(found.boxes_xyxy.astype(np.float64), found.scores >= certain_score)


@dataclass(frozen=True)
class Matches:
    """What became of the boxes that were found in a frame.

    Args:
        is_hit: ``(N,)`` bool, found boxes that are persons.
        is_ignored: ``(N,)`` bool, those on something that does not count.
        is_missed: ``(M,)`` bool, persons that were not found.
    """

    is_hit: npt.NDArray[np.bool_]
    is_ignored: npt.NDArray[np.bool_]
    is_missed: npt.NDArray[np.bool_]


def match(found: FrameDetections, labels: LabelledBoxes) -> Matches:
    """Give every found box, the strongest first, the free person that it overlaps most, with an IoU of at least 0.5.

    As for PASCAL VOC (Everingham et al., IJCV 2010), except that a person goes to the best free box.

    Args:
        found: What was found in a frame.
        labels: The persons in it.

    Example:
        >>> found = FrameDetections(np.array([[0, 0, 10, 20]], np.float32), np.array([0.9], np.float32))
        >>> match(found, LabelledBoxes(np.array([[0.0, 0, 10, 21]]), np.array([True]))).is_hit.tolist()
        [True]
    """
    iou = iou_matrix(found.boxes_xyxy.astype(np.float64), labels.boxes_xyxy)
    is_free = labels.counts.copy()
    is_hit, is_ignored = np.zeros((2, len(found)), np.bool_)
    for row in np.argsort(-found.scores, kind="stable"):
        persons = np.where(is_free, iou[row], 0)
        if persons.max(initial=0) >= MATCH_IOU:
            is_hit[row] = True
            is_free[persons.argmax()] = False
        else:
            is_ignored[row] = (iou[row, ~labels.counts] >= MATCH_IOU).any()
    return Matches(is_hit, is_ignored, is_free)


@dataclass(frozen=True)
class DetectionFigures:
    """Shares from 0 to 1.

    Args:
        recall: Of the persons, those that were found with a score of at least ``CONFIDENCE``.
        precision: Of the boxes with that score, those that are persons.
        ap: Average precision: the area below precision over recall, for all scores.
    """

    recall: float
    precision: float
    ap: float


@dataclass
class DetectionScore:
    """What was found in some frames.

    Args:
        expected: Persons in them.
        scores: Scores of the boxes that were found.
        hits: Whether each of these is a person.
    """

    expected: int = 0
    scores: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)

    def add(self, found: FrameDetections, labels: LabelledBoxes) -> None:
        """Add a frame."""
        self.expected += int(labels.counts.sum())
        matches = match(found, labels)
        self.scores += found.scores[~matches.is_ignored].tolist()
        self.hits += matches.is_hit[~matches.is_ignored].tolist()

    def figures(self) -> DetectionFigures:
        """The figures of all frames; nothing to find counts as found, and no boxes as right ones."""
        scores = np.array(self.scores)
        hits = np.array(self.hits, np.bool_)[np.argsort(-scores, kind="stable")].cumsum()
        certain = int((scores >= CONFIDENCE).sum())
        found = int(hits[certain - 1]) if certain else 0
        precision = hits / np.arange(1, len(hits) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        area = float((np.diff(hits, prepend=0) * best).sum())
        return DetectionFigures(
            recall=found / self.expected if self.expected else 1.0,
            precision=found / certain if certain else 1.0,
            ap=area / self.expected if self.expected else 1.0,
        )
