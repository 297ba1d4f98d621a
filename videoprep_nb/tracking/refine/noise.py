"""How exactly the boxes of tracks were detected, and how fast each person changes velocity, from the tracks alone.

Both show in how much the velocity changes from one box to a later one. Noise of the detector changes it from box to box
and does not grow with time; real movement grows. So the noise of a video is what remains when the changes over one and
over two sampled frames are extrapolated to no time at all (the nugget of a variogram, Matheron 1963), but at least what
the scores promise: boxes with a high score lie several times as exactly as those with a low one (the noise of the NSA
Kalman filter, Du et al., GIAOTracker, ICCV workshops 2021, depends on the score for the same reason). What the noise
does not explain is acceleration; each track has its own, the likeliest given its changes, in which outliers count
little (Student's t), and what is usual for persons who walk.

Lengths are heights of the person, so that near and distant persons are alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]

# Standard deviation of a detected box: at a score of 1, and what it grows by down to a score of 0.
_EXACT, _UNSURE = 0.002, 0.08
_TYPICAL_SCORE = 0.8  # where the median score is lower, the detector means less by it
_MAX_NOISE = 0.06  # more is not noise but movement to and fro, sampled too seldom to show

_BASE_S = 0.1  # over which velocities are compared: movement shows, and a dancer's does not average out
_ACCELERATIONS = 2.0 ** np.arange(-5, 6)  # among which that of a track is chosen
_WALKING, _WALKING_FACTOR = 0.1, 2.0  # the acceleration of a person who walks, and by what factor that varies
_FAST = 0.3  # beyond this, acceleration comes in bursts: where they are, it exceeds that of the track by as much again
_DEGREES_OF_FREEDOM = 4
_MEDIAN_OF_SQUARES = 0.455  # of a standard normal variable
_MIN_CHANGES = 50  # that show the noise of a video


@dataclass(frozen=True)
class _Changes:
    """Changes of velocity between boxes of one track, some sampled frames apart.

    Args:
        row: ``(K,)`` the box in the middle of the three.
        velocity: ``(K, 4)`` by how much the velocity of centre, width and height changes, heights per second.
        duration_s: ``(K,)`` from the first box to the last.
        weights: ``(3, K)`` by which the variances of the three boxes go into that of the change, 1/s².
        lag: Rows from one of the boxes to the next.
    """

    row: npt.NDArray[np.intp]
    velocity: _Array
    duration_s: _Array
    weights: _Array
    lag: int

    def noise(self, measured: _Array) -> _Array:
        """``(K,)`` variance of the changes that comes from boxes with these variances, ``(N,)``."""
        boxes = np.stack([measured[self.row - self.lag], measured[self.row], measured[self.row + self.lag]])
        variance: _Array = (self.weights * boxes).sum(axis=0)
        return variance


def measured_variances(tracks: Tracks, time_s: _Array) -> _Array:
    """How exactly each box was detected.

    Args:
        tracks: The tracks, without interpolated boxes.
        time_s: ``(N,)`` the time of each box in seconds.

    Returns:
        ``(N,)`` variance of its centre, width and height, in squared heights of the person.
    """
    doubt = 1 - tracks.scores
    doubt *= min(1.0, (1 - _TYPICAL_SCORE) / max(float(np.median(doubt)), 1e-9))
    promised = (_EXACT + _UNSURE * doubt) ** 2
    single, double = (_changes(tracks, time_s, lag) for lag in (1, 2))
    if min(len(single.row), len(double.row)) < _MIN_CHANGES:
        return promised
    extrapolated = 2 * _typical_variance(single) - _typical_variance(double)
    if extrapolated > _MAX_NOISE**2:
        return promised
    return promised + max(0.0, extrapolated - float(np.median(promised[single.row])))


def accelerations(tracks: Tracks, time_s: _Array, measured: _Array) -> _Array:
    """How fast the velocity of each person changes.

    Args:
        tracks: The tracks, without interpolated boxes.
        time_s: ``(N,)`` the time of each box in seconds.
        measured: ``(N,)`` variance of each box, see ``measured_variances``.

    Returns:
        ``(N,)`` variance that a second adds to the velocity, in squared heights per second, the same for all boxes of
        a track.
    """
    track, row_count = np.unique(tracks.track_id, return_inverse=True)[1], len(tracks)
    changes = _changes(tracks, time_s, max(1, round(_BASE_S / _typical_step(tracks, time_s))))
    noise = changes.noise(_bounded(measured, _changes(tracks, time_s, 1)))
    # white noise of acceleration q, measured as two mean velocities: 2/3 q of the time from one to the other
    likelihoods = [
        np.bincount(
            track[changes.row],
            _log_likelihoods(changes.velocity, noise + acceleration * changes.duration_s / 3),
            minlength=row_count,
        )
        - (np.log(acceleration / _WALKING) / np.log(_WALKING_FACTOR)) ** 2 / 2
        for acceleration in _ACCELERATIONS
    ]
    best: _Array = _ACCELERATIONS[np.argmax(likelihoods, axis=0)[track]]
    return best * np.maximum(1, best / _FAST)


def _bounded(measured: _Array, single: _Changes) -> _Array:
    """Variances of boxes, lowered where consecutive boxes differ less: movement must not be taken for noise."""
    if len(single.row) < _MIN_CHANGES:
        return measured
    return measured * min(1.0, 2 * _typical_variance(single) / float(np.median(measured)))


def _changes(tracks: Tracks, time_s: _Array, lag: int) -> _Changes:
    """All changes of velocity over boxes ``lag`` rows apart, those over gaps excepted."""
    row = np.arange(lag, max(len(tracks) - lag, lag))
    longest_s = 3 * lag * _typical_step(tracks, time_s)
    is_whole = (tracks.track_id[row - lag] == tracks.track_id[row + lag]) & (
        time_s[row + lag] - time_s[row - lag] <= longest_s
    )
    row = row[is_whole]
    boxes = to_cxywh(tracks.boxes_xyxy)
    before_s, after_s = time_s[row] - time_s[row - lag], time_s[row + lag] - time_s[row]
    before = (boxes[row] - boxes[row - lag]) / before_s[:, None]
    after = (boxes[row + lag] - boxes[row]) / after_s[:, None]
    return _Changes(
        row=row,
        velocity=(after - before) / np.maximum(boxes[row, 3:], 1),
        duration_s=before_s + after_s,
        weights=np.stack([1 / before_s, 1 / before_s + 1 / after_s, 1 / after_s]) ** 2,
        lag=lag,
    )


def _typical_step(tracks: Tracks, time_s: _Array) -> float:
    """Time in seconds from one box of a track to the next; 1 where no track has two."""
    steps_s = np.diff(time_s)[np.diff(tracks.track_id) == 0]
    return float(np.median(steps_s)) if len(steps_s) else 1.0


def _typical_variance(changes: _Changes) -> float:
    """The variance of boxes that would cause changes as these; outliers do not count."""
    squares = changes.velocity**2 / changes.weights.sum(axis=0)[:, None]
    return float(np.median(squares, axis=0).mean()) / _MEDIAN_OF_SQUARES


def _log_likelihoods(values: _Array, variance: _Array) -> _Array:
    """``(K,)`` mean over the columns of ``(K, 4)`` values of Student's t with ``(K,)`` scales, without constants.

    The mean, not the sum: what moves one coordinate moves the others.
    """
    nu = _DEGREES_OF_FREEDOM
    tails = np.log1p(values**2 / (nu * variance[:, None])).mean(axis=1)
    likelihoods: _Array = -np.log(variance) / 2 - (nu + 1) / 2 * tails
    return likelihoods
