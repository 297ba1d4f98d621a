"""Run a detector over the frames of a clip that the gate lets through."""

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.tracking.appearance import Describer
from videoprep_nb.tracking.detect import DetectedFrames, ended_early
from videoprep_nb.tracking.detections import Detections, FrameDetections
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.gate.gate import ClipGate, SampledFrame
from videoprep_nb.tracking.gate.hold import hold_still

CODE_VERSION = 1
"""Raise it when the same clip would give other detections."""


def detect_moving(
    detector: Detector,
    frames: Iterator[RgbFrame],
    sampled: npt.NDArray[np.int64],
    clip: ClipRecord,
    gate: ClipGate,
    on_found: Callable[[int, FrameDetections, RgbFrame | None], None],
    describer: Describer | None = None,
) -> Detections:
    """Find the persons in one clip, and detect only where something moves; see ``detect_frames``.

    Where nothing moves, a person is where the frames before and after have them.

    Args:
        detector: The detector; it reads the frames.
        frames: Frames; as many are taken as ``sampled`` has.
        sampled: ``(K,)`` int64, zero-based indices of the frames in the clip.
        clip: The clip.
        gate: A new gate for this clip.
        on_found: Called with the number of frames that have been decided since the last call, the detections of a
            frame that was detected, and that frame.
        describer: Gives the features of the detections; None for none.

    Returns:
        The detections, without a fingerprint.

    Raises:
        FrameCountError: There are too few frames.
    """
    detected = DetectedFrames(detector, clip, describer)
    ahead = map(SampledFrame, sampled.tolist(), frames)
    decided = 0
    while len(gate.motion) < len(sampled):
        last: FrameDetections | None = None
        for last, frame in detected.detect_each(*_chosen_until_look(ahead, gate)):
            on_found(len(gate.motion) - decided, last, frame)
            decided = len(gate.motion)
        if last is None:
            raise ended_early(clip, len(gate.motion), len(sampled))
        gate.know(last)
    return hold_still(detected.detections(), sampled, np.array(gate.motion, np.float32))


def _chosen_until_look(ahead: Iterator[SampledFrame], gate: ClipGate) -> tuple[Iterator[RgbFrame], Iterator[int]]:
    """The frames that the gate lets through up to the next look, and their indices, each to be taken before its frame.

    What the look finds decides about the frames after it. Up to then the detector has frames in work while the gate
    compares the next ones.
    """
    chosen: deque[SampledFrame] = deque()

    def indices() -> Iterator[int]:
        for sampled in ahead:
            for one in gate.choose(sampled):
                chosen.append(one)
                yield one.index
            if gate.is_look(sampled.index):
                return

    def frames() -> Iterator[RgbFrame]:
        while chosen:
            yield chosen.popleft().frame

    return frames(), indices()
