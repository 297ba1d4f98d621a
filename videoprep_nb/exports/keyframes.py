"""Sparse keyframes: the few boxes of a track that give all others by linear interpolation.

The fewest keyframes are a shortest path over valid segments (Imai and Iri 1988, Polygonal approximations of a curve).
Going to the farthest valid end each time comes within 5 % of that number at a hundredth of the time; the better of both
directions within 3 %.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import area

DECIMALS = 2
"""Decimals of a coordinate in the files that we write."""
MAX_SEGMENT_FRAMES = 150
"""Longest distance of two keyframes; it bounds the time per keyframe."""

_CANDIDATES_AT_ONCE = 8
_STEPS = np.arange(1.0, MAX_SEGMENT_FRAMES + 1)[:, None]
_MARGIN = 1e-9  # other programs interpolate in another order of operations

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.int64]


def select_keyframes(frame_index: npt.ArrayLike, boxes_xyxy: npt.ArrayLike, min_iou: float) -> IndexArray:
    """Select the boxes of one track from which linear interpolation gives every other box.

    Boxes are compared as they are written, with two decimals. The first and the last box of each run of consecutive
    frames are keyframes, so nothing is interpolated across a gap.

    Args:
        frame_index: ``(N,)`` frames in ascending order, none twice.
        boxes_xyxy: ``(N, 4)`` boxes in pixels.
        min_iou: Every interpolated box has at least this IoU with the given one; 1 keeps every box.

    Returns:
        ``(K,)`` rows of the keyframes, ascending.

    Raises:
        ValueError: The frames do not ascend.

    Example:
        >>> frames = [0, 1, 2, 3, 7]
        >>> boxes = [[0, 0, 10, 20], [1, 0, 11, 20], [2, 0, 12, 20], [3, 0, 13, 20], [9, 0, 19, 20]]
        >>> select_keyframes(frames, boxes, min_iou=0.9).tolist()
        [0, 3, 4]
    """
    frames = np.asarray(frame_index, np.int64)
    boxes = np.round(np.asarray(boxes_xyxy, np.float64).reshape(-1, 4), DECIMALS)
    if (np.diff(frames) <= 0).any():
        raise ValueError("the frames of a track must ascend")
    if min_iou >= 1:
        return np.arange(len(frames))
    keyframes = [_run_keyframes(boxes[start:end], min_iou) + start for start, end in runs(frames)]
    return np.concatenate([np.zeros(0, np.int64), *keyframes])


def runs(frame_index: IndexArray) -> list[tuple[int, int]]:
    """Rows of each run of consecutive frames, as start and end (excluded)."""
    if not len(frame_index):
        return []
    breaks = np.flatnonzero(np.diff(frame_index) != 1) + 1
    bounds = [0, *breaks.tolist(), len(frame_index)]
    return list(pairwise(bounds))


def _run_keyframes(boxes: FloatArray, min_iou: float) -> IndexArray:
    """Keyframes of consecutive boxes: the fewer of those found from the first box on and from the last one back."""
    forwards = _farthest_first(boxes, min_iou)
    backwards = len(boxes) - 1 - _farthest_first(boxes[::-1], min_iou)[::-1]
    return min(forwards, backwards, key=len)


def _farthest_first(boxes: FloatArray, min_iou: float) -> IndexArray:
    """Keyframes of consecutive boxes: from each one to the farthest valid end."""
    edges, bounds = _both_ways(boxes), _bounds(boxes, min_iou)
    keyframes = [0]
    while keyframes[-1] < len(boxes) - 1:
        keyframes.append(_farthest_valid_end(boxes, edges, bounds, keyframes[-1], min_iou))
    return np.array(keyframes, np.int64)


def _both_ways(edges: FloatArray) -> FloatArray:
    """``(N, 4)`` numbers and their negatives, ``(N, 8)``: an upper bound becomes a lower one of the negative."""
    return np.hstack([edges, -edges])


def _bounds(boxes: FloatArray, min_iou: float) -> FloatArray:
    """Lower bounds of the edges, both ways, of boxes that can reach the IoU at all.

    The IoU of two boxes is at most that of their extents on one axis, which bounds each edge by itself.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    outwards, inwards = sides * (1 / min_iou - 1), sides * (1 - min_iou)
    return _both_ways(boxes) - np.hstack([outwards, inwards, inwards, outwards])


def _farthest_valid_end(boxes: FloatArray, edges: FloatArray, bounds: FloatArray, start: int, min_iou: float) -> int:
    """The last box within reach so that interpolation from the start gives all boxes between.

    Validity is not monotone in the end, so all ends are candidates. Only those are compared box by box whose slope
    lies within the bounds of all boxes on the way.
    """
    window = slice(start + 1, start + 1 + MAX_SEGMENT_FRAMES)
    steps = _STEPS[: len(boxes[window])]
    slopes = (edges[window] - edges[start]) / steps
    least_slopes = np.maximum.accumulate((bounds[window] - edges[start]) / steps)
    candidates = np.flatnonzero((slopes >= least_slopes).all(axis=1))[::-1]
    for first in range(0, len(candidates), _CANDIDATES_AT_ONCE):
        offsets = candidates[first : first + _CANDIDATES_AT_ONCE]
        between = steps[: offsets[0]]
        interpolated = boxes[start] + slopes[offsets, None, :4] * between
        close = _reach_iou(interpolated, boxes[start + 1 : start + 1 + offsets[0]], min_iou + _MARGIN)
        valid = (close | (between[:, 0] > offsets[:, None])).all(axis=1)
        if valid.any():
            return start + 1 + int(offsets[valid.argmax()])
    return start + 1  # nothing lies between, so nothing can be wrong


def _reach_iou(a_xyxy: FloatArray, b_xyxy: FloatArray, min_iou: float) -> npt.NDArray[np.bool_]:
    """Whether pairs of boxes have an IoU; without the division, as this is where the time goes."""
    sides = np.minimum(a_xyxy[..., 2:], b_xyxy[..., 2:]) - np.maximum(a_xyxy[..., :2], b_xyxy[..., :2])
    sides = np.maximum(sides, 0)
    intersection = sides[..., 0] * sides[..., 1]
    reached: npt.NDArray[np.bool_] = intersection * (1 + min_iou) >= min_iou * (area(a_xyxy) + area(b_xyxy))
    return reached
