"""A face that was found once is hidden in all frames of its person."""

from collections.abc import Sequence

import numpy as np
import pytest

from videoprep_nb.privacy.follow import FollowOptions, follow_faces, hide_persons
from videoprep_nb.privacy.plan import CoverPlan
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

RATE = 10.0
FRAMES = 60
ALL = set(range(FRAMES))


def person(frame: int, column: int = 0) -> list[float]:
    """Somebody 150 pixels high who walks to the right, with others beside."""
    left = 100 + 5 * frame + 400 * column
    return [left, 200, left + 50, 350]


def face(frame: int, column: int = 0) -> list[float]:
    """Their face, 16 pixels high, in the middle of the head."""
    left, top = person(frame, column)[0] + 18, 207
    return [left, top, left + 14, top + 16]


def walk(columns: int = 1, frames: Sequence[int] = range(FRAMES)) -> Tracks:
    rows = [(frame, column + 1, person(frame, column)) for column in range(columns) for frame in frames]
    frame_index, track_id, boxes = zip(*rows, strict=True)
    return Tracks.from_arrays(frame_index, track_id, boxes, np.full(len(rows), 0.9))


def found(
    frames: Sequence[int], column: int = 0, score: float = 0.8, sampled: Sequence[int] = range(FRAMES)
) -> Detections:
    boxes = [face(frame, column) for frame in frames]
    return Detections.from_arrays(list(frames), boxes, np.full(len(boxes), score), list(sampled))


def frames_that_hide(hidden: Detections, column: int = 0) -> set[int]:
    """Frames in which the whole face of a person is inside one of the boxes."""
    faces = np.array([face(frame, column) for frame in hidden.frame_index.tolist()]).reshape(-1, 4)
    boxes = hidden.boxes_xyxy
    inside = (boxes[:, :2] <= faces[:, :2]).all(axis=1) & (boxes[:, 2:] >= faces[:, 2:]).all(axis=1)
    return set(hidden.frame_index[inside].tolist())


@pytest.mark.parametrize("frames", [[0], [30], [59], [10, 50], list(range(0, 60, 7))], ids=str)
def test_gaps_before_between_and_after_are_filled(frames: list[int]) -> None:
    assert frames_that_hide(follow_faces(found(frames), walk(), RATE)) == ALL


def test_it_follows_close_to_the_face_near_findings_and_hides_the_head_further_away() -> None:
    hidden = follow_faces(found([20]), walk(), RATE)
    area = np.diff(hidden.boxes_xyxy.reshape(-1, 2, 2), axis=1).prod(axis=2).ravel()
    near = np.abs(hidden.frame_index - 20) <= RATE
    assert area[near].max() < 700 < 1500 < area[~near].min()
    assert (hidden.boxes_xyxy[:, 3] < 260).all(), "only the head, of persons from 200 to 350"


def test_a_person_whose_face_was_never_found_is_not_hidden_unless_asked_for() -> None:
    faces = found([30], column=0)
    assert frames_that_hide(follow_faces(faces, walk(2), RATE), column=1) == set()
    everyone = follow_faces(faces, walk(2), RATE, FollowOptions(heads="all"))
    assert frames_that_hide(everyone, column=1) == ALL


def test_a_weak_score_counts_in_the_head_of_a_person_only() -> None:
    weak = found([5], score=0.15)
    assert frames_that_hide(follow_faces(weak, walk(), RATE)) == {5}
    beside = Detections.from_arrays([5, 5], [[600, 20, 620, 45], [640, 20, 660, 45]], [0.15, 0.25], range(FRAMES))
    assert len(follow_faces(beside, walk(), RATE)) == 1


def test_a_weak_finding_beside_the_face_does_not_end_the_following() -> None:
    left, top = person(30)[:2]
    boxes = [face(20), [left + 2, top + 10, left + 10, top + 20], face(40)]
    faces = Detections.from_arrays([20, 30, 40], boxes, [0.8, 0.12, 0.8], range(FRAMES))
    assert frames_that_hide(follow_faces(faces, walk(), RATE)) == ALL


def test_a_face_on_a_shirt_is_not_followed() -> None:
    shirt = [[person(30)[0] + 18, 260, person(30)[0] + 32, 276]]
    hidden = follow_faces(Detections.from_arrays([30], shirt, [0.9], range(FRAMES)), walk(), RATE)
    assert hidden.frame_index.tolist() == [30]


def test_two_persons_keep_their_own_faces() -> None:
    faces = Detections.from_arrays([10, 10], [face(10, 1), face(10, 0)], [0.9, 0.9], range(FRAMES))
    hidden = follow_faces(faces, walk(2), RATE)
    assert frames_that_hide(hidden, column=0) == frames_that_hide(hidden, column=1) == ALL


def test_small_persons_are_not_followed() -> None:
    hidden = follow_faces(found([30]), walk(), RATE, FollowOptions(min_person_height_px=151))
    assert hidden.frame_index.tolist() == [30]


def test_faces_of_nobody_also_count_for_frames_that_the_detector_did_not_see() -> None:
    sampled = [0, 5, 10, 59]
    nobody = Tracks.from_arrays([], [], [], [])
    hidden = follow_faces(found([5, 59], sampled=sampled), nobody, RATE)
    assert sorted(hidden.frame_index.tolist()) == [*range(1, 10), *range(11, 60)]
    tracked = follow_faces(found([5], sampled=sampled), walk(), RATE)
    assert sorted(tracked.frame_index.tolist()) == list(range(FRAMES)), "once in each frame: the person is followed"


def test_nothing_found_and_nobody_there() -> None:
    nothing = Detections.from_arrays([], [], [], range(FRAMES))
    assert len(follow_faces(nothing, walk(), RATE)) == 0
    assert len(follow_faces(nothing, Tracks.from_arrays([], [], [], []), RATE, FollowOptions(heads="all"))) == 0


def test_persons_who_are_not_among_the_visible_ones_are_hidden_as_a_whole() -> None:
    hidden = hide_persons(walk(3), visible_ids=[2])
    plan = CoverPlan.of_tables([hidden], 1280, 720)
    boxes = plan.in_frame(0).boxes_xyxyn * [1280, 720, 1280, 720]
    assert np.allclose(boxes, [[97.5, 192.5, 152.5, 357.5], [897.5, 192.5, 952.5, 357.5]], atol=0.01)
    late = plan.in_frame(59).boxes_xyxyn
    assert late.max() <= 1, "cut at the border of the frame"


def test_a_plan_holds_tables_and_polygons() -> None:
    corner = np.array([[0, 0], [0.1, 0], [0, 0.1]], np.float32)
    plan = CoverPlan.of_tables([found([3]), found([3, 4], column=1)], 1280, 720, [corner])
    assert [len(plan.in_frame(frame).boxes_xyxyn) for frame in (2, 3, 4)] == [0, 2, 1]
    assert plan.in_frame(2).polygons_xyn == (corner,)
    outside = Detections.from_arrays([0], [[1300, 0, 1400, 10]], [0.9])
    assert not CoverPlan.of_tables([outside], 1280, 720).in_frame(0)
