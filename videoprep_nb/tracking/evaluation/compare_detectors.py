"""Several settings of detectors on the same frames, side by side."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import Detector
from videoprep_nb.tracking.evaluation.detection_score import (
    CONFIDENCE,
    DetectionFigures,
    DetectionScore,
    LabelledBoxes,
)
from videoprep_nb.tracking.evaluation.labelled_frames import SourceFrame

CERTAIN_SCORE = 0.5
"""Least score with which a box of the reference counts as a person, where nobody labelled them."""


@dataclass(frozen=True)
class Variant:
    """A setting.

    Args:
        name: What people call it.
        detector: The detector.
    """

    name: str
    detector: Detector


@dataclass(frozen=True)
class Measured:
    """What a variant did.

    Args:
        variant: The variant.
        found: What it found in each frame, in pixels of the frame.
        frames_per_second: How fast, frames in memory, without loading the network.
    """

    variant: Variant
    found: list[FrameDetections]
    frames_per_second: float

    @property
    def mean_count(self) -> float:
        """Boxes per frame with a score of at least ``CONFIDENCE``."""
        return float(np.mean([len(found.above(CONFIDENCE)) for found in self.found]))


def measure(variant: Variant, frames: Sequence[SourceFrame]) -> Measured:
    """Run a variant on frames.

    Args:
        variant: The variant.
        frames: At least one, all of one size.

    Raises:
        WeightsError: Its weights cannot be used.
        ParameterError: Its options do not suit them, or the machine.
    """
    detector = variant.detector
    _detect(detector, frames[:1])  # loads the network
    started_s = time.perf_counter()
    found: list[FrameDetections] = []
    for begin in range(0, len(frames), detector.batch_size):
        found += _detect(detector, frames[begin : begin + detector.batch_size])
    return Measured(variant, found, len(frames) / (time.perf_counter() - started_s))


def _detect(detector: Detector, frames: Sequence[SourceFrame]) -> list[FrameDetections]:
    height, width = frames[0].frame.shape[:2]
    return detector.detect([each.frame for each in frames], [each.number - 1 for each in frames], width, height)


def reference_labels(measured: Sequence[Measured]) -> tuple[Measured, list[LabelledBoxes]]:
    """Labels from the variant that works most on a frame, the slowest.

    Returns:
        The variant, and what it found, of which only certain boxes count.
    """
    slowest = min(measured, key=lambda each: each.frames_per_second)
    return slowest, [LabelledBoxes.from_detections(found, CERTAIN_SCORE) for found in slowest.found]


def score(measured: Measured, labels: Sequence[LabelledBoxes | None]) -> DetectionFigures:
    """Compare what a variant found with labels, in the frames that have some."""
    total = DetectionScore()
    for found, of_frame in zip(measured.found, labels, strict=True):
        if of_frame is not None:
            total.add(found, of_frame)
    return total.figures()
