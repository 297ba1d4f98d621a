"""Black bars around the content of a frame, which hide where people leave."""

import numpy as np
import numpy.typing as npt

_BLACK = 32  # the brightest value of a bar, with the noise of its coding
_MIN_SHARE = 0.02  # of the pixels of a row or column that must be brighter
_STEP_PX = 4


def inside_bars(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The part of a frame that is not black.

    Args:
        frame: ``(height, width, 3)`` uint8 RGB.

    Returns:
        ``(4,)`` x1 y1 x2 y2 in [0, 1]; the whole frame if all of it is black.
    """
    bright = (frame[::_STEP_PX, ::_STEP_PX] > _BLACK).any(axis=2)
    left, right = _extent(bright.mean(axis=0))
    top, bottom = _extent(bright.mean(axis=1))
    return np.array([left, top, right, bottom])


def _extent(shares: npt.NDArray[np.float64]) -> tuple[float, float]:
    lit = np.flatnonzero(shares > _MIN_SHARE)
    return (lit[0] / len(shares), (lit[-1] + 1) / len(shares)) if len(lit) else (0.0, 1.0)
