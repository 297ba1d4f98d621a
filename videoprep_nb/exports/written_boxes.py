"""Boxes as files hold them: to a hundredth of a pixel."""

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import to_xywh
from videoprep_nb.exports.keyframes import DECIMALS


def written_xyxy(boxes_xyxy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Rounded boxes.

    Args:
        boxes_xyxy: ``(N, 4)`` x1 y1 x2 y2 in pixels; an empty list is no box.
    """
    return np.round(np.asarray(boxes_xyxy, np.float64).reshape(-1, 4), DECIMALS)


def written_xywh(boxes_xyxy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Rounded boxes as x, y, width and height, from which the rounded corners come back.

    Args:
        boxes_xyxy: ``(N, 4)`` x1 y1 x2 y2 in pixels; an empty list is no box.

    Example:
        >>> written_xywh([[1.001, 2, 11.5, 22.25]]).tolist()
        [[1.0, 2.0, 10.5, 20.25]]
    """
    return np.asarray(np.round(to_xywh(written_xyxy(boxes_xyxy)), DECIMALS), np.float64)
