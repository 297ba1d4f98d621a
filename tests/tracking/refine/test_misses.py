"""Movement that is predicted: measured in gaps cut into the tracks of a video, and used for its links."""

from fractions import Fraction

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.refine import MotionMisses, Tracklets, link_tracklets, measure_misses
from videoprep_nb.tracking.refine.line_fit import LONG_WINDOW, SHORT_WINDOW, FitWindow
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(20)
PEOPLE = 6
HEIGHT_PX = 100


def crowd(*, sway_heights: float, hidden_s: float = 0.0, seconds: int = 24) -> Tracks:
    """People who sway from side to side; each is hidden every four seconds, and has a new id then.

    The score of a box names its person.
    """
    rng = np.random.default_rng(1)
    rows, scores, track_id = [], [], 0
    for person in range(PEOPLE):
        phase, period_s = rng.uniform(0, 2 * np.pi), rng.uniform(1.2, 2.0)
        was_hidden = True
        for frame in range(int(seconds * RATE)):
            time_s = frame / float(RATE)
            sway = sway_heights * np.sin(2 * np.pi * time_s / period_s + phase)
            x, y = np.array([50 * person + 10 * time_s + HEIGHT_PX * sway, 100]) + rng.normal(0, 1, 2)
            is_hidden = (time_s + 0.7 * person) % 4 < hidden_s
            track_id += was_hidden and not is_hidden
            was_hidden = is_hidden
            if not is_hidden:
                rows.append((frame, track_id, (x, y, x + 40, y + HEIGHT_PX)))
                scores.append((person + 1) / 10)
    return track_table(*rows, scores=scores)


def links(tracks: Tracks, misses: MotionMisses) -> tuple[int, int]:
    """Right and wrong links over the times in which people are hidden."""
    unknown = np.zeros(len(tracks), np.int64)
    linked = link_tracklets(Tracklets(tracks, unknown, unknown), misses, 2.0, RATE, frame_stride=1)
    is_link = (np.diff(linked.track_id) == 0) & (np.diff(linked.frame_index) > 1)
    is_right = np.diff(linked.scores) == 0
    return int((is_link & is_right).sum()), int((is_link & ~is_right).sum())


@pytest.mark.parametrize(
    ("sway_heights", "window"),
    [pytest.param(0.0, LONG_WINDOW, id="walking"), pytest.param(0.4, SHORT_WINDOW, id="dancing")],
)
def test_the_window_suits_the_movement(sway_heights: float, window: FitWindow) -> None:
    assert measure_misses(crowd(sway_heights=sway_heights), RATE, 1).window == window


def test_dancers_are_predicted_worse_across_the_frame_only() -> None:
    gap_s = np.array([0.5])
    walking, dancing = (measure_misses(crowd(sway_heights=sway), RATE, 1).deviation_xy(gap_s)[0] for sway in (0, 0.4))
    assert dancing[0] > 4 * walking[0]
    assert dancing[1] < 2 * walking[1]


def test_dancers_are_linked_better_by_what_is_measured() -> None:
    tracks = crowd(sway_heights=0.4, hidden_s=0.4)
    right, wrong = links(tracks, measure_misses(tracks, RATE, 1))
    usual_right, _ = links(tracks, MotionMisses.usual())
    assert right > 1.5 * usual_right
    assert wrong < 0.1 * right


def test_walkers_are_linked_as_well_as_by_the_usual_values() -> None:
    tracks = crowd(sway_heights=0, hidden_s=0.4)
    assert links(tracks, measure_misses(tracks, RATE, 1)) == links(tracks, MotionMisses.usual())


@pytest.mark.parametrize(
    "tracks",
    [
        pytest.param(track_table(), id="no-tracks"),
        pytest.param(crowd(sway_heights=0.4).in_frames(0, 12), id="0.6-s-each"),
    ],
)
def test_where_nothing_can_be_measured_people_are_expected_to_walk(tracks: Tracks) -> None:
    misses, usual = measure_misses(tracks, RATE, 1), MotionMisses.usual()
    gap_s = np.array([0.0, 1.0])
    assert misses.window == usual.window
    assert misses.deviation_xy(gap_s).tolist() == usual.deviation_xy(gap_s).tolist()


def test_few_gaps_change_little() -> None:
    gap_s = np.array([0.5])
    usual = MotionMisses.usual().deviation_xy(gap_s)[0, 0]
    everything = measure_misses(crowd(sway_heights=0.4), RATE, 1).deviation_xy(gap_s)[0, 0]
    little = measure_misses(crowd(sway_heights=0.4).in_frames(0, 28), RATE, 1).deviation_xy(gap_s)[0, 0]
    assert usual < little < 0.6 * everything
