"""A second opinion on faces, where it is installed."""

import pytest

from benchmarks.other_faces import other_faces
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors import RgbFrame


def faces_by_another_detector(frame: RgbFrame) -> FrameDetections:
    """The faces that libfacedetection is sure of; the test is skipped where there is none."""
    pytest.importorskip("yuface", reason="yuface, with the other detector, has wheels for Python 3.11 only")
    return other_faces(frame, min_score=0.7)  # the photographs have none below that
