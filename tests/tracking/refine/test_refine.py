"""Each step of the refinement on small tables."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.refine import clip_boxes, drop_short_tracks, fill_gaps, renumber, safe_gap_s
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)
BOX = (10.0, 20.0, 30.0, 60.0)


@pytest.mark.parametrize(
    ("frames", "max_gap_s", "frame_stride", "filled"),
    [
        pytest.param([0, 1, 2], 1.0, 1, [], id="no-gap"),
        pytest.param([0, 4], 0.3, 1, [1, 2, 3], id="as-long-as-allowed"),
        pytest.param([0, 5], 0.3, 1, [], id="too-long"),
        pytest.param([0, 2], 0.0, 1, [], id="no-gap-allowed"),
        pytest.param([0, 3, 6], 0.0, 3, [1, 2, 4, 5], id="stride-is-no-gap"),
        pytest.param([0, 9], 0.6, 3, [1, 2, 3, 4, 5, 6, 7, 8], id="gap-with-stride"),
        pytest.param([0, 9], 0.5, 3, [], id="too-long-with-stride"),
        pytest.param([0, 3, 5], 0.0, 3, [1, 2, 4], id="last-step-shorter"),
        pytest.param([7], 1.0, 1, [], id="one-row"),
    ],
)
def test_fill_gaps(frames: list[int], max_gap_s: float, frame_stride: int, filled: list[int]) -> None:
    tracks = fill_gaps(track_table(*((frame, 1, BOX) for frame in frames)), max_gap_s, RATE, frame_stride)
    assert tracks.frame_index[tracks.interpolated].tolist() == filled
    assert tracks.frame_index.tolist() == sorted(frames + filled)


def test_filled_boxes_lie_between_their_neighbours() -> None:
    tracks = fill_gaps(
        track_table((10, 1, (0, 0, 10, 20)), (14, 1, (40, 8, 58, 32)), (11, 2, BOX), scores=[0.4, 0.8, 0.9]), 1, RATE, 1
    )
    assert tracks.track_id.tolist() == [1, 1, 1, 1, 1, 2]
    assert tracks.boxes_xyxy[:5].tolist() == [
        [0, 0, 10, 20],
        [10, 2, 22, 23],
        [20, 4, 34, 26],
        [30, 6, 46, 29],
        [40, 8, 58, 32],
    ]
    assert tracks.scores == pytest.approx([0.4, 0.6, 0.6, 0.6, 0.8, 0.9])
    assert tracks.interpolated.tolist() == [False, True, True, True, False, False]


def swaying(period_s: float, swing_px: float = 60, frames: int = 4000) -> Tracks:
    """A person, 40 px wide, who walks and sways from side to side."""
    x = [3 * frame + swing_px * np.sin(2 * np.pi * frame / 10 / period_s) for frame in range(frames)]
    return track_table(*((frame, 1, (left, 20, left + 40, 120)) for frame, left in enumerate(x)))


@pytest.mark.parametrize(
    ("tracks", "shortest_s", "longest_s"),
    [
        pytest.param(swaying(2.0, swing_px=0), math.inf, math.inf, id="walks"),
        pytest.param(swaying(8.0), 0.6, 2.0, id="sways-slowly"),
        pytest.param(swaying(2.0), 0.1, 0.5, id="dances"),
        pytest.param(swaying(2.0, frames=8), math.inf, math.inf, id="too-short-to-be-measured"),
        pytest.param(swaying(2.0, frames=40), math.inf, math.inf, id="too-short-to-be-believed"),
        pytest.param(track_table(), math.inf, math.inf, id="nobody"),
    ],
)
def test_safe_gap(tracks: Tracks, shortest_s: float, longest_s: float) -> None:
    assert shortest_s <= safe_gap_s(tracks, RATE, 1) <= longest_s


def test_between_frames_that_were_sampled_nothing_is_measured() -> None:
    tracks = swaying(2.0)
    every_fifth = tracks.rows(tracks.frame_index % 5 == 0)
    assert len(fill_gaps(every_fifth, safe_gap_s(every_fifth, RATE, 5), RATE, 5)) == every_fifth.frame_index.max() + 1


@pytest.mark.parametrize(
    ("min_length_s", "tracked_rate", "kept"),
    [
        pytest.param(0.0, Fraction(10), [1, 2, 3], id="all"),
        pytest.param(0.2, Fraction(10), [2, 3], id="two-frames"),
        pytest.param(0.21, Fraction(10), [3], id="just-over-two-frames"),
        pytest.param(0.5, Fraction(1), [2, 3], id="found-once-is-no-track"),
        pytest.param(0.0, Fraction(1), [1, 2, 3], id="all-at-one-per-second"),
        pytest.param(60.0, Fraction(10), [], id="none"),
    ],
)
def test_drop_short_tracks(min_length_s: float, tracked_rate: Fraction, kept: list[int]) -> None:
    tracks = track_table(*((frame, track, BOX) for track in (1, 2, 3) for frame in range(track)))
    assert sorted(set(drop_short_tracks(tracks, min_length_s, tracked_rate).track_id.tolist())) == kept


def test_filled_boxes_make_no_track_longer() -> None:
    tracks = fill_gaps(track_table((0, 1, BOX), (9, 1, BOX)), 1.0, RATE, 1)
    assert len(tracks) == 10
    assert len(drop_short_tracks(tracks, 0.3, RATE)) == 0


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((10, 20, 30, 60), [10, 20, 30, 60], id="inside"),
        pytest.param((-5, -1, 30, 800), [0, 0, 30, 720], id="over-the-border"),
        pytest.param((1270, 10, 1400, 60), [1270, 10, 1280, 60], id="right"),
        pytest.param((1280, 10, 1400, 60), None, id="outside"),
        pytest.param((-50, 10, 0.5, 60), None, id="a-sliver"),
    ],
)
def test_clip_boxes(box: tuple[float, ...], expected: list[float] | None) -> None:
    assert clip_boxes(track_table((0, 1, box)), 1280, 720).boxes_xyxy.tolist() == ([expected] if expected else [])


def test_renumber_in_the_order_of_appearance() -> None:
    tracks = renumber(track_table((5, 3, BOX), (6, 3, BOX), (0, 8, BOX), (5, 9, BOX), (7, 9, BOX)))
    assert list(zip(tracks.frame_index.tolist(), tracks.track_id.tolist(), strict=True)) == [
        (0, 1), (5, 2), (6, 2), (5, 3), (7, 3),
    ]  # fmt: skip


def test_no_tracks() -> None:
    nothing = track_table()
    for refined in (
        drop_short_tracks(nothing, 0.5, RATE),
        fill_gaps(nothing, 1.0, RATE, 3),
        clip_boxes(nothing, 1280, 720),
        renumber(nothing),
    ):
        assert len(refined) == 0
        assert refined.boxes_xyxy.shape == (0, 4)


def test_an_hour_of_ten_persons_is_refined_in_seconds() -> None:
    rng = np.random.default_rng(0)
    seen = [(frame, track) for track in range(1, 11) for frame in np.flatnonzero(rng.random(36_000) < 0.7).tolist()]
    tracks = track_table(*((frame, track, BOX) for frame, track in seen))
    refined = renumber(clip_boxes(fill_gaps(drop_short_tracks(tracks, 0.5, RATE), 1.0, RATE, 1), 1280, 720))
    assert len(refined) > len(tracks)
    assert refined.track_count == 10
    assert len(np.unique(np.stack([refined.frame_index, refined.track_id]), axis=1).T) == len(refined)
