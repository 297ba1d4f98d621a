"""What every tracker must do, and that wrong names and options are reported."""

import numpy as np
import pytest

from tests.support.tracking_scenes import WALKER_XYXY, detections, walkers
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.trackers import TRACKERS, TrackedBoxes, Tracker, create_tracker, read_tracker_options

FRAME_RATE = 10.0


@pytest.fixture(params=list(TRACKERS))
def tracker(request: pytest.FixtureRequest) -> Tracker:
    return create_tracker(request.param, FRAME_RATE)


def ids(tracked: TrackedBoxes) -> list[int]:
    return sorted(tracked.track_ids.tolist())


def run(tracker: Tracker, frames: list[FrameDetections]) -> list[TrackedBoxes]:
    return [tracker.update(frame) for frame in frames]


def test_frames_without_persons(tracker: Tracker) -> None:
    for tracked in run(tracker, [FrameDetections.empty()] * 5):
        assert tracked.boxes_xyxy.shape == (0, 4)
        assert len(tracked.track_ids) == len(tracked.rows) == 0


def test_each_person_keeps_an_own_id(tracker: Tracker) -> None:
    tracked = run(tracker, [walkers(index) for index in range(20)])
    assert [ids(frame) for frame in tracked] == [[1, 2]] * 20
    for index, frame in enumerate(tracked):
        found = iou_matrix(frame.boxes_xyxy, walkers(index).boxes_xyxy)
        assert found.max(axis=1).min() > 0.8
        assert found.argmax(axis=1).tolist() == (frame.track_ids - 1).tolist()
        assert (frame.rows == frame.track_ids - 1).all()


def test_a_short_gap_keeps_the_id(tracker: Tracker) -> None:
    frames = [FrameDetections.empty() if 10 <= index < 13 else walkers(index) for index in range(20)]
    tracked = run(tracker, frames)
    assert ids(tracked[-1]) == [1, 2]
    assert all(len(frame.track_ids) == 0 for frame in tracked[10:13])


def test_a_long_gap_ends_the_track(tracker: Tracker) -> None:
    run(tracker, [walkers(index) for index in range(10)])
    run(tracker, [FrameDetections.empty()] * 600)
    assert ids(run(tracker, [walkers(index) for index in range(10)])[-1]) == [3, 4]


def test_a_reset_begins_anew(tracker: Tracker) -> None:
    frames = [walkers(index) for index in range(10)]
    first = run(tracker, frames)
    tracker.reset()
    for before, after in zip(first, run(tracker, frames), strict=True):
        assert before.track_ids.tolist() == after.track_ids.tolist()
        assert np.array_equal(before.boxes_xyxy, after.boxes_xyxy)


@pytest.mark.parametrize("name", TRACKERS)
def test_two_trackers_share_nothing(name: str) -> None:
    left, right = create_tracker(name, FRAME_RATE), create_tracker(name, FRAME_RATE)
    alone = run(create_tracker(name, FRAME_RATE), [walkers(index, row_count=3) for index in range(10)])
    for index in range(10):
        left.update(walkers(index))
        tracked = right.update(walkers(index, row_count=3))
        assert tracked.track_ids.tolist() == alone[index].track_ids.tolist()
        assert np.array_equal(tracked.boxes_xyxy, alone[index].boxes_xyxy)


def test_ids_are_unique_in_every_frame(tracker: Tracker) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        corners = rng.uniform(0, 400, (rng.integers(0, 12), 2))
        boxes = np.hstack([corners, corners + rng.uniform(20, 200, corners.shape)])
        tracked = tracker.update(detections(*boxes))
        assert len(set(tracked.track_ids.tolist())) == len(tracked.track_ids)
        assert np.isfinite(tracked.boxes_xyxy).all()


def test_a_box_that_shrinks_stays_a_box(tracker: Tracker) -> None:
    sides = [*np.linspace(200, 2, 30), *[0] * 8]
    for side in sides:
        tracked = tracker.update(detections((300, 300, 300 + side, 300 + side)) if side else FrameDetections.empty())
        assert np.isfinite(tracked.boxes_xyxy).all()
        assert (tracked.boxes_xyxy[:, 2:] > tracked.boxes_xyxy[:, :2]).all()


@pytest.mark.parametrize("frame_rate", [1, 5, 25, 60])
@pytest.mark.parametrize(("gap_s", "expected_id"), [(0.9, 1), (5.0, 2)])
def test_the_age_of_sort_is_in_seconds(frame_rate: int, gap_s: float, expected_id: int) -> None:
    tracker = create_tracker("sort", frame_rate)
    here = detections(WALKER_XYXY)
    run(tracker, [here] * 5 + [FrameDetections.empty()] * int(gap_s * frame_rate))
    assert ids(tracker.update(here)) == [expected_id]


@pytest.mark.parametrize(
    ("name", "options", "field", "hint"),
    [
        pytest.param("sortt", [], "tracker", "sort", id="near-name"),
        pytest.param("xyz", [], "tracker", "sort", id="far-name"),
        pytest.param("sort", ["max_age:2"], "tracker_options", "max_age_s", id="near-option"),
        pytest.param("sort", ["match_iou:high"], "tracker_options", "match_iou", id="no-number"),
        pytest.param("sort", ["match_iou:1.5"], "tracker_options", "match_iou", id="out-of-range"),
        pytest.param("sort", ["match_iou"], "tracker_options", "name:value", id="no-value"),
    ],
)
def test_wrong_names_and_options(name: str, options: list[str], field: str, hint: str) -> None:
    with pytest.raises(ParameterError) as caught:
        create_tracker(name, FRAME_RATE, options)
    assert caught.value.field == field
    assert hint in caught.value.reason


def test_old_names_of_options_are_accepted_with_a_warning() -> None:
    old = ["sure_score:0.5", "begin_score:0.6", "unsure_match_iou:0.4", "follow_camera:false"]
    with pytest.warns(FutureWarning, match="until version"):
        options = read_tracker_options("motion", old)
    assert options.model_dump(exclude_defaults=True) == {
        "high_score_threshold": 0.5,
        "new_track_threshold": 0.6,
        "low_score_match_iou": 0.4,
        "camera_compensation": False,
    }
