"""What differs between two tables of tracks whose differences are known."""

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.compare import compare_tracks

LANE = {name: np.array([x, 100.0, x + 50.0, 250.0]) for name, x in (("a", 100.0), ("b", 400.0), ("c", 700.0))}


def walk(ids: dict[str, list[int | None]], shift_px: float = 0.0):
    """Persons on lanes of their own; for each frame the id, or None where nobody is tracked."""
    rows = [
        (frame, track_id, LANE[lane] + shift_px)
        for lane, of_frame in ids.items()
        for frame, track_id in enumerate(of_frame)
        if track_id is not None
    ]
    return track_table(*rows)


def switches(found):
    return list(zip(found.frame_index.tolist(), found.old_id.tolist(), found.new_id.tolist(), strict=True))


def test_same_tracks_with_other_numbers_do_not_differ():
    difference = compare_tracks(walk({"a": [1] * 5, "b": [2] * 5}), walk({"a": [8] * 5, "b": [7] * 5}, shift_px=5))
    assert not difference.only_left.any()
    assert not difference.only_right.any()
    assert len(difference.left_switches) == len(difference.right_switches) == 0
    assert difference.left_id_of == {8: 1, 7: 2}


@pytest.mark.parametrize(
    ("right_ids", "expected"),
    [
        ([5, 5, 6, 6], [(2, 5, 6)]),
        ([5, None, 6, 6], [(2, 5, 6)]),
        ([5, 6, 5, 6], [(1, 5, 6), (2, 6, 5), (3, 5, 6)]),
        ([5, None, None, 5], []),
    ],
    ids=["at once", "after a gap", "to and fro", "gap only"],
)
def test_a_track_that_is_torn_on_the_right(right_ids, expected):
    left, right = walk({"a": [1] * 4}), walk({"a": right_ids})
    difference = compare_tracks(left, right)
    assert switches(difference.right_switches) == expected
    assert switches(difference.left_switches) == []
    mirrored = compare_tracks(right, left)
    assert switches(mirrored.left_switches) == expected
    assert switches(mirrored.right_switches) == []


def test_two_persons_who_swap_ids_are_four_switches():
    difference = compare_tracks(walk({"a": [1] * 4, "b": [2] * 4}), walk({"a": [1, 1, 2, 2], "b": [2, 2, 1, 1]}))
    assert switches(difference.right_switches) == [(2, 1, 2), (2, 2, 1)]
    assert switches(difference.left_switches) == [(2, 1, 2), (2, 2, 1)]


def test_persons_on_one_side_only():
    difference = compare_tracks(
        walk({"a": [1] * 4, "b": [2, 2, None, None]}), walk({"a": [1] * 4, "c": [2, 2, None, None]})
    )
    assert difference.only_left.tolist() == [False] * 4 + [True] * 2
    assert difference.only_right.tolist() == [False] * 4 + [True] * 2
    assert difference.left_id_of == {1: 1}


def test_as_many_boxes_as_possible_are_paired():
    """One box on the right fits both on the left better than its own; greedy matching would leave one alone."""
    left = track_table((0, 1, [0, 0, 100, 100]), (0, 2, [30, 0, 130, 100]))
    right = track_table((0, 1, [26, 0, 126, 100]), (0, 2, [62, 0, 162, 100]))
    difference = compare_tracks(left, right)
    assert not difference.only_left.any()
    assert not difference.only_right.any()


def test_boxes_that_overlap_by_less_than_half_are_different_persons():
    difference = compare_tracks(track_table((0, 1, [0, 0, 100, 100])), track_table((0, 1, [40, 0, 140, 100])))
    assert difference.only_left.all()
    assert difference.only_right.all()


def test_empty_tables():
    empty, one = track_table(), walk({"a": [1]})
    assert compare_tracks(empty, empty).left_id_of == {}
    assert compare_tracks(empty, one).only_right.tolist() == [True]
    assert compare_tracks(one, empty).only_left.tolist() == [True]


def test_a_pair_stays_while_its_boxes_overlap():
    """Two persons close to each other: for one frame, each box lies nearer to the other person."""
    one, other, step = np.array([0.0, 0, 40, 90]), np.array([10.0, 0, 50, 90]), np.array([6.0, 0, 6, 0])
    left = track_table(*((frame, track_id, box) for frame in (0, 1) for track_id, box in ((1, one), (2, other))))
    right = track_table((0, 7, one), (0, 8, other), (1, 7, one + step), (1, 8, other - step))
    difference = compare_tracks(left, right)
    assert len(difference.left_switches) == len(difference.right_switches) == 0
    assert not difference.only_left.any()
