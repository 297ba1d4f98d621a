"""Hide regions of a frame."""

from collections.abc import Iterator
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted
from videoprep_nb.privacy.regions import Regions
from videoprep_nb.tracking.detectors.base import RgbFrame

How = Literal["blur", "pixelate", "box"]
"""``blur``: a few colours that run into each other; ``pixelate``: the same as tiles; ``box``: black."""

_MAX_CELLS = 3  # across the shorter side of a region: fewer than a face has features
_MIN_CELL_PX = 16  # with smaller ones, detectors still found faces that are ten pixels high, by their surroundings

_Mask = npt.NDArray[np.bool_]
_Place = tuple[slice, slice]


def cover(frame: RgbFrame, regions: Regions, how: How) -> RgbFrame:
    """Hide regions of a frame.

    What is left of a region are the mean colours of a few large cells, however large the region is: a smooth filter
    of a fixed width would leave large faces recognizable. Only pixels inside a box count for its colours; those of a
    polygon are of the rectangle around it.

    Args:
        frame: ``(height, width, 3)`` uint8 RGB; it stays as it is.
        regions: What is hidden.
        how: How it is hidden.

    Returns:
        A frame of the same size whose pixels outside of the regions are those of the frame; ``frame`` itself if there
        are no regions.

    Raises:
        ParameterError: There is no such way to hide a region.

    Example:
        >>> grey = np.full((720, 1280, 3), 128, np.uint8)
        >>> covered = cover(grey, Regions.of_boxes(np.array([[100, 50, 200, 150]]), 1280, 720), "box")
        >>> int(covered[50:150, 100:200].max()), int((covered == 128).all(axis=2).sum()) == 1280 * 720 - 100 * 100
        (0, True)
    """
    if how not in get_args(How):
        raise ParameterError("how", f"got {quoted(how)}, expected {', '.join(get_args(How))}")
    if not regions:
        return frame
    covered = frame.copy()
    height, width = frame.shape[:2]
    for place, mask in _places(regions, width, height):
        hidden = _hidden(covered[place], how)
        if mask is None:
            covered[place] = hidden
        else:
            covered[place][mask] = hidden[mask]
    return covered


def _places(regions: Regions, width: int, height: int) -> Iterator[tuple[_Place, _Mask | None]]:
    """The rectangle of each region in the frame, and its pixels in there; None: all of them."""
    size = np.array([width, height])
    for box in regions.boxes_xyxyn.astype(np.float64).reshape(-1, 2, 2) * size:
        if (place := _place(box, size)) is not None:
            yield place, None
    for shares in regions.polygons_xyn:
        corners = shares.astype(np.float64) * size
        if (place := _place(corners, size)) is not None:
            yield place, _inside(corners, place)


def _place(corners: npt.NDArray[np.float64], size: npt.NDArray[np.int64]) -> _Place | None:
    """All pixels that points ``(K, 2)`` enclose, also those at the rim; None outside of the frame."""
    # float32 shares of whole pixels must not spill into the next one
    left, top = np.floor(corners.min(axis=0) + 1e-3).clip(0, size).astype(int).tolist()
    right, bottom = np.ceil(corners.max(axis=0) - 1e-3).clip(0, size).astype(int).tolist()
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def _inside(corners: npt.NDArray[np.float64], place: _Place) -> _Mask:
    """The pixels of a rectangle that a polygon touches."""
    rows, columns = place
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    points = np.floor(corners - [columns.start, rows.start]).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return mask.astype(bool)


def _hidden(patch: RgbFrame, how: How) -> RgbFrame:
    if how == "box":
        return np.zeros_like(patch)
    height, width = patch.shape[:2]
    cell_px = max(min(width, height) / _MAX_CELLS, _MIN_CELL_PX)
    cells = cv2.resize(
        patch, (max(1, round(width / cell_px)), max(1, round(height / cell_px))), interpolation=cv2.INTER_AREA
    )
    enlarge = cv2.INTER_NEAREST if how == "pixelate" else cv2.INTER_LINEAR
    hidden: RgbFrame = cv2.resize(cells, (width, height), interpolation=enlarge)
    return hidden
