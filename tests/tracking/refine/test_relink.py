"""Tracks linked by looks: people in clothes that differ, or do not, who are hidden for seconds."""

import numpy as np
import pytest

from tests.support.dressed_people import HEIGHT, RATE, WIDTH, Colour, Walk, box_of, seen, swapping
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.appearance.likeness import measure_likeness
from videoprep_nb.tracking.track import track
from videoprep_nb.tracking.tracks import Tracks

RED, BLUE, GREY = (190, 50, 40), (40, 60, 190), (110, 110, 110)


def tracked(people: list[tuple[Colour, Walk]], frame_count: int, appearance: str) -> Tracks:
    values = {"appearance": appearance}
    return track(seen(people, frame_count), rate=RATE, width=WIDTH, height=HEIGHT, params=values)


def ids_of(walk: Walk, tracks: Tracks, frames: range) -> set[int]:
    """The ids of the tracks that lie on a person."""
    ids = set()
    for frame in frames:
        rows = np.flatnonzero(tracks.frame_index == frame)
        iou = iou_matrix(np.array([box_of(walk[frame])]), tracks.boxes_xyxy[rows])[0]
        ids |= set(tracks.track_id[rows][iou > 0.6].tolist())
    return ids


@pytest.mark.parametrize("appearance", ["auto", "on"])
def test_who_turns_back_behind_a_wall_keeps_the_id(appearance: str) -> None:
    red, blue = swapping(gap_s=5)
    tracks = tracked([(RED, red), (BLUE, blue)], 170, appearance)
    assert tracks.track_count == 2
    for walk in (red, blue):
        assert len(ids_of(walk, tracks, range(5, 55)) | ids_of(walk, tracks, range(115, 165))) == 1
    assert not ((tracks.frame_index > 62) & (tracks.frame_index < 107)).any(), "gaps above max_gap_s are not filled"


def test_without_looks_they_get_new_ids() -> None:
    red, blue = swapping(gap_s=5)
    assert tracked([(RED, red), (BLUE, blue)], 170, "off").track_count == 4


@pytest.mark.parametrize("appearance", ["auto", "on"])
def test_people_in_the_same_clothes_are_not_linked(appearance: str) -> None:
    one, other = swapping(gap_s=5)
    assert tracked([(GREY, one), (GREY, other)], 170, appearance).track_count == 4


def test_looks_that_say_nothing_are_known_as_such() -> None:
    one, other = swapping(gap_s=5)
    for colours, low, high in (((GREY, GREY), 0.3, 0.75), ((RED, BLUE), 0.99, 1.0)):
        people = list(zip(colours, (one, other), strict=True))
        found = seen(people, 170)
        tracks = track(found, rate=RATE, width=WIDTH, height=HEIGHT, params={"appearance": "off"})
        likeness = measure_likeness(tracks, found, RATE, RATE)
        assert likeness is not None
        assert low <= likeness.separation <= high


def test_a_person_who_left_at_the_border_is_not_who_enters_there() -> None:
    """Not even in the same clothes: those who enter later are mostly others."""
    leaving = {frame: (400 + 5.0 * frame, 220.0) for frame in range(44)}
    entering = {frame: (620 - 5.0 * (frame - 100), 220.0) for frame in range(100, 140)}
    staying = {frame: (150.0 + frame / 4, 240.0) for frame in range(140)}
    people = [(RED, leaving), (RED, entering), (BLUE, staying)]
    assert tracked(people, 140, "on").track_count == 3


def test_nobody_goes_so_far_so_fast() -> None:
    red = {frame: (120.0 + frame / 4, 220.0) for frame in range(60)}
    far_away = {frame: (500.0 + frame / 4, 220.0) for frame in range(85, 140)}
    staying = {frame: (330.0 + frame / 8, 240.0) for frame in range(140)}
    assert tracked([(RED, red), (RED, far_away), (BLUE, staying)], 140, "on").track_count == 3


def test_a_single_person_and_nobody() -> None:
    alone = {frame: (200.0 + frame, 220.0) for frame in range(60)}
    assert tracked([(RED, alone)], 60, "on").track_count == 1
    assert tracked([(RED, {})], 10, "on").track_count == 0


def test_detections_without_features_are_tracked_as_ever() -> None:
    red, blue = swapping(gap_s=5)
    found = seen([(RED, red), (BLUE, blue)], 170)
    plain = type(found)(found.sampled, found.frame_index, found.boxes_xyxy, found.scores)
    assert track(plain, rate=RATE, width=WIDTH, height=HEIGHT, params={"appearance": "on"}).track_count == 4
