"""Boxes: smoothed, sampled again, distinguished from duplicates, and seen by a camera that moves."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from filterpy.kalman import KalmanFilter

from tests.support.tracking_scenes import track_table
from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.tracking.refine import Drift, drop_duplicates, estimate_drift, smooth_boxes
from videoprep_nb.tracking.refine import smooth as smoothing
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)


def trembling(track_id: int, frames: list[int], seed: int, noise_px: float = 3.0) -> list:
    rng = np.random.default_rng(seed)
    rows = []
    for frame in frames:
        x, y, w, h = np.array([100 + 6 * frame, 200, 60, 180]) + rng.normal(0, noise_px, 4)
        rows.append((frame, track_id, (x, y, x + w, y + h)))
    return rows


def smoothed_by_filterpy(tracks: Tracks) -> npt.NDArray[np.float64]:
    """Centre x of one track, by the library."""
    centre = to_cxywh(tracks.boxes_xyxy)[:, 0]
    step_s = np.diff(tracks.frame_index) / float(RATE)
    kalman = KalmanFilter(dim_x=2, dim_z=1)
    kalman.x = np.array([[centre[0]], [0.0]])
    kalman.P = np.diag([smoothing._MEASURED, smoothing._FIRST_VELOCITY])
    kalman.H, kalman.R = np.array([[1.0, 0.0]]), np.array([[smoothing._MEASURED]])
    transitions = [np.array([[1.0, step], [0.0, 1.0]]) for step in step_s]
    noises = [
        smoothing._ACCELERATION_PER_S * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]]) for step in step_s
    ]
    states, covariances = [kalman.x.copy()], [kalman.P.copy()]
    for value, transition, noise in zip(centre[1:], transitions, noises, strict=True):
        kalman.predict(F=transition, Q=noise)
        kalman.update(np.array([[value]]))
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
    track = track_table(*trembling(1, frames, seed=1))
    among_others = track_table(
        *trembling(1, frames, seed=1), *trembling(2, list(range(9, 35)), seed=2), *trembling(3, [8], seed=3)
    )
    smooth = smooth_boxes(among_others, RATE)
    mine = to_cxywh(smooth.rows(smooth.track_id == 1).boxes_xyxy)[:, 0]
    assert mine == pytest.approx(smoothed_by_filterpy(track), abs=1e-6)


def test_smooth_boxes_are_nearer_to_the_truth() -> None:
    frames = list(range(100))
    tracks = track_table(*trembling(1, frames, seed=4))
    truth = track_table(*trembling(1, frames, seed=4, noise_px=0)).boxes_xyxy
    smooth = smooth_boxes(tracks, RATE)
    assert np.abs(smooth.boxes_xyxy - truth).mean() < 0.6 * np.abs(tracks.boxes_xyxy - truth).mean()
    assert np.array_equal(smooth.scores, tracks.scores)
    assert not smooth.interpolated.any()


def test_no_box_is_moved_far() -> None:
    rows = trembling(1, list(range(60)), seed=5, noise_px=12)
    tracks = track_table(*rows)
    smooth = smooth_boxes(tracks, RATE)
    side = np.tile(tracks.boxes_xyxy[:, 2:] - tracks.boxes_xyxy[:, :2], 2)
    moved = np.abs(smooth.boxes_xyxy - tracks.boxes_xyxy) / side
    assert moved.max() == pytest.approx(smoothing.MAX_SHIFT)
    assert (smooth.boxes_xyxy[:, 2:] > smooth.boxes_xyxy[:, :2]).all()


def test_no_tracks() -> None:
    nothing = track_table()
    drift = estimate_drift(nothing, np.zeros(0, np.int64), tracked_rate=10, frame_stride=1)
    for refined in (
        smooth_boxes(nothing, RATE),
        drop_duplicates(nothing),
        drift.removed(nothing),
        Drift.none().restored(nothing),
    ):
        assert len(refined) == 0
        assert refined.boxes_xyxy.shape == (0, 4)


def standing(track_id: int, frames: range, x: float) -> list:
    return [(frame, track_id, (x, 100, x + 60, 280)) for frame in frames]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        pytest.param(standing(1, range(20), 0) + standing(2, range(10), 3), [1], id="on-a-longer-one"),
        pytest.param(standing(1, range(10), 0) + standing(2, range(20), 3), [2], id="whichever-is-longer"),
        pytest.param(standing(1, range(10), 0) + standing(2, range(10), 3), [1], id="equally-long"),
        pytest.param(standing(1, range(20), 0) + standing(2, range(20), 40), [1, 2], id="beside-each-other"),
        pytest.param(standing(1, range(20), 0) + standing(2, range(15, 40), 3), [1, 2], id="for-a-moment"),
        pytest.param(standing(1, range(20), 0) + standing(2, range(20, 40), 0), [1, 2], id="one-after-another"),
    ],
)
def test_drop_duplicates(rows: list, kept: list[int]) -> None:
    assert sorted(set(drop_duplicates(track_table(*rows)).track_id.tolist())) == kept


def crowd_seen_from(offset: npt.NDArray[np.float64], speeds: list[float]) -> Tracks:
    rows = []
    for person, speed in enumerate(speeds):
        for frame in range(len(offset)):
            x = 150 * person + speed * frame + offset[frame]
            rows.append((frame, person + 1, (x, 100, x + 60, 280)))
    return track_table(*rows)


def test_a_camera_that_sways() -> None:
    sway = 50 * np.sin(np.arange(60) / 5)
    tracks = crowd_seen_from(sway, [1, -1, 0, 0.5, -0.5, 0, 2, -2, 0, 0])
    drift = estimate_drift(tracks, np.arange(60), tracked_rate=10, frame_stride=1)
    steady = drift.removed(tracks)
    one = steady.rows(steady.track_id == 3).boxes_xyxy[:, 0]
    assert np.ptp(one) < 0.3 * np.ptp(sway)
    assert drift.restored(steady).boxes_xyxy == pytest.approx(tracks.boxes_xyxy)


def test_a_camera_that_stands_still() -> None:
    tracks = crowd_seen_from(np.zeros(60), [3, -3, 0, 2, -2, 0, 1, -1])
    drift = estimate_drift(tracks, np.arange(60), tracked_rate=10, frame_stride=1)
    assert np.abs(drift.offset_xy).max() < 1


def test_one_person_is_no_evidence_of_a_camera() -> None:
    tracks = crowd_seen_from(np.zeros(60), [8])
    assert not estimate_drift(tracks, np.arange(60), tracked_rate=10, frame_stride=1).offset_xy.any()


def test_between_frames_that_were_sampled_the_camera_moves_evenly() -> None:
    drift = Drift(np.array([0, 4]), np.array([[0.0, 0.0], [8.0, 4.0]]))
    tracks = track_table((1, 1, (10, 10, 20, 30)))
    assert drift.removed(tracks).boxes_xyxy.tolist() == [[8, 9, 18, 29]]
