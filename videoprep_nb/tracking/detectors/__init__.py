"""Detectors: a module of this package each, or a plugin of the entry-point group ``videoprep.detectors``."""

from collections.abc import Iterable, Mapping
from typing import Any

from videoprep_nb.core.options import read_options
from videoprep_nb.core.registry import class_registry
from videoprep_nb.tracking.detections import DETECTION_FLOOR, FrameDetections
from videoprep_nb.tracking.detector_options import DetectorOptions
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame

__all__ = [
    "DETECTION_FLOOR",
    "DETECTORS",
    "Detector",
    "DetectorOptions",
    "FrameDetections",
    "RgbFrame",
    "create_detector",
]

DETECTORS = class_registry("detector", "videoprep.detectors", __name__, Detector)  # type: ignore[type-abstract]
"""All detectors by name."""


def create_detector(name: str, options: Iterable[str] = (), given: Mapping[str, Any] | None = None) -> Detector:
    """Make a detector; loads neither weights nor files yet.

    Args:
        name: Its name.
        options: Its options, each written ``name:value``.
        given: Values by name, of which the detector takes those that are its options; None: all are in ``options``.

    Raises:
        ParameterError: There is no such detector or option, or a value is wrong.

    Example:
        >>> create_detector("yolo", ["image_size:960"]).image_size
        960
    """
    chosen = DETECTORS.find(name, "detector")
    known = chosen.options_type.model_fields
    taken = None if given is None else {option: given[option] for option in known if option in given}
    return chosen(read_options(chosen.options_type, options, name, "detector_options", taken))
