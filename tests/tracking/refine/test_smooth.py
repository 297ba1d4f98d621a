"""Boxes smoothed: those of a slow person much, those of a fast one hardly, each by how exactly it was detected."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from filterpy.kalman import KalmanFilter

from tests.support.tracking_scenes import track_table
from videoprep_nb.core.boxes import from_cxywh, to_cxywh
from videoprep_nb.tracking.refine import smooth as smoothing
from videoprep_nb.tracking.refine import smooth_boxes
from videoprep_nb.tracking.refine.noise import accelerations, measured_variances
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)
HEIGHT_PX = 180.0
Floats = npt.NDArray[np.float64]


def walking(time_s: Floats) -> Floats:
    """A person who crosses the frame, and in five seconds slowly turns back."""
    x, y = 300 + 400 * np.sin(time_s / 5), 400 + 0 * time_s
    return np.stack([x, y, 0 * x + 60, 0 * x + HEIGHT_PX], axis=1)


def dancing(time_s: Floats) -> Floats:
    """A person who jumps to and fro, bows, and stretches the arms, each once or twice in a second."""
    x, y = 300 + 90 * np.sin(8 * time_s), 400 + 30 * np.sin(11 * time_s)
    return np.stack([x, y, 100 + 40 * np.sin(9 * time_s), HEIGHT_PX + 25 * np.sin(7 * time_s)], axis=1)


def seen(truth_cxywh: Floats, frames: npt.NDArray[np.int64], noise_px: float, scores: float | Floats) -> Tracks:
    """One track, as a detector would find it that errs by so much."""
    noise = np.random.default_rng(4).normal(0, noise_px, truth_cxywh.shape)
    return Tracks.from_arrays(
        frames, np.ones(len(frames)), from_cxywh(truth_cxywh + noise), np.broadcast_to(scores, len(frames))
    )


def errors(tracks: Tracks, truth_cxywh: Floats) -> Floats:
    """How far each box lies from the truth, in heights of the person."""
    return np.abs(to_cxywh(tracks.boxes_xyxy) - truth_cxywh).max(axis=1) / HEIGHT_PX


@pytest.mark.parametrize(
    ("rate", "stride", "noise_px", "score", "share"),
    [
        pytest.param(30, 1, 3.0, 0.8, 0.6, id="dense"),
        pytest.param(30, 1, 6.0, 0.6, 0.6, id="dense-and-noisy"),
        pytest.param(10, 1, 3.0, 0.8, 0.8, id="ten-a-second"),
        pytest.param(30, 1, 5.0, 1.0, 0.6, id="scores-that-promise-too-much"),
        pytest.param(30, 8, 3.0, 0.8, 0.95, id="sparse"),
    ],
)
def test_the_boxes_of_a_slow_person_come_nearer_to_the_truth(
    rate: int, stride: int, noise_px: float, score: float, share: float
) -> None:
    frames = np.arange(0, 20 * rate, stride)
    truth = walking(frames / rate)
    tracks = seen(truth, frames, noise_px, score)
    smooth = smooth_boxes(tracks, Fraction(rate))
    assert errors(smooth, truth).mean() < share * errors(tracks, truth).mean()
    assert np.array_equal(smooth.scores, tracks.scores)
    assert not smooth.interpolated.any()


@pytest.mark.parametrize("stride", [1, 5], ids=["dense", "sparse"])
def test_the_boxes_of_a_fast_person_stay_where_they_are(stride: int) -> None:
    frames = np.arange(0, 400, stride)
    truth = dancing(frames / 20)
    tracks = seen(truth, frames, 1.0, 0.95)
    smooth = smooth_boxes(tracks, Fraction(20))
    assert errors(smooth, truth).max() < errors(tracks, truth).max() + 0.01
    assert errors(smooth, truth).mean() < errors(tracks, truth).mean() + 0.002


def test_each_person_is_smoothed_as_they_move() -> None:
    frames = np.arange(400)
    time_s = frames / 20
    tracks = Tracks.joined([seen(truth(time_s), frames, 1.8, 0.9) for truth in (walking, dancing)])
    measured = measured_variances(tracks, np.tile(time_s, 2))
    acceleration = accelerations(tracks, np.tile(time_s, 2), measured)
    assert acceleration[0] < 0.3
    assert acceleration[-1] > 3
    smooth = smooth_boxes(tracks, Fraction(20))
    slow, fast = (
        errors(smooth.rows(smooth.track_id == track_id), way(time_s)) for track_id, way in ((1, walking), (2, dancing))
    )
    assert slow.mean() < 0.6 * fast.mean()


def test_a_box_with_a_low_score_is_drawn_to_those_with_a_high_one() -> None:
    frames = np.arange(100)
    truth = walking(frames / 10)
    boxes, scores = truth + np.random.default_rng(1).normal(0, 1, truth.shape), np.full(100, 0.95)
    doubtful = np.arange(5, 100, 10)
    boxes[doubtful, 0] += 12
    scores[doubtful] = 0.3
    tracks = Tracks.from_arrays(frames, np.ones(100), from_cxywh(boxes), scores)
    smooth = errors(smooth_boxes(tracks, RATE), truth)
    assert smooth[doubtful].max() < 0.7 * errors(tracks, truth)[doubtful].min()
    assert np.delete(smooth, doubtful).max() < 0.02


@pytest.mark.parametrize("rate", [10, 30])
@pytest.mark.parametrize("noise_px", [2.0, 6.0])
def test_noise_is_distinguished_from_movement(rate: int, noise_px: float) -> None:
    frames = np.arange(600)
    slow, fast = (
        HEIGHT_PX * np.sqrt(measured_variances(seen(way(frames / rate), frames, noise_px, 1.0), frames / rate))
        for way in (walking, dancing)
    )
    assert slow == pytest.approx(np.full(600, noise_px), rel=0.3)
    assert fast.max() < 1.3 * noise_px


def smoothed_by_filterpy(tracks: Tracks, measured: Floats, acceleration: float) -> Floats:
    """Centre x of one track, by the library."""
    centre = to_cxywh(tracks.boxes_xyxy)[:, 0]
    step_s = np.diff(tracks.frame_index) / float(RATE)
    kalman = KalmanFilter(dim_x=2, dim_z=1)
    kalman.x = np.array([[centre[0]], [0.0]])
    kalman.P = np.diag([measured[0], smoothing._FIRST_VELOCITY])
    kalman.H = np.array([[1.0, 0.0]])
    transitions = [np.array([[1.0, step], [0.0, 1.0]]) for step in step_s]
    noises = [acceleration * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]]) for step in step_s]
    states, covariances = [kalman.x.copy()], [kalman.P.copy()]
    for value, variance, transition, noise in zip(centre[1:], measured[1:], transitions, noises, strict=True):
        kalman.predict(F=transition, Q=noise)
        kalman.update(np.array([[value]]), R=variance)
        states.append(kalman.x.copy())
        covariances.append(kalman.P.copy())
    # the library takes the transition that leads to a state, so the first one is of no use
    smooth, *_ = kalman.rts_smoother(
        np.array(states), np.array(covariances), [np.eye(2), *transitions], [np.zeros((2, 2)), *noises]
    )
    return smooth[:, 0, 0]


@pytest.mark.parametrize("frames", [list(range(40)), [0, 1, 2, 7, 8, 20, 21, 22, 30], [3, 4], [5]], ids=len)
def test_the_smoother_is_that_of_filterpy(frames: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "MAX_SHIFT", 10.0)
    parts = [
        seen(walking(np.array(rows) / 10), np.array(rows), 3.0, np.random.default_rng(track).uniform(0.3, 1, len(rows)))
        for track, rows in enumerate((frames, list(range(9, 35)), [8]))
    ]
    among_others = Tracks.joined(parts)
    time_s = among_others.frame_index / 10
    measured = measured_variances(among_others, time_s)
    own = among_others.track_id == 1
    acceleration = accelerations(among_others, time_s, measured)[own]
    mine = to_cxywh(smooth_boxes(among_others, RATE).rows(own).boxes_xyxy)[:, 0]
    assert mine == pytest.approx(smoothed_by_filterpy(parts[0], measured[own], acceleration[0]), abs=1e-6)


def test_no_box_is_moved_far() -> None:
    frames = np.arange(60)
    truth, scores = walking(frames / 10), np.full(60, 0.9)
    truth[30, 0] += 60
    scores[30] = 0.1
    tracks = seen(truth, frames, 2.0, scores)
    smooth = smooth_boxes(tracks, RATE)
    side = np.tile(tracks.boxes_xyxy[:, 2:] - tracks.boxes_xyxy[:, :2], 2)
    moved = np.abs(smooth.boxes_xyxy - tracks.boxes_xyxy) / side
    assert moved.max() == pytest.approx(smoothing.MAX_SHIFT)
    assert (smooth.boxes_xyxy[:, 2:] > smooth.boxes_xyxy[:, :2]).all()


@pytest.mark.parametrize("rows", [[], [(3, 1)], [(3, 1), (9, 1)], [(0, 1), (1, 1), (2, 1)]], ids=len)
def test_few_boxes(rows: list[tuple[int, int]]) -> None:
    tracks = track_table(*((frame, track, (10, 20, 40, 110)) for frame, track in rows))
    assert smooth_boxes(tracks, RATE).boxes_xyxy == pytest.approx(tracks.boxes_xyxy)
