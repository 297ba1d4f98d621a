"""Run a detector over the clips of a video."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
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
    on_batch: Callable[[Sequence[FrameDetections]], None],
    describer: Describer | None = None,
) -> Detections:
    """Find the persons in one clip, and describe them.

    Args:
        detector: The detector.
        frames: Frames; as many are taken as ``sampled`` has, or none if nobody reads them.
        sampled: ``(K,)`` int64, zero-based indices of the frames in the clip.
        clip: The clip.
        on_batch: Called with the detections of each batch of frames that is done.
        describer: Gives the features of the detections; None for none. Needs a detector that reads the frames.

    Returns:
        The detections, without a fingerprint.

    Raises:
        FrameCountError: There are too few frames.
    """
    found: list[FrameDetections] = []
    features: list[npt.NDArray[np.float16]] = []
    contents: list[npt.NDArray[np.float32]] = []
    for begin in range(0, len(sampled), detector.batch_size):
        indices = (clip.start_frame + sampled[begin : begin + detector.batch_size]).tolist()
        batch = islice(frames, len(indices))
        held = [] if describer is None else list(batch)
        found += detector.detect(iter(held) if describer else batch, indices, clip.width, clip.height)
        if len(found) != begin + len(indices):
            raise FrameCountError(f"{clip.file_name} ended after {len(found)} of {len(sampled)} frames; cut it again.")
        if describer is not None:
            size = np.tile([clip.width, clip.height], 2)
            contents.append((inside_bars(held[0]) * size).astype(np.float32))
            for frame, persons in zip(held, found[begin:], strict=True):
                scale = np.tile(frame.shape[1::-1], 2) / size
                features.append(describer.describe(frame, (persons.boxes_xyxy * scale).astype(np.float32)))
        on_batch(found[begin:])
    detections = Detections.from_frames(sampled, found)
    if describer is None:
        return detections
    if features:
        detections = replace(detections, features=np.concatenate(features), content_xyxy=union_of_boxes(contents))
    return replace(detections, describer=describer.fingerprint)


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
