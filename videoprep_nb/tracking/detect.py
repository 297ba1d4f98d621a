"""Run a detector over the clips of a video."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import union_of_boxes
from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.tracking.appearance import Describer
from videoprep_nb.tracking.appearance.bars import inside_bars
from videoprep_nb.tracking.detections import Detections, FrameDetections
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame

T = TypeVar("T")

_CONTENT_STRIDE = 32  # frames from one to the next that is searched for black bars


def frames_to_sample(clips: Sequence[ClipRecord], frame_stride: int) -> list[npt.NDArray[np.int64]]:
    """Sample every n-th frame of the video, and its last one, so that every other frame lies between two of them.

    Args:
        clips: The clips of a video, in order; a frame that lies in two of them is sampled in the first one only.
        frame_stride: Frames from one to the next.

    Returns:
        For each clip the indices of frames in it, zero-based, int64.
    """
    first_frame, last_frame = clips[0].start_frame, clips[-1].start_frame + clips[-1].frame_count - 1
    covered = first_frame
    chosen = []
    for clip in clips:
        end = clip.start_frame + clip.frame_count
        frames = np.arange(covered, end)
        chosen_frames = ((frames - first_frame) % frame_stride == 0) | (frames == last_frame)
        chosen.append(frames[chosen_frames] - clip.start_frame)
        covered = end
    return chosen


def detect_frames(
    detector: Detector,
    frames: Iterator[RgbFrame],
    sampled: npt.NDArray[np.int64],
    clip: ClipRecord,
    on_found: Callable[[int, FrameDetections, RgbFrame | None], None],
    describer: Describer | None = None,
) -> Detections:
    """Find the persons in one clip, and describe them.

    Args:
        detector: The detector.
        frames: Frames; as many are taken as ``sampled`` has, or none if nobody reads them.
        sampled: ``(K,)`` int64, zero-based indices of the frames in the clip.
        clip: The clip.
        on_found: Called with 1, the detections of the frame that is done, and the frame if the detector reads them.
        describer: Gives the features of the detections; None for none. Needs a detector that reads the frames.

    Returns:
        The detections, without a fingerprint.

    Raises:
        FrameCountError: There are too few frames.
    """
    batches = DetectedFrames(detector, clip, describer)
    count = 0
    for found, frame in batches.detect_each(frames, sampled.tolist()):
        count += 1
        on_found(1, found, frame)
    if count != len(sampled):
        raise ended_early(clip, count, len(sampled))
    return batches.detections()


def ended_early(clip: ClipRecord, count: int, expected: int) -> FrameCountError:
    """The error of a clip that has fewer frames than its record says."""
    return FrameCountError(f"{clip.file_name} ended after {count} of {expected} frames; cut it again.")


class DetectedFrames:
    """The persons in the frames of one clip, found and described.

    Args:
        detector: The detector.
        clip: The clip.
        describer: Gives the features of the detections; None for none.
    """

    def __init__(self, detector: Detector, clip: ClipRecord, describer: Describer | None) -> None:
        self._detector, self._clip, self._describer = detector, clip, describer
        self._found: dict[int, FrameDetections] = {}
        self._features: dict[int, npt.NDArray[np.float16]] = {}
        self._contents: list[npt.NDArray[np.float32]] = []

    def detect_each(
        self, frames: Iterator[RgbFrame], indices: Iterable[int]
    ) -> Iterator[tuple[FrameDetections, RgbFrame | None]]:
        """Find the persons in any number of frames, some of which are taken ahead.

        Args:
            frames: The frames; none is taken if nobody reads them.
            indices: Their zero-based indices in the clip; each is taken just before its frame.

        Yields:
            What was found in each, and the frame if it was taken; fewer if there are too few frames.
        """
        clip = self._clip
        size = np.tile([clip.width, clip.height], 2)
        taken: deque[RgbFrame] = deque()
        waiting: deque[int] = deque()
        video_indices = (clip.start_frame + index for index in _remembered(iter(indices), waiting))
        found = self._detector.detect_each(_remembered(frames, taken), video_indices, clip.width, clip.height)
        for number, persons in enumerate(found):
            index = waiting.popleft()
            frame = np.asarray(taken.popleft()) if taken else None
            self._found[index] = persons
            if self._describer is not None and frame is not None:
                scale = np.tile(frame.shape[1::-1], 2) / size
                boxes = (persons.boxes_xyxy * scale).astype(np.float32)
                self._features[index] = self._describer.describe(frame, boxes)
                if number % _CONTENT_STRIDE == 0:
                    self._contents.append((inside_bars(frame) * size).astype(np.float32))
            yield persons, frame

    def detections(self) -> Detections:
        """Those of all batches, in the order of frames, without a fingerprint."""
        indices = sorted(self._found)
        detections = Detections.from_frames(np.array(indices, np.int64), [self._found[index] for index in indices])
        if self._describer is None:
            return detections
        if indices:
            features = np.concatenate([self._features[index] for index in indices])
            detections = replace(detections, features=features, content_xyxy=union_of_boxes(self._contents))
        return replace(detections, describer=self._describer.fingerprint)


def _remembered(items: Iterator[T], taken: deque[T]) -> Iterator[T]:
    """The frames or their indices, which are in ``taken``, too, until the detections come back."""
    for item in items:
        taken.append(item)
        yield item


def prefetch(items: Iterator[T], depth: int) -> Generator[T, None, None]:
    """Make the next items in a thread of their own while the current one is worked on.

    Nothing is made before the first item is asked for.

    Args:
        items: What to iterate over; used by the other thread only.
        depth: Number of items to hold ready.

    Yields:
        The items, in order; an error of theirs is raised in its place.
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        try:
            ahead = deque(thread.submit(next, items, end) for _ in range(depth))
            while (item := ahead.popleft().result()) is not end:
                ahead.append(thread.submit(next, items, end))
                yield item  # type: ignore[misc]
        finally:
            thread.shutdown(cancel_futures=True)
