"""Moments in tracks whose people do known things."""

import numpy as np
import pytest

from videoprep_nb.tracking.moments import Moment, choose_moments, find_moments
from videoprep_nb.tracking.tracks import Tracks

RATE, COUNT = 10, 100
SIZE = (1280, 720)


def track(track_id: int, frames: range, centres_x, sizes=((60, 160),) * COUNT) -> Tracks:
    boxes = [[x - w / 2, 500 - h, x + w / 2, 500] for x, (w, h) in zip(centres_x, sizes, strict=False)]
    return Tracks.from_arrays(frames, [track_id] * len(frames), boxes, [0.9] * len(frames))


def found(*tracks: Tracks) -> list[tuple[int, str]]:
    columns = Tracks.stacked(tracks)
    moments = find_moments(Tracks(**columns).ordered(), range(COUNT), RATE, SIZE)
    return [(moment.frame, moment.reason) for moment in moments]


def test_who_walks_straight_on_only_comes_and_goes() -> None:
    walks = track(7, range(20, 80), [200 + 8 * time for time in range(60)])
    assert found(walks) == [(20, "person 7 appears"), (79, "person 7 leaves")]


def test_who_is_there_all_the_time_neither_comes_nor_goes() -> None:
    assert found(track(1, range(COUNT), [300] * COUNT)) == []


def test_the_moment_of_a_turn() -> None:
    turns = track(1, range(COUNT), [300 + 14 * min(time, 2 * 50 - time) for time in range(COUNT)])
    ((frame, reason),) = found(turns)
    assert (frame, reason) == (50, "person 1 moves differently")


def test_the_moment_of_sitting_down() -> None:
    sizes = [(60, 160)] * 48 + [(70, 130), (80, 110)] + [(90, 100)] * 50
    ((frame, reason),) = found(track(1, range(COUNT), [300] * COUNT, sizes))
    assert abs(frame - 49) <= 5
    assert reason == "person 1 changes pose"


def test_two_people_who_meet_again_after_a_while() -> None:
    there_and_back = [300 + 40 * abs(abs(time - 50) - 25) for time in range(COUNT)]
    meetings = [
        frame
        for frame, reason in found(track(3, range(COUNT), [300] * COUNT), track(9, range(COUNT), there_and_back))
        if reason == "persons 3 and 9 meet"
    ]
    assert meetings == [pytest.approx(23, abs=1), pytest.approx(73, abs=1)]


def test_budget_and_distance() -> None:
    moments = [Moment(frame, "", weight) for frame, weight in ((11, 9), (20, 1), (21, 2), (30, 8), (52, 3), (70, 0.5))]
    chosen = choose_moments(moments, taken=range(0, COUNT, RATE), budget=2, min_distance=2)
    assert [moment.frame for moment in chosen] == [52]
    more = choose_moments([*moments, *(Moment(frame, "", 4) for frame in (43, 45, 46))], {0}, budget=3, min_distance=3)
    assert [moment.frame for moment in more] == [11, 30, 43]
    assert choose_moments(moments, [], budget=0, min_distance=1) == []


def test_an_empty_video_has_none() -> None:
    none = np.zeros((0, 4))
    assert find_moments(Tracks.from_arrays([], [], none, []), range(COUNT), RATE, SIZE) == []
