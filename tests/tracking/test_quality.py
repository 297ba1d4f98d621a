"""Hints at wrong tracks, on tracks whose faults are known."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.quality import judge_tracks, settings_warnings
from videoprep_nb.tracking.refine import drop_static_tracks
from videoprep_nb.tracking.track import TrackedVideo

VIDEO = TrackedVideo(rate=Fraction(10), frame_stride=1, width=1280, height=720)
FRAMES = range(60)
BOX_XYXY = np.array([100.0, 200.0, 160.0, 380.0])


def person(track_id: int, frames, left: float = 0.0, step_px: float = 2.0):
    """Rows of somebody who walks to the right."""
    return [(frame, track_id, BOX_XYXY + [1, 0, 1, 0] * np.array(left + step_px * frame)) for frame in frames]


def places(rows, kind, video=VIDEO, interpolated=()):
    tracks = track_table(*rows)
    hidden = np.isin(tracks.frame_index, list(interpolated))
    return judge_tracks(replace(tracks, interpolated=hidden), video, FRAMES).places_of(kind)


def test_good_tracks_give_no_hints():
    quality = judge_tracks(track_table(*person(1, range(60)), *person(2, range(60), left=400)), VIDEO, FRAMES)
    assert quality.places == []
    assert quality.track_count == 2
    assert quality.person_s == pytest.approx(12)
    assert quality.ids_per_person_s == pytest.approx(1 / 6)
    assert quality.height_px == 180
    assert quality.step_iou == pytest.approx(58 / 62)
    assert settings_warnings(quality, VIDEO, image_size=640) == []


def test_nobody_gives_no_hints():
    quality = judge_tracks(track_table(), VIDEO, FRAMES)
    assert (quality.places, quality.track_count, quality.ids_per_person_s) == ([], 0, 0)
    assert settings_warnings(quality, VIDEO, image_size=640) == []


@pytest.mark.parametrize(
    ("frames", "found"),
    [(range(20, 25), 1), (range(20, 30), 0), (range(5), 0), (range(55, 60), 0)],
    ids=["half a second", "one second", "video begins", "video ends"],
)
def test_short_tracks(frames, found):
    rows = [*person(1, range(60)), *person(2, frames, left=600)]
    assert [place.track_ids for place in places(rows, "short track")] == [(2,)] * found
    # nobody else need be there
    assert [place.track_ids for place in places(person(2, frames), "short track")] == [(2,)] * found


@pytest.mark.parametrize("filled", [True, False], ids=["filled in", "left open"])
def test_gaps(filled):
    gap = range(20, 28)
    rows = person(1, range(60) if filled else [*range(20), *range(28, 60)])
    (place,) = places(rows, "gap", interpolated=gap)
    assert (place.start_frame, place.last_frame) == (19, 28)
    assert "0.8 s" in place.words


def test_frames_between_sampled_ones_are_no_gap():
    stride = replace(VIDEO, frame_stride=10)
    rows = person(1, range(61))
    assert places(rows, "gap", stride, interpolated=set(range(61)) - set(range(0, 61, 10))) == []


def test_jump():
    rows = [*person(1, range(30)), *person(1, range(30, 60), left=200)]
    (place,) = places(rows, "jump")
    assert (place.start_frame, place.last_frame) == (28, 30)


def test_fast_persons_do_not_jump():
    assert places(person(1, range(20), step_px=70), "jump") == []


@pytest.mark.parametrize(
    ("start_frame", "left", "found"),
    [(24, 10, 1), (24, 300, 0), (45, 10, 0)],
    ids=["close by", "far away", "too late"],
)
def test_broken_tracks(start_frame, left, found):
    rows = [*person(1, range(20)), *person(2, range(start_frame, 70), left=left - 2 * (start_frame - 20))]
    assert [place.track_ids for place in places(rows, "broken track")] == [(1, 2)] * found


def test_overlapping_tracks():
    rows = [*person(1, range(30)), *person(2, range(10, 30), left=4), *person(3, range(30), left=500)]
    (place,) = places(rows, "overlap")
    assert (place.track_ids, place.start_frame, place.last_frame) == ((1, 2), 10, 29)


@pytest.mark.parametrize(
    ("score", "step_px", "frames", "found"),
    [(0.6, 0.05, range(60), 1), (0.85, 0.05, range(60), 0), (0.6, 0.7, range(60), 0), (0.6, 0.05, range(40), 0)],
    ids=["poster", "standing person", "slow person", "not long enough"],
)
def test_static_tracks(score, step_px, frames, found):
    walking, poster = person(1, range(60)), person(2, frames, left=600, step_px=step_px)
    tracks = track_table(*walking, *poster, scores=[0.9] * len(walking) + [score] * len(poster))
    assert [place.track_ids for place in judge_tracks(tracks, VIDEO, FRAMES).places_of("static track")] == [
        (2,)
    ] * found
    assert drop_static_tracks(tracks, VIDEO.rate).track_count == 2 - found


def test_the_only_person_in_a_video_is_not_static():
    assert places(person(1, range(60), step_px=0), "static track") == []


def test_the_worst_place_comes_first():
    rows = [*person(1, [*range(10), *range(16, 30), *range(40, 60)])]
    assert [place.start_frame for place in places(rows, "gap")] == [29, 9]


@pytest.mark.parametrize(
    ("stride", "advice"), [(5, "lower frame_stride from 5"), (1, "more frames per second")], ids=["stride", "rate"]
)
def test_warning_when_the_rate_is_too_low_for_the_motion(stride, advice):
    video = replace(VIDEO, frame_stride=stride)
    tracks = track_table(*person(1, range(0, 60, stride), step_px=40 / stride))
    (sentence,) = settings_warnings(judge_tracks(tracks, video, FRAMES), video, image_size=640)
    assert advice in sentence


@pytest.mark.parametrize(("image_size", "advice"), [(160, "from 160 to 224"), (None, None), (640, None)])
def test_warning_when_persons_are_too_small_for_the_detector(image_size, advice):
    small = [(frame, 1, [100 + frame, 100, 140 + frame, 246]) for frame in range(20)]
    found = settings_warnings(judge_tracks(track_table(*small), VIDEO, FRAMES), VIDEO, image_size)
    assert [advice in sentence for sentence in found] == ([True] if advice else [])
