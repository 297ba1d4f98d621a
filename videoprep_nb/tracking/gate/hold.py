"""Boxes in the frames that were not detected, because nothing had moved."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import Detections

_SAME_IOU = 0.5


def hold_still(found: Detections, sampled: npt.NDArray[np.int64], motion: npt.NDArray[np.float32]) -> Detections:
    """Fill in the frames that the detector did not see.

    A person who is in the same place (IoU of 0.5 or more) in the detected frames on both sides was there all the time:
    boxes go evenly from one to the other, scores are the mean of both, features those of the first. Who is on one side
    only is not held.

    Args:
        found: Detections of a clip; every frame left out lies between two of them.
        sampled: ``(K,)`` int64, all sampled frames, increasing.
        motion: ``(K,)`` float32, what the gate measured in them.

    Returns:
        Detections of all sampled frames, in the order of frames; ``held`` says which ones were filled in.

    Example:
        >>> found = Detections.from_arrays([0, 4], [[10, 20, 50, 120], [14, 20, 54, 120]], [0.9, 0.7], [0, 4])
        >>> whole = hold_still(found, np.arange(5), np.zeros(5, np.float32))
        >>> whole.held.tolist(), whole.boxes_xyxy[:, 0].tolist(), whole.scores[2].round(2)
        ([1, 2, 3], [10.0, 11.0, 12.0, 13.0, 14.0], np.float32(0.8))
    """
    held = np.setdiff1d(sampled, found.sampled)
    places = np.searchsorted(found.sampled, held)
    parts = [found]
    for place in np.unique(places).tolist():
        parts.append(_between(found, place - 1, held[places == place]))
    whole = replace(found, sampled=sampled.astype(np.int64), held=held, motion=motion, **Detections.stacked(parts))
    return whole.rows(np.argsort(whole.frame_index, kind="stable"))


def _between(found: Detections, place: int, frames: npt.NDArray[np.int64]) -> Detections:
    """The persons in some frames between a detected one and the next."""
    before, after = found.sampled[place : place + 2].tolist()
    rows = [np.arange(*np.searchsorted(found.frame_index, [frame, frame + 1])) for frame in (before, after)]
    iou = iou_matrix(*(found.boxes_xyxy[part].astype(np.float64) for part in rows))
    pairs = linear_sum_assignment(np.where(iou >= _SAME_IOU, iou, 0), maximize=True)
    is_same = iou[pairs] >= _SAME_IOU
    first, second = (part[pair[is_same]] for part, pair in zip(rows, pairs, strict=True))
    weight = np.repeat((frames - before) / (after - before), len(first))[:, None]
    first, second = np.tile(first, len(frames)), np.tile(second, len(frames))
    boxes = (1 - weight) * found.boxes_xyxy[first] + weight * found.boxes_xyxy[second]
    columns: dict[str, Any] = {
        "frame_index": np.repeat(frames, len(first) // max(1, len(frames))),
        "boxes_xyxy": boxes.astype(np.float32),
        "scores": (found.scores[first] + found.scores[second]) / 2,
    }
    return replace(found.rows(first), **columns)
