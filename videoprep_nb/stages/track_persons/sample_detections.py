"""What a detector finds in some frames of a raw file, for people who are about to submit it.

``python -m`` prints it as JSON. Servers start it as a process of its own, which reads the file in one more.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.memory import limit_memory, memory_limit_bytes
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.media.upload_frames import SampleFrame, SampleFrames, data_address, read_samples
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.viz import images
from videoprep_nb.viz.images import Mark

_WIDTH, _HEIGHT = 1280, 720  # of the standard frame
_SHOWN_WIDTH = 640
_SHOWN_SCORE = 0.25
"""Detections with a lower score only continue tracks; they begin none."""


def detect_in_samples(path: Path, name: str, times_s: Sequence[float], params: TrackPersonsParams) -> SampleFrames:
    """Detect persons in frames of a raw file, and draw their boxes, numbered in each frame for itself.

    Args:
        path: The file.
        name: What people call it.
        times_s: Seconds after its first frame.
        params: Parameters of the detector, and the least score.

    Raises:
        VideoPrepError: The file cannot be read, or the detector cannot be used.
    """
    jpegs = read_samples(path, name, times_s, is_exact=True, size_px=_WIDTH)
    detector = params.create_detector()
    shown = []
    for time_s, jpeg in zip(times_s, jpegs, strict=True):
        if not jpeg:
            shown.append(SampleFrame(at_s=time_s, image=""))
            continue
        frame = _standard_frame(images.read_jpeg(jpeg))
        [found] = detector.detect([frame], [0], _WIDTH, _HEIGHT)
        persons = found.above(max(params.confidence, _SHOWN_SCORE))
        small = images.shrink(frame, _SHOWN_WIDTH)
        marks = [Mark(box, number) for number, box in enumerate(persons.boxes_xyxy.tolist(), start=1)]
        images.draw_marks(small, marks, _WIDTH)
        address = data_address(images.encode_jpeg(small))
        shown.append(SampleFrame(at_s=time_s, image=address, person_count=len(persons)))
    return SampleFrames(frames=shown)


def _standard_frame(image: RgbImage) -> RgbImage:
    """The frame as stage 1 makes it: ``(720, 1280, 3)`` uint8 RGB, padded with black."""
    scale = min(_WIDTH / image.shape[1], _HEIGHT / image.shape[0])
    width, height = (round(side * scale) for side in (image.shape[1], image.shape[0]))
    frame = np.zeros((_HEIGHT, _WIDTH, 3), np.uint8)
    left, top = (_WIDTH - width) // 2, (_HEIGHT - height) // 2
    frame[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return frame


def _answer(path: str, name: str, request: dict[str, Any]) -> SampleFrames:
    limit_memory(memory_limit_bytes())
    try:
        params = TrackPersonsParams.checked(request["params"])
        return detect_in_samples(Path(path), name, request["times_s"], params)
    except VideoPrepError as error:
        return SampleFrames(problem=str(error))


if __name__ == "__main__":
    sys.stdout.buffer.write(_answer(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])).model_dump_json().encode())
