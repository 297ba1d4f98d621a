"""Boxes smoothed in both directions: a Kalman filter forward, and Rauch, Tung and Striebel's smoother backward.

How strongly a box is drawn to its neighbours is decided from the data (``refine.noise``): by its own score, by the
noise of the detector in this video, and by how fast this person changes velocity. The box of a dancer with a high score
stays where it is; the trembling box of a person who walks does not.

The equations are those of ``filterpy.kalman.KalmanFilter.rts_smoother`` (Rauch, Tung, Striebel 1965), whose result a
test compares; they are written anew because filterpy takes one track at a time and 0.1 ms for each box. Here all tracks
go side by side: the k-th boxes of all tracks are one step. Centre, width and height are independent and share their
covariance, for all noise is measured in heights of the person.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import from_cxywh, to_cxywh
from videoprep_nb.tracking.refine.noise import accelerations, measured_variances
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]

MAX_SHIFT = 0.1
"""No side of a box is moved by more than this part of the width or height of the detected box."""

_FIRST_VELOCITY = 10.0**2  # variance of the velocity at first, in squared heights of the person per second


@dataclass(frozen=True)
class _Noise:
    """What is known of each row, see ``refine.noise``.

    Args:
        measured: ``(N,)`` variance of the box.
        acceleration: ``(N,)`` variance that a second adds to the velocity.
    """

    measured: _Array
    acceleration: _Array


def smooth_boxes(tracks: Tracks, rate: Fraction) -> Tracks:
    """Smooth the boxes of tracks; a box does not leave the detected one by more than ``MAX_SHIFT``.

    Args:
        tracks: The tracks, without interpolated boxes.
        rate: Frames of the video per second.
    """
    if not len(tracks):
        return tracks
    first = np.flatnonzero(np.diff(tracks.track_id, prepend=-1))
    counts = np.diff(first, append=len(tracks))
    # the longest track first, so that those that have a k-th box are the first so many
    by_length = np.argsort(-counts, kind="stable")
    boxes, time_s = to_cxywh(tracks.boxes_xyxy), tracks.frame_index / float(rate)
    measured = measured_variances(tracks, time_s)
    noise = _Noise(measured, accelerations(tracks, time_s, measured))
    smoothed = from_cxywh(_smooth(boxes, time_s, noise, first[by_length], counts[by_length]))
    limit = MAX_SHIFT * np.tile(boxes[:, 2:], 2)
    return replace(tracks, boxes_xyxy=tracks.boxes_xyxy + np.clip(smoothed - tracks.boxes_xyxy, -limit, limit))


def _smooth(
    boxes: _Array, time_s: _Array, noise: _Noise, first: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]
) -> _Array:
    """Filter forward, smooth backward; tracks begin at the rows ``first`` and have ``counts`` rows, longest first."""
    position, velocity = boxes.copy(), np.zeros_like(boxes)
    covariance = np.zeros((len(boxes), 3))  # of position, of position and velocity, of velocity
    covariance[first, 0], covariance[first, 2] = noise.measured[first], _FIRST_VELOCITY
    active = np.searchsorted(-counts, -np.arange(1, counts[0]), side="left")  # tracks that have a row k, k = 1 …
    for k, number in enumerate(active.tolist(), start=1):
        row = first[:number] + k
        step_s = time_s[row] - time_s[row - 1]
        p, b, v = _predicted(covariance[row - 1], step_s, noise.acceleration[row])
        gain, velocity_gain = np.stack([p, b]) / (p + noise.measured[row])
        expected = position[row - 1] + step_s[:, None] * velocity[row - 1]
        error = boxes[row] - expected
        position[row] = expected + gain[:, None] * error
        velocity[row] = velocity[row - 1] + velocity_gain[:, None] * error
        covariance[row] = np.stack([p * (1 - gain), b * (1 - gain), v - velocity_gain * b], axis=1)
    for k, number in reversed(list(enumerate(active.tolist(), start=1))):
        row = first[:number] + k - 1
        step_s = time_s[row + 1] - time_s[row]
        p, b, v = covariance[row].T
        next_p, next_b, next_v = _predicted(covariance[row], step_s, noise.acceleration[row])
        # C = P Fᵀ (P predicted)⁻¹, written out for 2 × 2
        across, down = p + step_s * b, b + step_s * v
        determinant = next_p * next_v - next_b**2
        c11, c12 = (across * next_v - b * next_b) / determinant, (b * next_p - across * next_b) / determinant
        c21, c22 = (down * next_v - v * next_b) / determinant, (v * next_p - down * next_b) / determinant
        position_error = position[row + 1] - position[row] - step_s[:, None] * velocity[row]
        velocity_error = velocity[row + 1] - velocity[row]
        position[row] += c11[:, None] * position_error + c12[:, None] * velocity_error
        velocity[row] += c21[:, None] * position_error + c22[:, None] * velocity_error
    return position


def _predicted(covariance: _Array, step_s: _Array, acceleration: _Array) -> tuple[_Array, _Array, _Array]:
    """The covariances one step later: F P Fᵀ + Q with white noise of acceleration."""
    p, b, v = covariance.T
    noise = acceleration * step_s
    return (
        p + 2 * step_s * b + step_s**2 * v + noise * step_s**2 / 3,
        b + step_s * v + noise * step_s / 2,
        v + noise,
    )
