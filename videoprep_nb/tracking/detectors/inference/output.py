"""From the numbers a network gives to persons."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import DETECTION_FLOOR, FrameDetections
from videoprep_nb.tracking.detectors.inference.layouts import LAYOUTS
from videoprep_nb.tracking.detectors.inference.layouts.base import Array, OutputLayout
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm

OutputReader = Callable[[Sequence[Array]], FrameDetections]
"""Makes detections of the outputs for one input, without the batch."""

MAX_BOXES = 3000
"""Boxes per input, the strongest; only untrained networks give more, and trackers compare all pairs."""


def read_outputs(outputs: Sequence[Array], form: NetworkForm, letterbox: Letterbox, nms_iou: float) -> FrameDetections:
    """Take the persons out of the outputs for one input, strongest first.

    Args:
        outputs: The outputs, without the batch, as the layout of the network says.
        form: What is known of the network.
        letterbox: How the input was made.
        nms_iou: Of two boxes that overlap more than this (IoU), the weaker one goes, if the layout needs that.

    Returns:
        At most ``MAX_BOXES`` detections with at least ``DETECTION_FLOOR``, in pixels of the frame.
    """
    return read_boxes(outputs, LAYOUTS[form.layout], form.classes, letterbox, nms_iou)


def read_boxes(
    outputs: Sequence[Array],
    layout: type[OutputLayout],
    classes: Sequence[int],
    letterbox: Letterbox,
    nms_iou: float,
) -> FrameDetections:
    """The same for a layout that need not be among ``LAYOUTS``.

    Args:
        outputs: The outputs, without the batch.
        layout: Their layout.
        classes: Indices of the classes that count.
        letterbox: How the input was made.
        nms_iou: See ``read_outputs``.
    """
    boxes, scores = layout.candidates(outputs, classes, letterbox.input_width, letterbox.input_height)
    chosen = _suppress(boxes, scores, nms_iou) if layout.needs_nms else np.argsort(-scores, kind="stable")
    chosen = chosen[:MAX_BOXES]
    boxes_xyxy = letterbox.to_frame(boxes[chosen]).astype(np.float32)
    in_frame = (boxes_xyxy[:, :2] < boxes_xyxy[:, 2:]).all(axis=1)  # not in the bars
    return FrameDetections(boxes_xyxy[in_frame], scores[chosen][in_frame])


def _suppress(boxes: Array, scores: Array, nms_iou: float) -> npt.NDArray[np.intp]:
    """Indices of the boxes that remain, strongest first."""
    upper_left, sides = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    kept = cv2.dnn.NMSBoxes(np.hstack([upper_left, sides]).tolist(), scores.tolist(), DETECTION_FLOOR, nms_iou)
    return np.asarray(kept, dtype=np.intp).reshape(-1)
