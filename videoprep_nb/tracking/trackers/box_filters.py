"""Kalman filters of many boxes at once: constant velocity, the same for x, y, width and height.

Position, width and height do not depend on each other, and all variances are given in units of the height of the box,
which therefore cancels out of the gains: what a filter needs is the 2 × 2 covariance of one coordinate and its
velocity, so that a frame costs a handful of operations on arrays, however many persons there are.
"""

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64]

# Variances in units of the height of the box and in seconds. At 30 frames per second they give the gains of ByteTrack
# (https://arxiv.org/abs/2110.06864), whose filter counts frames; written per second they hold at any rate.
_MEASURED = 0.05**2
_DRIFT_PER_S = 0.27**2
_ACCELERATION_PER_S = 0.5**2
_FIRST_POSITION = 0.1**2
_FIRST_VELOCITY = 1.9**2


class BoxFilters:
    """Where persons are and where they go, one row per person.

    Attributes:
        boxes_cxywh: ``(N, 4)`` float64, centre x and y, width and height in pixels, as estimated for this frame.
    """

    def __init__(self) -> None:
        self.boxes_cxywh: _Array = np.zeros((0, 4))
        self._velocity: _Array = np.zeros((0, 4))
        self._covariance: _Array = np.zeros((0, 3))  # of position, of position and velocity, of velocity

    def __len__(self) -> int:
        return len(self.boxes_cxywh)

    def predict(self, step_s: float, is_lost: npt.NDArray[np.bool_]) -> None:
        """Go on by one frame.

        Args:
            step_s: Time from frame to frame in seconds.
            is_lost: ``(N,)`` persons who were not found in the last frame: they keep their size.
        """
        velocity = self._velocity * np.where(is_lost[:, None], [1, 1, 0, 0], 1)
        self.boxes_cxywh += step_s * velocity
        self.boxes_cxywh[:, 2:] = np.maximum(self.boxes_cxywh[:, 2:], 1)
        position, both, speed = self._covariance.T
        position += 2 * step_s * both + step_s**2 * speed + step_s * _DRIFT_PER_S + step_s**3 / 3 * _ACCELERATION_PER_S
        both += step_s * speed + step_s**2 / 2 * _ACCELERATION_PER_S
        speed += step_s * _ACCELERATION_PER_S

    def shift(self, offset_xy: _Array) -> None:
        """Move all by ``(2,)`` pixels, because the camera has turned."""
        self.boxes_cxywh[:, :2] += offset_xy

    def update(self, rows: npt.NDArray[np.intp], boxes_cxywh: _Array) -> None:
        """Take in the boxes found for some persons.

        Args:
            rows: ``(K,)`` the persons.
            boxes_cxywh: ``(K, 4)`` their boxes in pixels.
        """
        position, both, speed = self._covariance[rows].T
        gain, velocity_gain = position / (position + _MEASURED), both / (position + _MEASURED)
        error = boxes_cxywh - self.boxes_cxywh[rows]
        self.boxes_cxywh[rows] += gain[:, None] * error
        self._velocity[rows] += velocity_gain[:, None] * error
        self._covariance[rows] = np.stack(
            [position * (1 - gain), both * (1 - gain), speed - velocity_gain * both], axis=1
        )

    def keep(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Forget all persons but these, ``(N,)``."""
        self.boxes_cxywh, self._velocity = self.boxes_cxywh[chosen], self._velocity[chosen]
        self._covariance = self._covariance[chosen]

    def add(self, boxes_cxywh: _Array) -> None:
        """Begin with ``(K, 4)`` new persons, whose velocity is not known."""
        count = len(boxes_cxywh)
        self.boxes_cxywh = np.concatenate([self.boxes_cxywh, boxes_cxywh])
        self._velocity = np.concatenate([self._velocity, np.zeros((count, 4))])
        first = np.tile([_FIRST_POSITION, 0, _FIRST_VELOCITY], (count, 1))
        self._covariance = np.concatenate([self._covariance, first])
