"""The Kalman filter of a box that moves steadily (Bewley et al. 2016, section 3.2), on filterpy."""

import numpy as np
import numpy.typing as npt
from filterpy.kalman import KalmanFilter

from videoprep_nb.core.boxes import FloatArray

# State: u, v (centre), s (area), r (width / height), and the change of u, v and s from frame to frame; r stays.
_TRANSITION = np.eye(7)
_TRANSITION[[0, 1, 2], [4, 5, 6]] = 1
_MEASUREMENT = np.eye(4, 7)

# The paper gives no variances; with these SORT gives the figures published for it (a test holds them). Velocities
# cannot be seen at first, so their variance begins high; they change slowly, so their noise is low.
_MEASUREMENT_NOISE = np.diag([1.0, 1.0, 10.0, 10.0])
_FIRST_COVARIANCE = np.diag([10.0, 10.0, 10.0, 10.0, 1e4, 1e4, 1e4])
_PROCESS_NOISE = np.diag([1.0, 1.0, 1.0, 1.0, 1e-2, 1e-2, 1e-4])


class BoxFilter:
    """Position, size and velocity of one box; its time step is one tracked frame.

    Args:
        box_xyxy: ``(4,)`` the first box, in pixels.
    """

    def __init__(self, box_xyxy: FloatArray) -> None:
        self._kalman = KalmanFilter(dim_x=7, dim_z=4)
        self._kalman.F, self._kalman.H = _TRANSITION, _MEASUREMENT
        self._kalman.R, self._kalman.Q, self._kalman.P = _MEASUREMENT_NOISE, _PROCESS_NOISE, _FIRST_COVARIANCE
        self._kalman.x[:4] = _to_measurement(box_xyxy)

    def predict(self) -> None:
        """Go to the next frame."""
        area, area_change = self._kalman.x[[2, 6], 0]
        if area + area_change <= 0:  # a box that shrinks steadily must not vanish
            self._kalman.x[6] = 0
        self._kalman.predict()

    def update(self, box_xyxy: FloatArray) -> None:
        """Take in the box found in this frame, ``(4,)`` pixels."""
        self._kalman.update(_to_measurement(box_xyxy))

    @property
    def box_xyxy(self) -> npt.NDArray[np.float64]:
        """``(4,)`` the box as estimated for this frame, in pixels."""
        u, v, area, aspect = self._kalman.x[:4, 0]
        width = np.sqrt(area * aspect)
        height = area / width
        return np.array([u - width / 2, v - height / 2, u + width / 2, v + height / 2])


def _to_measurement(box_xyxy: FloatArray) -> npt.NDArray[np.float64]:
    x1, y1, x2, y2 = box_xyxy.astype(np.float64)
    width, height = x2 - x1, y2 - y1
    return np.array([[(x1 + x2) / 2], [(y1 + y2) / 2], [width * height], [width / height]])
