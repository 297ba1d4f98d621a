"""From the numbers a YOLO network gives to persons."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import DETECTION_FLOOR, FrameDetections
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox

OutputReader = Callable[[npt.NDArray[np.float32]], FrameDetections]
"""Makes detections of the output ``(4 + C, N)`` for one input."""


def read_output(output: npt.NDArray[np.float32], letterbox: Letterbox, nms_iou: float) -> FrameDetections:
    """Take the persons out of the output for one input, strongest first.

    Args:
        output: ``(4 + C, N)`` float32: centre x, centre y, width, height in pixels of the input, and the scores of C
            classes of persons in [0, 1], of which the greatest counts.
        letterbox: How the input was made.
        nms_iou: Of two boxes that overlap more than this (IoU), the weaker one goes.

    Returns:
        Detections with at least ``DETECTION_FLOOR``, in pixels of the frame.
    """
    scores = output[4:].max(axis=0)
    candidates = scores >= DETECTION_FLOOR
    centres, sides, scores = output[:2, candidates].T, output[2:4, candidates].T, scores[candidates]
    corners = centres - sides / 2
    kept = np.asarray(
        cv2.dnn.NMSBoxes(np.hstack([corners, sides]).tolist(), scores.tolist(), DETECTION_FLOOR, nms_iou), dtype=np.intp
    ).reshape(-1)
    boxes_xyxy = letterbox.to_frame(np.hstack([corners, corners + sides])[kept]).astype(np.float32)
    in_frame = (boxes_xyxy[:, :2] < boxes_xyxy[:, 2:]).all(axis=1)  # not in the bars
    return FrameDetections(boxes_xyxy[in_frame], scores[kept][in_frame])
