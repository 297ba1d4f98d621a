"""Which frames are sampled, and how they get to the detector."""

import threading
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.tracking.detect import detect_frames, frames_to_sample, prefetch
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import Detector


def clip(start_frame: int, frame_count: int) -> ClipRecord:
    return ClipRecord(
        clip_id=f"1_clip_{start_frame:03d}",
        start_frame=start_frame,
        frame_count=frame_count,
        rate=Fraction(10),
        width=64,
        height=36,
        stream_copied=True,
    )


@pytest.mark.parametrize(
    ("spans", "frame_stride", "expected"),
    [
        pytest.param([(0, 3), (3, 2)], 1, [[0, 1, 2], [0, 1]], id="every-frame"),
        pytest.param([(0, 5), (5, 5)], 3, [[0, 3], [1, 4]], id="one-grid-for-all-clips"),
        pytest.param([(0, 5), (5, 4)], 3, [[0, 3], [1, 3]], id="and-the-last-frame"),
        pytest.param([(0, 4), (2, 4)], 1, [[0, 1, 2, 3], [2, 3]], id="overlap-once"),
        pytest.param([(7, 4), (11, 3)], 2, [[0, 2], [0, 2]], id="window"),
        pytest.param([(0, 2), (2, 2)], 100, [[0], [1]], id="stride-beyond-the-video"),
    ],
)
def test_frames_to_sample(spans: list[tuple[int, int]], frame_stride: int, expected: list[list[int]]) -> None:
    chosen = frames_to_sample([clip(*span) for span in spans], frame_stride)
    assert [frames.tolist() for frames in chosen] == expected


class BrightPixelDetector(Detector):
    """Finds one person in each frame, as wide as the frame's first pixel is bright."""

    batch_size = 4
    fingerprint = description = "bright"

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def detect(self, frames, frame_indices, width, height):
        self.batches.append(len(frame_indices))
        boxes = [np.array([[0, 0, frame[0, 0, 0], 1]], dtype=np.float32) for frame in frames]
        return [FrameDetections(box, np.ones(1, np.float32)) for box in boxes]


def grey_frames(count: int) -> Iterator[np.ndarray]:
    return (np.full((2, 2, 3), value, np.uint8) for value in range(1, count + 1))


def no_frame(count: int, found: FrameDetections, frame: np.ndarray | None) -> None:
    """Take no notice."""


def test_frames_go_to_the_detector_in_order_and_come_back_with_their_detections() -> None:
    pairs: list[tuple[float, int]] = []
    detector, sampled = BrightPixelDetector(), np.arange(10, dtype=np.int64)

    def on_found(count: int, found: FrameDetections, frame: np.ndarray | None) -> None:
        assert frame is not None
        pairs.append((found.boxes_xyxy[0, 2], frame[0, 0, 0]))

    found = detect_frames(detector, grey_frames(12), sampled, clip(0, 10), on_found)
    assert found.boxes_xyxy[:, 2].tolist() == list(range(1, 11))
    assert found.frame_index.tolist() == list(range(10))
    assert pairs == [(value, value) for value in range(1, 11)]
    assert detector.batches == [4, 4, 2]


def test_too_few_frames() -> None:
    sampled = np.arange(10, dtype=np.int64)
    with pytest.raises(FrameCountError, match="7 of 10"):
        detect_frames(BrightPixelDetector(), grey_frames(7), sampled, clip(0, 10), no_frame)


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_prefetch_keeps_the_order(depth: int) -> None:
    assert list(prefetch(iter(range(20)), depth)) == list(range(20))


def test_prefetch_hands_errors_on() -> None:
    def breaking() -> Iterator[int]:
        yield 1
        raise FrameCountError("broken")

    items = prefetch(breaking(), 4)
    assert next(items) == 1
    with pytest.raises(FrameCountError, match="broken"):
        next(items)


def test_prefetch_starts_late_and_stops_early() -> None:
    made: list[int] = []

    def counting() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    unused = prefetch(counting(), 4)
    unused.close()
    assert made == []
    items = prefetch(counting(), 4)
    assert next(items) == 0
    items.close()
    assert len(made) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]
