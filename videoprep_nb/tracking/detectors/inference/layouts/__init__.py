"""Layouts: how the numbers that a network gives are ordered, and how it expects a frame. One file each.

A new one is a subclass of ``OutputLayout`` in a file of its own, listed here.
"""

from videoprep_nb.tracking.detectors.inference.layouts.base import OutputLayout
from videoprep_nb.tracking.detectors.inference.layouts.end2end import End2EndLayout
from videoprep_nb.tracking.detectors.inference.layouts.rfdetr import RfDetrLayout
from videoprep_nb.tracking.detectors.inference.layouts.rtdetr import RtDetrLayout
from videoprep_nb.tracking.detectors.inference.layouts.yolo import NmsFreeYoloLayout, YoloLayout
from videoprep_nb.tracking.detectors.inference.layouts.yolov5 import YoloV5Layout
from videoprep_nb.tracking.detectors.inference.layouts.yolox import DecodedYoloxLayout, YoloxLayout

__all__ = ["LAYOUTS", "OutputLayout"]

LAYOUTS: dict[str, type[OutputLayout]] = {
    layout.name: layout
    for layout in (
        YoloLayout,
        NmsFreeYoloLayout,
        End2EndLayout,
        RtDetrLayout,
        YoloV5Layout,
        RfDetrLayout,
        YoloxLayout,
        DecodedYoloxLayout,
    )
}
"""All layouts by name."""
