"""How far we are from perfect association: ``python -m benchmarks.oracle`` renews the table in the guide.

The same sequences and figures as in ``benchmarks.tracker_table``. A box belongs to the person of the ground truth on
whom it lies (IoU of 0.5 or more, at most one box per person and frame, the greatest sum). The rows:

- our tracks, at the defaults;
- the boxes of our tracks, ids by the ground truth; boxes on nobody keep theirs;
- our tracklets, on which both runs of the tracker agree, each the person of most of its boxes; smoothed and filled;
- all detections from ``confidence`` on that lie on a person, ids by the ground truth; smoothed and filled.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from benchmarks.guides import replace_table
from benchmarks.tracker_table import BENCHMARKS, MOT15_RATE, ROOT, Benchmark
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.associate import associate, normalize_scores
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.evaluation.evaluate import read_frames
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth
from videoprep_nb.tracking.evaluation.score import SequenceResult, combine, score_sequence
from videoprep_nb.tracking.evaluation.sequence import frames_to_score, read_sequence_info
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import agreed_tracklets, fill_gaps, smooth_boxes
from videoprep_nb.tracking.track import TrackedVideo, track_beyond_border
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import Tracks

GUIDE = ROOT / "docs" / "tracking.md"
COMMAND = "python -m benchmarks.oracle"
NOBODY = -1
_MIN_IOU = 0.5

_Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoredSequence:
    """A sequence with its ground truth.

    Args:
        name: Its name.
        truth: The persons that count, in the frames that are scored.
        frames: Numbers of the frames that are scored.
        found: The detections in these frames.
        rate: Frames per second.
    """

    name: str
    truth: MotRows
    frames: range
    found: Detections
    rate: Fraction


def main() -> None:
    """Measure, print the table and write it into the guide."""
    table = "\n\n".join(_table(benchmark) for benchmark in BENCHMARKS) + "\n"
    print(table)
    replace_table(GUIDE, COMMAND, table)


def _table(benchmark: Benchmark) -> str:
    rows: dict[str, Callable[[ScoredSequence], Tracks]] = {
        "our tracks": our_tracks,
        "boxes of our tracks, perfect ids": our_boxes,
        "our tracklets, perfectly linked": our_tracklets,
        "all detections, perfect ids": all_detections,
    }
    sequences = [read_sequence(benchmark, folder) for folder in benchmark.folders]
    lines = [f"{benchmark.title}:", "", "| | HOTA | DetA | AssA | MOTA | IDF1 |", "|---|---|---|---|---|---|"]
    for title, tracks_of in rows.items():
        sys.stderr.write(f"{benchmark.title}: {title} …\n")
        scores = combine([_result(sequence, tracks_of(sequence)) for sequence in sequences])
        figures = (scores.HOTA, scores.DetA, scores.AssA, scores.MOTA, scores.IDF1)
        lines.append(f"| {title} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")
    return "\n".join(lines)


def read_sequence(benchmark: Benchmark, folder: Path) -> ScoredSequence:
    """Read a sequence of a benchmark."""
    ground_truth = folder / "gt" / "gt.txt"
    info, truth = read_sequence_info(ground_truth), read_ground_truth(ground_truth)
    detector = PrecomputedDetector.from_file(folder / benchmark.detections)
    frame_count = info.frame_count or max(truth.frame_count, detector.frame_count)
    frames = frames_to_score(frame_count, benchmark.half)
    found = read_frames(detector, frames)
    return ScoredSequence(info.name, truth.in_frames(frames), frames, found, info.rate or MOT15_RATE)


def our_tracks(sequence: ScoredSequence) -> Tracks:
    """The tracks of the defaults."""
    video = TrackedVideo(sequence.rate, frame_stride=1, width=1, height=1)
    return track_beyond_border([(0, sequence.found)], video, TrackingParams())


def our_boxes(sequence: ScoredSequence) -> Tracks:
    """The boxes of our tracks with perfect ids."""
    tracks = our_tracks(sequence)
    person = persons(sequence.truth, tracks)
    kept = tracks.track_id + sequence.truth.object_id.max(initial=0) + 1
    return replace(tracks, track_id=np.where(person == NOBODY, kept, person + 1)).ordered()


def our_tracklets(sequence: ScoredSequence) -> Tracks:
    """Our tracklets, linked to the persons of most of their boxes."""
    found = Detections.from_clips([(0, sequence.found)], TrackingParams().confidence)
    seen, rate = normalize_scores(found), float(sequence.rate)
    forward, backward = (
        associate(create_tracker(TrackingParams().tracker, rate, []), seen, backward=backward)
        for backward in (False, True)
    )
    tracks = agreed_tracklets(forward, backward, found.scores).tracks
    person = persons(sequence.truth, tracks)
    tracklet = np.unique(tracks.track_id, return_inverse=True)[1]
    votes = np.zeros((tracklet.max(initial=-1) + 1, sequence.truth.object_id.max(initial=0) + 1), dtype=np.int64)
    np.add.at(votes, (tracklet[person != NOBODY], person[person != NOBODY]), 1)
    majority = np.where(votes.any(axis=1), votes.argmax(axis=1), NOBODY)[tracklet]
    # where two tracklets of one person overlap in time, the box that lies on the person stays
    order = np.lexsort((person != majority, majority, tracks.frame_index))
    pairs = np.stack([tracks.frame_index, majority], axis=1)[order]
    first = order[np.unique(pairs, axis=0, return_index=True)[1]]
    return _refined(replace(tracks, track_id=majority + 1).rows(first[majority[first] != NOBODY]), sequence.rate)


def all_detections(sequence: ScoredSequence) -> Tracks:
    """All detections that lie on a person, with perfect ids."""
    found = Detections.from_clips([(0, sequence.found)], TrackingParams().confidence)
    tracks = Tracks.from_arrays(found.frame_index, np.arange(len(found)) + 1, found.boxes_xyxy, found.scores)
    person = persons(sequence.truth, tracks)
    return _refined(replace(tracks, track_id=person + 1).rows(person != NOBODY), sequence.rate)


def persons(truth: MotRows, tracks: Tracks) -> _Ids:
    """``(N,)`` on whom of the ground truth each box lies; ``NOBODY`` for none."""
    truth = truth.rows((truth.scores > 0) & (truth.classes == 1))
    corner = truth.boxes_xywh[:, :2] - 1
    truth_xyxy = np.hstack([corner, corner + truth.boxes_xywh[:, 2:]])
    person = np.full(len(tracks), NOBODY, dtype=np.int64)
    for rows in tracks.rows_by_frame():
        true_rows = np.flatnonzero(truth.frame_number == tracks.frame_index[rows[0]] + 1)
        overlap = iou_matrix(tracks.boxes_xyxy[rows], truth_xyxy[true_rows])
        box, true = linear_sum_assignment(np.where(overlap >= _MIN_IOU, overlap, 0), maximize=True)
        lies = overlap[box, true] >= _MIN_IOU
        person[rows[box[lies]]] = truth.object_id[true_rows[true[lies]]]
    return person


def _refined(tracks: Tracks, rate: Fraction) -> Tracks:
    return fill_gaps(smooth_boxes(tracks.ordered(), rate), TrackingParams().max_gap_s, rate, frame_stride=1)


def _result(sequence: ScoredSequence, tracks: Tracks) -> SequenceResult:
    return score_sequence(sequence.name, sequence.truth, MotRows.from_tracks(tracks), sequence.frames)


if __name__ == "__main__":
    main()
