"""A second opinion on faces: libfacedetection (Wu, Peng and Yu 2023, "YuNet"), which shares nothing with CenterFace.

The package yuface has it ready to run, with its weights, for Python 3.11 on Linux.
"""

import warnings

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.tracking.detections import FrameDetections

MIN_SCORE = 0.5
"""The package's own default. OpenCV's example for the same network takes 0.8."""


def other_faces(frame: npt.NDArray[np.uint8], min_score: float = MIN_SCORE) -> FrameDetections:
    """The faces that the other detector finds.

    Args:
        frame: ``(height, width, 3)`` uint8 RGB.
        min_score: Least score in [0, 1].

    Raises:
        ImportError: The package yuface is not installed.
    """
    import yuface

    with warnings.catch_warnings():  # it advises to scale frames wider than 960 pixels down, and finds less then
        warnings.simplefilter("ignore")
        scores, boxes_xywh, _ = yuface.detect(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), min_score)
    boxes = np.asarray(boxes_xywh, np.float32)
    boxes_xyxy = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    return FrameDetections(boxes_xyxy, (np.asarray(scores) / 100).astype(np.float32))
