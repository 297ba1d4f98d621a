"""Gaps in tracks: boxes between two that were found, as far as the movement in the video allows."""

import math
from fractions import Fraction

import numpy as np

from videoprep_nb.core.boxes import from_cxywh, iou_of_pairs
from videoprep_nb.core.timecode import seconds
from videoprep_nb.tracking.refine.line_fit import TrackRows
from videoprep_nb.tracking.refine.misses import simulate_gaps
from videoprep_nb.tracking.tracks import Tracks

_SIMULATED_S = (0.2, 0.5, 1.0, 2.0)
_MIN_MEASURED = 10  # gaps of a length
_USUAL_IOU, _DOUBT = (
    0.85,
    300,
)  # n possible gaps count by n / (n + _DOUBT), what is usual of people who walk by the rest
_MIN_IOU = 0.7  # with the box in the middle of gaps cut into tracks; real gaps, where people are occluded, are harder


def safe_gap_s(tracks: Tracks, rate: Fraction, frame_stride: int) -> float:
    """Longest gap that can be filled in a video, measured in gaps cut into its tracks.

    In the middle of such a gap, the interpolated box overlaps the box that was found there with a mean IoU of at least
    0.7. Between the lengths measured (0.2, 0.5, 1 and 2 s) the IoU is interpolated. Short videos, which have room for
    few gaps, draw it to 0.85: in a few hundred boxes one occlusion decides.

    Args:
        tracks: The tracks, without interpolated boxes.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.

    Returns:
        Seconds from the box before a gap to the box after it; infinite where no measured gap is too long.
    """
    if not len(tracks):
        return math.inf
    rows = TrackRows(tracks, rate)
    length_s, iou = [0.0], [1.0]
    for gaps in simulate_gaps(rows, _SIMULATED_S, frame_stride):
        half = round(gaps.gap_s * rows.rate / frame_stride / 2) * frame_stride
        middle = rows.later(gaps.before, half)
        seen = np.flatnonzero((middle > gaps.before) & (middle < gaps.after))
        if len(seen) >= _MIN_MEASURED:
            before, middle, after = gaps.before[seen], middle[seen], gaps.after[seen]
            weight = half / (gaps.gap_s * rows.rate)
            boxes = (1 - weight) * rows.boxes_cxywh[before] + weight * rows.boxes_cxywh[after]
            found = iou_of_pairs(from_cxywh(boxes), from_cxywh(rows.boxes_cxywh[middle]))
            trust = gaps.possible_count / (gaps.possible_count + _DOUBT)
            length_s.append(gaps.gap_s)
            iou.append(min(iou[-1], trust * float(found.mean()) + (1 - trust) * _USUAL_IOU))
    if iou[-1] >= _MIN_IOU:
        return math.inf
    return float(np.interp(-_MIN_IOU, -np.array(iou), length_s))


def fill_gaps(tracks: Tracks, max_gap_s: float, rate: Fraction, frame_stride: int) -> Tracks:
    """Fill gaps in tracks by linear interpolation; the boxes carry the mean score of their two neighbours.

    Frames that were not sampled, because of the stride, are always filled between two that were.

    Args:
        tracks: The tracks.
        max_gap_s: Longest time in which a person was not detected, in seconds, that is filled.
        rate: Frames of the video per second.
        frame_stride: Frames of the video from one sampled frame to the next.
    """
    max_step = frame_stride + math.floor(seconds(max_gap_s) * rate)
    steps = np.diff(tracks.frame_index)
    before = np.flatnonzero((np.diff(tracks.track_id) == 0) & (steps > 1) & (steps <= max_step))
    filled = steps[before] - 1
    row = np.repeat(before, filled)
    place = np.arange(len(row)) - np.repeat(np.cumsum(filled) - filled, filled) + 1
    weight = (place / steps[row])[:, None]
    return Tracks.from_arrays(
        frame_index=np.concatenate([tracks.frame_index, tracks.frame_index[row] + place]),
        track_id=np.concatenate([tracks.track_id, tracks.track_id[row]]),
        boxes_xyxy=np.concatenate(
            [tracks.boxes_xyxy, (1 - weight) * tracks.boxes_xyxy[row] + weight * tracks.boxes_xyxy[row + 1]]
        ),
        scores=np.concatenate([tracks.scores, (tracks.scores[row] + tracks.scores[row + 1]) / 2]),
        interpolated=np.concatenate([tracks.interpolated, np.ones(len(row), dtype=np.bool_)]),
    )
