"""The last sampled frame with its detections, for people who watch a job."""

import time
from pathlib import Path

import cv2
import numpy as np

from videoprep_nb.core.layout import staged_file
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame

_WRITE_INTERVAL_S = 2.0
_MIN_SCORE = 0.25
_COLOUR_RGB = (255, 170, 0)
_JPEG_QUALITY = 80


class LiveFrame:
    """A small JPEG that is written every few seconds.

    Args:
        path: The file; None: none is written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._written_s = -_WRITE_INTERVAL_S

    def show(self, frame: RgbFrame | None, found: FrameDetections, video_width: int) -> None:
        """Write a frame, unless one was written just before.

        Args:
            frame: ``(height, width, 3)`` uint8 RGB; None if the detector reads none.
            found: What was detected in it.
            video_width: Width in pixels of the video that its boxes refer to.
        """
        now_s = time.monotonic()
        if self._path is None or frame is None or now_s - self._written_s < _WRITE_INTERVAL_S:
            return
        self._written_s = now_s
        image = np.ascontiguousarray(frame[..., ::-1])
        scale = image.shape[1] / video_width
        for left, top, right, bottom in (found.above(_MIN_SCORE).boxes_xyxy * scale).round().astype(int).tolist():
            cv2.rectangle(image, (left, top), (right, bottom), _COLOUR_RGB[::-1], 2, cv2.LINE_AA)
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(self._path, durable=False) as staging:
            staging.write_bytes(encoded.tobytes())
