"""Tracks, or a tracker with its refinement, compared with the ground truth of a sequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from videoprep_nb.core.errors import InputError
from videoprep_nb.tracking.associate import associate
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth, read_tracks
from videoprep_nb.tracking.evaluation.score import SequenceResult, score_sequence
from videoprep_nb.tracking.evaluation.sequence import (
    SEQUENCE_INFO_NAME,
    Half,
    SequenceInfo,
    frames_to_score,
    read_sequence_info,
)
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.track import TrackedVideo, track_beyond_border
from videoprep_nb.tracking.trackers import create_tracker


@dataclass(frozen=True)
class Tracking:
    """How detections are tracked.

    Args:
        params: Tracker and refinement.
        refine: False for the tracks as the tracker gives them.
        frame_rate: Frames per second of sequences whose ``seqinfo.ini`` does not give it.
    """

    params: TrackingParams
    refine: bool = True
    frame_rate: Fraction | None = None


@dataclass(frozen=True)
class Evaluation:
    """A sequence that was evaluated.

    Args:
        name: Name of the sequence.
        tracks: What was compared with the ground truth.
        result: How well they agree.
    """

    name: str
    tracks: MotRows
    result: SequenceResult


def evaluate_tracks(ground_truth: Path, tracks: Path, half: Half | None = None) -> Evaluation:
    """Score tracks that somebody made.

    Args:
        ground_truth: ``<sequence>/gt/gt.txt``.
        tracks: MOT rows; those of frames that are not scored are ignored.
        half: See ``frames_to_score``.

    Raises:
        InputError: A file is missing, broken, or has boxes in frames after the last one.
        ParameterError: The sequence is too short to be halved.
    """
    info, truth = read_sequence_info(ground_truth), read_ground_truth(ground_truth)
    found = read_tracks(tracks)
    frames = _frames(info, {ground_truth: truth.frame_count, tracks: found.frame_count}, half)
    return Evaluation(info.name, found, score_sequence(info.name, truth, found, frames))


def evaluate_detections(
    ground_truth: Path, detections: Path, tracking: Tracking, half: Half | None = None
) -> Evaluation:
    """Track detections that somebody made, and score the tracks.

    Args:
        ground_truth: ``<sequence>/gt/gt.txt``.
        detections: MOT rows; scores are taken as ``PrecomputedDetector`` takes them.
        tracking: Tracker and refinement.
        half: See ``frames_to_score``; the other half is not tracked either.

    Raises:
        InputError: A file is missing, broken, or has boxes in frames after the last one; or the frame rate is
            not known.
        ParameterError: There is no such tracker or option, or the sequence is too short to be halved.
    """
    info, truth = read_sequence_info(ground_truth), read_ground_truth(ground_truth)
    detector = PrecomputedDetector.from_file(detections)
    frames = _frames(info, {ground_truth: truth.frame_count, detections: detector.frame_count}, half)
    tracks = track_frames(read_frames(detector, frames), _rate(info, ground_truth, tracking), tracking)
    return Evaluation(info.name, tracks, score_sequence(info.name, truth, tracks, frames))


def read_frames(detector: PrecomputedDetector, frames: range) -> Detections:
    """The detections of some frames as those of one clip that begins with the first frame of the sequence.

    Args:
        detector: The detections.
        frames: Numbers of the frames, counted from 1; the others count as not sampled.
    """
    sampled = np.arange(frames.start - 1, frames.stop - 1, dtype=np.int64)
    found = detector.detect([], sampled.tolist(), width=0, height=0)
    return Detections.from_frames(sampled, found, detector.fingerprint)


def track_frames(detections: Detections, rate: Fraction, tracking: Tracking) -> MotRows:
    """Track the sampled frames.

    Args:
        detections: Of one clip that begins with the first frame of the sequence.
        rate: Frames per second of the sequence.
        tracking: Tracker and refinement.

    Returns:
        The tracks; frames are numbered as in the whole sequence.

    Raises:
        ParameterError: There is no such tracker or option.
    """
    clips, params = [(0, detections)], tracking.params
    if tracking.refine:
        # of any size: boxes are not cut at the border
        video = TrackedVideo(rate, frame_stride=1, width=1, height=1)
        return MotRows.from_tracks(track_beyond_border(clips, video, params))
    tracker = create_tracker(params.tracker, float(rate), params.tracker_options)
    return MotRows.from_tracks(associate(tracker, Detections.from_clips(clips, params.confidence)).tracks())


def _rate(info: SequenceInfo, ground_truth: Path, tracking: Tracking) -> Fraction:
    rate = info.rate or tracking.frame_rate
    if rate is None:
        raise InputError(
            f"The frame rate of {ground_truth} is not known: no {SEQUENCE_INFO_NAME} has frameRate; give it such as "
            "--frame-rate 25."
        )
    return rate


def _frames(info: SequenceInfo, last_frames: Mapping[Path, int], half: Half | None) -> range:
    """The frames to score, after a check of the last frame that has a box in each file."""
    frame_count = info.frame_count or max(last_frames.values())
    for file, last_frame in last_frames.items():
        if last_frame > frame_count:
            raise InputError(f"{file} has a box in frame {last_frame} of a sequence of {frame_count} frames.")
    return frames_to_score(frame_count, half)
