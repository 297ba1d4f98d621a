"""From the detections of a sequence to tracks that can be compared with ground truth."""

from pathlib import Path

import numpy as np

from videoprep_nb.errors import InputError
from videoprep_nb.evaluation.mot_rows import MotRows
from videoprep_nb.tracking.detections import ClipDetections
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.track import TrackedVideo, track_video


def read_detections(path: Path, frame_count: int | None = None) -> ClipDetections:
    """Read a ``det.txt`` as the detections of one clip that holds the whole sequence.

    Args:
        path: MOT detections; scores are taken as ``PrecomputedDetector`` takes them.
        frame_count: Frames of the sequence; None: up to the last one that has a box.

    Raises:
        InputError: The file is missing or broken, or has boxes in frames after the last one.
    """
    detector = PrecomputedDetector(path)
    frame_count = detector.frame_count if frame_count is None else frame_count
    if detector.frame_count > frame_count:
        raise InputError(f"{path} has a box in frame {detector.frame_count} of a sequence of {frame_count} frames.")
    looked_at = np.arange(frame_count, dtype=np.int32)
    found = detector.detect([], looked_at.tolist(), 0, 0)
    return ClipDetections.from_frames(looked_at, found, detector.fingerprint)


def track_frames(detections: ClipDetections, frames: range, video: TrackedVideo, params: TrackingParams) -> MotRows:
    """Track some frames of a sequence as if there were no others.

    Args:
        detections: Of the whole sequence; see ``read_detections``.
        frames: Numbers of the frames to track, counted from 1.
        video: Rate and size of the sequence.
        params: Tracker and refinement.

    Returns:
        The tracks; frame numbers are those of the whole sequence.

    Raises:
        ParameterError: There is no such tracker or option.
    """
    tracks = track_video([(0, _part(detections, frames))], video, params)
    return MotRows.from_tracks(tracks)


def _part(detections: ClipDetections, frames: range) -> ClipDetections:
    """The detections of some frames; frame indices stay those of the sequence."""
    looked_at = detections.looked_at
    frame_index = detections.frame_index
    looked_at_in_part = (looked_at >= frames.start - 1) & (looked_at < frames.stop - 1)
    in_part = (frame_index >= frames.start - 1) & (frame_index < frames.stop - 1)
    return ClipDetections(
        looked_at=looked_at[looked_at_in_part],
        frame_index=frame_index[in_part],
        boxes_xyxy=detections.boxes_xyxy[in_part],
        scores=detections.scores[in_part],
        fingerprint=detections.fingerprint,
    )
