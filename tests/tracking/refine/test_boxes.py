"""Boxes distinguished from duplicates, and seen by a camera that moves."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.refine import Drift, drift_that_helps, drop_duplicates, estimate_drift, measure_misses
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)


def test_no_tracks() -> None:
    nothing = track_table()
    drift = estimate_drift(nothing, np.zeros(0, np.int64), tracked_rate=10, frame_stride=1)
    for refined in (
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
        pytest.param(standing(1, range(20), 0) + standing(2, range(10), 14), [1], id="a-box-around-two-people"),
        pytest.param(standing(1, range(20), 0) + standing(2, range(10), 18), [1, 2], id="close-to-each-other"),
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


def people_who_move(shared: npt.NDArray[np.float64], own_px: float, people: int = 9) -> Tracks:
    """People 180 px high who follow a shared movement across the frame, and each their own."""
    rng = np.random.default_rng(3)
    rows = []
    for person in range(people):
        phase, period = rng.uniform(0, 6), rng.uniform(10, 18)
        for frame, shift in enumerate(shared):
            x = 100 * person + shift + own_px * np.sin(2 * np.pi * frame / period + phase) + rng.normal(0, 1)
            rows.append((frame, person + 1, (x, 100, x + 60, 280)))
    return track_table(*rows)


@pytest.mark.parametrize(
    ("shared_px", "own_px", "helps"),
    [
        pytest.param(100, 2, True, id="pan"),
        pytest.param(100, 8, True, id="pan-over-dancers"),
        pytest.param(0, 30, False, id="dancers"),
        pytest.param(6, 30, False, id="dancers-with-a-common-rhythm"),
        pytest.param(0, 2, False, id="nobody-moves"),
    ],
)
def test_drift_is_used_where_it_predicts_how_others_move(shared_px: float, own_px: float, helps: bool) -> None:
    shared = shared_px * np.sin(np.arange(150) / 4)
    drift, misses = drift_that_helps(people_who_move(shared, own_px), np.arange(150), RATE, frame_stride=1)
    assert bool(len(drift.frames)) == helps
    if helps:
        assert np.ptp(drift.offset_xy[:, 0]) == pytest.approx(np.ptp(shared), rel=0.3)
        followed = misses.deviation_xy(np.array([0.5]))[0, 0]
        still = measure_misses(people_who_move(shared, own_px), RATE, frame_stride=1).deviation_xy(np.array([0.5]))[
            0, 0
        ]
        assert followed < 0.7 * still


def test_two_persons_alone_are_no_camera() -> None:
    tracks = people_who_move(100 * np.sin(np.arange(150) / 8), 0, people=2)
    drift, _ = drift_that_helps(tracks, np.arange(150), RATE, frame_stride=1)
    assert not len(drift.frames)
