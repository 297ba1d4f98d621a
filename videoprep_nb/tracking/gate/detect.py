"""Run a detector over the frames of a clip that the gate lets through."""

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
        on_found: Called with the number of frames that have been decided since the last call, the detections of the
            last one that was detected, and that frame.
        describer: Gives the features of the detections; None for none.

    Returns:
        The detections, without a fingerprint.

    Raises:
        FrameCountError: There are too few frames.
    """
    batches = DetectedFrames(detector, clip, describer)
    chosen: list[SampledFrame] = []
    decided = 0
    for index, frame in zip(sampled.tolist(), frames, strict=False):
        decided += 1
        chosen += gate.choose(SampledFrame(index, frame))
        is_look = gate.is_look(index)
        if is_look or len(chosen) >= detector.batch_size:
            found = batches.detect((one.frame for one in chosen), [one.index for one in chosen])
            if is_look:
                gate.know(found[-1])
            on_found(decided, found[-1], chosen[-1].frame)
            chosen, decided = [], 0
    if len(gate.motion) < len(sampled):
        raise ended_early(clip, len(gate.motion), len(sampled))
    return hold_still(batches.detections(), sampled, np.array(gate.motion, np.float32))
