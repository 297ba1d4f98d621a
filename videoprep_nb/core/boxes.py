"""Arithmetic on boxes.

Boxes are float arrays ``(N, 4)``: x1, y1, x2, y2 in absolute pixels, x1 < x2 and y1 < y2,
origin in the upper left corner of the frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def area(boxes_xyxy: FloatArray) -> FloatArray:
    """Areas of boxes.

    Args:
        boxes_xyxy: ``(N, 4)`` boxes in pixels, or an array of any shape that ends in 4.

    Returns:
        ``(N,)`` areas in square pixels.
    """
    return (boxes_xyxy[..., 2] - boxes_xyxy[..., 0]) * (boxes_xyxy[..., 3] - boxes_xyxy[..., 1])


def iou_matrix(a_xyxy: FloatArray, b_xyxy: FloatArray) -> FloatArray:
    """Intersection over union of every box of one set with every box of another.

    Args:
        a_xyxy: ``(N, 4)`` boxes.
        b_xyxy: ``(M, 4)`` boxes.

    Returns:
        ``(N, M)`` values in [0, 1].
    """
    return iou_of_pairs(a_xyxy[:, None], b_xyxy[None])


def iou_of_pairs(a_xyxy: FloatArray, b_xyxy: FloatArray) -> FloatArray:
    """Intersection over union of each box with the one in the same place of another array.

    Args:
        a_xyxy: ``(N, 4)`` boxes, or any shapes that broadcast.
        b_xyxy: ``(N, 4)`` boxes.

    Returns:
        ``(N,)`` values in [0, 1].
    """
    upper_left = np.maximum(a_xyxy[..., :2], b_xyxy[..., :2])
    lower_right = np.minimum(a_xyxy[..., 2:], b_xyxy[..., 2:])
    sides = np.maximum(lower_right - upper_left, 0)
    intersection = sides[..., 0] * sides[..., 1]
    union = area(a_xyxy) + area(b_xyxy) - intersection
    iou: FloatArray = np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)
    return iou


def height_modulated_iou_matrix(
    a_xyxy: npt.NDArray[np.float64], b_xyxy: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """IoU of every box of one set with every box of another, times the IoU of their vertical extents.

    People who stand behind each other overlap, but seldom share top and bottom. This separates them better than the
    IoU alone (Yang et al. 2024, arXiv:2308.00783).

    Args:
        a_xyxy: ``(N, 4)`` boxes.
        b_xyxy: ``(M, 4)`` boxes.

    Returns:
        ``(N, M)`` values in [0, 1].
    """
    a_left, a_top, a_right, a_bottom = a_xyxy.T[..., None]
    b_left, b_top, b_right, b_bottom = b_xyxy.T[:, None]
    width = np.maximum(np.minimum(a_right, b_right) - np.maximum(a_left, b_left), 0)
    height = np.maximum(np.minimum(a_bottom, b_bottom) - np.maximum(a_top, b_top), 0)
    intersection = width * height
    union = area(a_xyxy)[:, None] + area(b_xyxy) - intersection
    extent = np.maximum(a_bottom, b_bottom) - np.minimum(a_top, b_top)
    similarity: npt.NDArray[np.float64] = intersection * height / (union * extent)
    return similarity


def to_xywh(boxes_xyxy: FloatArray) -> FloatArray:
    """``(N, 4)`` corners to the upper left corner, width and height."""
    return np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)


def to_cxywh(boxes_xyxy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``(N, 4)`` corners to centre x and y, width and height."""
    upper_left, lower_right = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    return np.concatenate([(upper_left + lower_right) / 2, lower_right - upper_left], axis=1)


def from_cxywh(boxes_cxywh: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``(N, 4)`` centre x and y, width and height to corners."""
    centre, half = boxes_cxywh[:, :2], boxes_cxywh[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def union_of_boxes(boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """The smallest box around boxes ``(4,)``; ``(0,)`` if there are none."""
    if not len(boxes_xyxy):
        return np.zeros(0, np.float32)
    corners = np.stack(boxes_xyxy)
    return np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])


def clip_to_frame(boxes_xyxy: FloatArray, width: int, height: int) -> FloatArray:
    """Clip boxes to the frame.

    Args:
        boxes_xyxy: ``(N, 4)`` boxes in pixels.
        width: Width of the frame in pixels.
        height: Height of the frame in pixels.

    Returns:
        A new ``(N, 4)`` array; a box that lay outside altogether has no area.
    """
    limits = np.array([width, height, width, height], dtype=boxes_xyxy.dtype)
    return np.clip(boxes_xyxy, 0, limits)


@dataclass(frozen=True)
class FrameTransform:
    """How a point of the source frame maps to the standard frame: ``standard = source * scale + offset``.

    The source frame is the one that a player shows: rotated as the flag says, its pixels as stored
    (a pixel aspect other than 1:1 is part of ``scale_x``).

    Args:
        scale_x: Standard pixels per source pixel, horizontally.
        scale_y: The same vertically.
        offset_x: Left edge of the source frame in the standard frame, in pixels; negative when cropped.
        offset_y: Upper edge likewise.
    """

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float

    def to_standard(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Map ``(N, 4)`` source boxes to the standard frame."""
        return boxes_xyxy * self._scale() + self._offset()

    def to_source(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Map ``(N, 4)`` boxes of the standard frame back to the source frame."""
        return (boxes_xyxy - self._offset()) / self._scale()

    def _scale(self) -> FloatArray:
        return np.array([self.scale_x, self.scale_y, self.scale_x, self.scale_y])

    def _offset(self) -> FloatArray:
        return np.array([self.offset_x, self.offset_y, self.offset_x, self.offset_y])
