"""Tracks continued with detections that no track uses: at their ends, and where somebody stands half hidden."""

from fractions import Fraction

import numpy as np
import pytest

from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import bridge_tracks, extend_tracks
from videoprep_nb.tracking.track import TrackedVideo, track_video
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)
VIDEO = TrackedVideo(RATE, frame_stride=1, width=1280, height=720)

Row = tuple[int, tuple[float, float, float, float], float]


def walker(frames: range, score: float, x: float = 100.0, y: float = 200.0, step_px: float = 6.0) -> list[Row]:
    """Somebody who walks to the right; x is where she is in frame 0."""
    return [(f, (x + step_px * f, y, x + step_px * f + 60, y + 180), score) for f in frames]


def found(*parts: list[Row]) -> Detections:
    rows = sorted(row for part in parts for row in part)
    frames, boxes, scores = zip(*rows, strict=True)
    return Detections.from_arrays(frames, boxes, scores, sampled=np.arange(200))


def as_tracks(*parts: list[Row]) -> Tracks:
    rows = [(*row, track_id) for track_id, part in enumerate(parts, start=1) for row in part]
    frames, boxes, scores, ids = zip(*rows, strict=True)
    # as detections have them
    return Tracks.from_arrays(frames, ids, np.array(boxes, np.float32), np.array(scores, np.float32))


def extended(known: list[list[Row]], *unused: list[Row]) -> Tracks:
    detections = found(*known, *unused)
    return extend_tracks(as_tracks(*known), detections, detections.scores, RATE, frame_stride=1)


def frames_of(tracks: Tracks, track_id: int) -> list[int]:
    return tracks.frame_index[tracks.track_id == track_id].tolist()


@pytest.mark.parametrize(
    ("unused", "frames"),
    [
        pytest.param(walker(range(30, 36), 0.65), range(10, 36), id="forward"),
        pytest.param(walker(range(4, 10), 0.65), range(4, 30), id="backward"),
        pytest.param(walker(range(4, 10), 0.65) + walker(range(30, 33), 0.65), range(4, 33), id="both-ways"),
        pytest.param(walker(range(30, 33), 0.65) + walker(range(33, 36), 0.2), range(10, 33), id="no-further"),
        pytest.param(walker(range(30, 36), 0.3), range(10, 30), id="too-weak"),
        pytest.param(walker(range(30, 33), 0.4) + walker(range(33, 40), 0.9), range(10, 40), id="weak-for-a-moment"),
        pytest.param(walker(range(30, 36), 0.65, x=160), range(10, 30), id="beside"),
        pytest.param(walker(range(34, 38), 0.65), range(10, 30), id="after-a-while"),
        pytest.param([], range(10, 30), id="nothing"),
    ],
)
def test_a_track_goes_on(unused: list[Row], frames: range) -> None:
    tracks = extended([walker(range(10, 30), 0.9)], unused)
    assert frames_of(tracks, 1) == list(frames)
    assert not tracks.interpolated.any()


def test_a_frame_without_the_person_is_bridged() -> None:
    tracks = extended([walker(range(10, 30), 0.9)], walker(range(31, 36), 0.65))
    assert frames_of(tracks, 1) == [*range(10, 30), *range(31, 36)]


def test_a_track_does_not_jump_to_a_neighbour() -> None:
    """Who comes the other way has a track; the second box that the detector drew on him belongs to nobody else."""
    one = walker(range(30), 0.9)
    other = walker(range(60), 0.9, x=100 + 12 * 30, step_px=-6)
    double = walker(range(30, 60), 0.7, x=104 + 12 * 30, step_px=-6)
    assert frames_of(extended([one, other], double), 1) == list(range(30))


def test_every_detection_is_used_once() -> None:
    """Two who walk one behind the other end at once, and one weak detection fits both."""
    known = [walker(range(20), 0.9), walker(range(20), 0.9, x=108)]
    tracks = extended(known, walker(range(20, 26), 0.65, x=107))
    assert len(tracks) == 46
    assert frames_of(tracks, 2) == list(range(26))
    places = np.column_stack([tracks.frame_index, tracks.boxes_xyxy])
    assert len(np.unique(places, axis=0)) == 46


@pytest.mark.parametrize("frame_stride", [1, 3])
def test_who_fades_at_the_border_is_followed_to_it(frame_stride: int) -> None:
    """She enters at the left border with a score of 0.6, which starts no track, and leaves as she came."""
    scores = [0.62] * 12 + [0.9] * 60 + [0.62] * 12
    frames = range(0, 84, frame_stride)
    detections = Detections.from_arrays(
        list(frames), [(4 + 14 * f, 200, 64 + 14 * f, 380) for f in frames], [scores[f] for f in frames]
    )
    video = TrackedVideo(Fraction(30), frame_stride, 1280, 720)
    tracks = track_video([(0, detections)], video, TrackingParams())
    assert tracks.frame_index.tolist() == list(range(frames[-1] + 1))
    assert tracks.track_count == 1
    assert tracks.frame_index[~tracks.interpolated].tolist() == list(frames)


def test_no_track_goes_on_across_a_cut() -> None:
    """The next shot has a weak detection where the track of the first one leads."""
    detections = found(walker(range(30), 0.9), walker(range(30, 40), 0.65))
    whole = track_video([(0, detections)], VIDEO, TrackingParams())
    assert whole.frame_index.tolist() == list(range(40))
    cut = track_video([(0, detections)], VIDEO, TrackingParams(), cuts=[30])
    assert cut.frame_index.tolist() == list(range(30))


def test_extension_is_left_out_on_request() -> None:
    detections = found(walker(range(30), 0.9), walker(range(30, 36), 0.65), walker(range(100, 130), 0.9, x=-400))
    params = TrackingParams(extend_tracks=False, bidirectional=False)
    tracks = extend_tracks(as_tracks(walker(range(30), 0.9)), detections, detections.scores, RATE, 1)
    assert len(tracks) == 36
    assert track_video([(0, detections)], VIDEO, params).track_count == 2


def standing(frames: range, score: float, x: float = 400.0) -> list[Row]:
    return walker(frames, score, x=x, step_px=0)


def bridged(known: list[list[Row]], *unused: list[Row]) -> Tracks:
    return bridge_tracks(as_tracks(*known), found(*known, *unused), RATE, frame_stride=1)


BEFORE, AFTER = standing(range(20), 0.9), standing(range(80, 100), 0.9, x=415)
PASSER_BY = walker(range(100), 0.9, x=305, y=210, step_px=2)
HIDDEN = [row for row in standing(range(20, 80), 0.15, x=405) if row[0] % 3]


@pytest.mark.parametrize(
    ("known", "unused", "tracks"),
    [
        pytest.param([BEFORE, AFTER], HIDDEN, 1, id="half-hidden"),
        pytest.param([BEFORE, AFTER], HIDDEN[::2], 2, id="seldom-seen"),
        pytest.param([BEFORE, AFTER], [], 2, id="not-seen"),
        pytest.param([BEFORE, AFTER], standing(range(20, 80), 0.15, x=450), 2, id="beside"),
        pytest.param([BEFORE, AFTER, PASSER_BY], HIDDEN, 3, id="somebody-passes"),
        pytest.param([BEFORE, standing(range(80, 100), 0.9, x=600)], HIDDEN, 2, id="elsewhere"),
        pytest.param(
            [BEFORE, standing(range(35, 50), 0.9)], standing(range(20, 35), 0.15), 2, id="left-to-the-linking"
        ),
    ],
)
def test_somebody_half_hidden_keeps_the_id(known: list[list[Row]], unused: list[Row], tracks: int) -> None:
    joined = bridged(known, unused)
    assert joined.track_count == tracks
    assert len(joined) == sum(map(len, known)) + (len(HIDDEN) if tracks == 1 else 0)
    assert not joined.interpolated.any()


def test_a_long_gap_inside_a_track_is_filled_with_detections() -> None:
    tracks = bridged([BEFORE + AFTER], HIDDEN)
    assert tracks.track_count == 1
    assert len(tracks) == len(BEFORE + AFTER + HIDDEN)


def test_one_after_another_is_a_chain() -> None:
    again = standing(range(160, 180), 0.9, x=415)
    hidden_again = standing(range(100, 160), 0.15, x=415)
    tracks = bridged([BEFORE, AFTER, again], HIDDEN, hidden_again)
    assert set(tracks.track_id.tolist()) == {1}
    assert len(tracks) == len(BEFORE + AFTER + again + HIDDEN + hidden_again)


def test_a_whole_video_with_somebody_half_hidden() -> None:
    tracks = track_video([(0, found(BEFORE, HIDDEN, AFTER))], VIDEO, TrackingParams())
    assert tracks.track_count == 1
    assert tracks.frame_index.tolist() == list(range(100))
    assert tracks.interpolated.sum() == 60 - len(HIDDEN)
    apart = track_video([(0, found(BEFORE, HIDDEN, AFTER))], VIDEO, TrackingParams(extend_tracks=False))
    assert apart.track_count == 2


def test_no_tracks() -> None:
    nothing, nobody = Tracks.from_arrays([], [], [], []), found(HIDDEN)
    assert len(extend_tracks(nothing, nobody, nobody.scores, RATE, 1)) == 0
    assert len(bridge_tracks(nothing, nobody, RATE, 1)) == 0
