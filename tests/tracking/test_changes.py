"""What changed between two sets of tracks, in scenes whose changes are known."""

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.changes import find_changes, place_changes
from videoprep_nb.tracking.quality import Place
from videoprep_nb.tracking.tracks import Tracks

RATE = 10
LANE = {name: np.array([x, 100.0, x + 50.0, 250.0]) for name, x in (("a", 100.0), ("b", 400.0))}


def scene(shift_px: float = 0.0, **lanes: list[tuple[int, int, int]]) -> Tracks:
    """Persons on lanes of their own; each is given as (id, first frame, frame after the last one)."""
    rows = [
        (frame, track_id, LANE[lane] + shift_px)
        for lane, spans in lanes.items()
        for track_id, start, end in spans
        for frame in range(start, end)
    ]
    return track_table(*rows)


def changed(left: Tracks, right: Tracks) -> list[tuple]:
    found = find_changes(left, right, RATE).changes
    return [(one.kind, one.start_frame, one.left_ids, one.right_ids) for one in found]


def test_other_numbers_and_boxes_a_little_off_are_no_change():
    left, right = scene(a=[(1, 0, 50)], b=[(2, 0, 50)]), scene(5, a=[(9, 0, 50)], b=[(7, 0, 50)])
    found = find_changes(left, right, RATE)
    assert found.changes == []
    assert (found.both, found.only_left, found.only_right) == (2, 0, 0)
    assert (found.left_person_s, found.right_person_s, found.both_person_s) == (10, 10, 10)


SPLIT = scene(a=[(3, 0, 20), (4, 20, 50)])
WHOLE = scene(a=[(1, 0, 50)])


def test_a_split_one_way_is_a_merge_the_other_way():
    assert changed(WHOLE, SPLIT) == [("split", 20, (1,), (3, 4))]
    assert changed(SPLIT, WHOLE) == [("merged", 20, (3, 4), (1,))]
    assert find_changes(WHOLE, SPLIT, RATE).both == 1


def test_two_ids_that_change_their_persons_are_one_swap():
    right = scene(a=[(1, 0, 25), (2, 25, 50)], b=[(2, 0, 24), (1, 25, 50)])
    assert changed(scene(a=[(1, 0, 50)], b=[(2, 0, 50)]), right) == [("swapped", 25, (1, 2), (1, 2))]


def test_a_mix_up_of_a_few_frames_is_no_change():
    assert changed(WHOLE, scene(a=[(1, 0, 20), (2, 20, 23), (1, 23, 50)])) == []


@pytest.mark.parametrize(("length", "is_listed"), [(9, False), (10, True)], ids=["short", "a second"])
def test_who_is_seen_longer_on_one_side(length: int, is_listed: bool):
    shorter = scene(a=[(5, 0, 50 - length)])
    assert changed(WHOLE, shorter) == ([("left longer", 50 - length, (1,), ())] if is_listed else [])
    assert changed(shorter, WHOLE) == ([("right longer", 50 - length, (), (1,))] if is_listed else [])


def test_who_is_on_one_side_only():
    left, right = scene(a=[(1, 0, 50)], b=[(2, 10, 14)]), scene(a=[(1, 0, 50)])
    found = find_changes(left, right, RATE)
    assert changed(left, right) == [("only left", 10, (2,), ())]
    assert (found.both, found.only_left, found.only_right) == (1, 1, 0)
    assert changed(right, left) == [("only right", 10, (), (2,))]


def test_boxes_of_one_person_that_differ_for_a_while():
    start, end = scene(a=[(7, 0, 20)]), scene(a=[(7, 35, 50)])
    right = Tracks(**Tracks.stacked([start, scene(40, a=[(7, 20, 35)]), end]))
    found = find_changes(WHOLE, right, RATE).changes
    assert [(one.kind, one.start_frame, one.last_frame, one.left_ids, one.right_ids) for one in found] == [
        ("moved", 20, 34, (1,), (7,))
    ]


def test_nobody_on_either_side():
    nobody = Tracks.from_arrays([], [], [], [])
    assert find_changes(nobody, nobody, RATE).changes == []
    assert changed(nobody, WHOLE) == [("only right", 0, (), (1,))]


def place(kind, start: int, *track_ids: int) -> Place:
    return Place(kind, track_ids, start, start + 5, 1.0, "")


def test_places_that_stay_came_or_went():
    left = [place("gap", 10, 1), place("jump", 30, 1), place("gap", 90, 1)]
    right = [place("gap", 12, 3), place("jump", 30, 8)]
    assert place_changes(left, right, frozenset({(1, 3), (1, 4)}), RATE) == ([1, 2], [1])
    assert place_changes([], right, frozenset(), RATE) == ([], [0, 1])
    assert place_changes(left, [], frozenset(), RATE) == ([0, 1, 2], [])
