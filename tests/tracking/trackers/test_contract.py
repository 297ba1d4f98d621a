"""What must be true of tracks, whatever the tracker and whatever is refined."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.tracking_scenes import WALKER_XYXY
from videoprep_nb.tracking.detections import Detections, FrameDetections
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine.smooth import MAX_SHIFT
from videoprep_nb.tracking.track import TrackedVideo, track_video
from videoprep_nb.tracking.trackers import TRACKERS
from videoprep_nb.tracking.tracks import Tracks

WIDTH, HEIGHT = 1280, 720
SIDE_PX_PER_S = 60.0

Boxes = list[tuple[float, float, float, float]]
Scene = Callable[[float], Boxes]

every_tracker = pytest.mark.parametrize("tracker", TRACKERS)
every_refinement = pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"bidirectional": False}, id="one-direction"),
        pytest.param({"compensate_drift": False, "normalize_scores": False}, id="camera-stands-still"),
        pytest.param({"max_link_s": 0, "max_gap_s": 0, "min_length_s": 0}, id="no-gaps"),
        pytest.param(
            {"extend_tracks": False, "smooth": False, "drop_duplicates": False, "drop_static": True}, id="as-detected"
        ),
    ],
)


def video(rate: int = 10, frame_stride: int = 1) -> TrackedVideo:
    return TrackedVideo(Fraction(rate), frame_stride, WIDTH, HEIGHT)


def recorded(scene: Scene, sampled: npt.NDArray[np.int32], rate: int, score: float = 0.9) -> Detections:
    frames = [np.array(scene(index / rate), dtype=np.float32).reshape(-1, 4) for index in sampled]
    return Detections.from_frames(
        sampled, [FrameDetections(boxes, np.full(len(boxes), score, np.float32)) for boxes in frames], "scene"
    )


def every_frame(duration_s: float, rate: int, frame_stride: int = 1) -> npt.NDArray[np.int32]:
    return np.arange(0, round(duration_s * rate), frame_stride, dtype=np.int32)


def walkers(time_s: float) -> Boxes:
    """Two persons who pass each other on different sides of a street, and one who comes late."""
    x = 60 + SIDE_PX_PER_S * time_s
    boxes: Boxes = [(x, 100, x + 60, 280), (1000 - x, 400, 1060 - x, 580)]
    return boxes + ([(900, 150, 960, 330)] if time_s >= 4 else [])


def crowd(seed: int, duration_s: float = 6.0, rate: int = 10) -> Detections:
    """Persons who cross, vanish, tremble and leave the frame; boxes end at its border, as those of detectors do."""
    rng = np.random.default_rng(seed)
    start, velocity = rng.uniform([0, 0], [WIDTH, HEIGHT], (12, 2)), rng.normal(0, 60, (12, 2))
    height = rng.uniform(80, 300, 12)
    frames = []
    for index in range(round(duration_s * rate)):
        centre = start + velocity * index / rate + rng.normal(0, 2, start.shape)
        half = np.stack([height * 0.2, height / 2], axis=1)
        boxes = np.clip(np.hstack([centre - half, centre + half]), 0, np.tile([WIDTH, HEIGHT], 2)).astype(np.float32)
        seen = (rng.random(12) < 0.85) & ((boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 5)
        frames.append(FrameDetections(boxes[seen], rng.uniform(0.2, 0.95, int(seen.sum())).astype(np.float32)))
    return Detections.from_frames(every_frame(duration_s, rate), frames, "crowd")


def assert_sound(tracks: Tracks) -> None:
    assert len(np.unique(np.stack([tracks.frame_index, tracks.track_id]), axis=1).T) == len(tracks)
    assert sorted(set(tracks.track_id.tolist())) == list(range(1, tracks.track_count + 1))
    assert (tracks.boxes_xyxy[:, :2] >= 0).all()
    assert (tracks.boxes_xyxy[:, 2:] <= [WIDTH, HEIGHT]).all()
    assert (tracks.boxes_xyxy[:, 2:] > tracks.boxes_xyxy[:, :2]).all()
    assert ((tracks.scores > 0) & (tracks.scores <= 1)).all()
    begins = np.flatnonzero(np.diff(tracks.track_id, prepend=0))
    assert not tracks.interpolated[begins].any()
    assert not tracks.interpolated[np.append(begins[1:], len(tracks)) - 1].any()


def same(one: Tracks, other: Tracks) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


def track(
    clips: Sequence[tuple[int, Detections]], seen: TrackedVideo, tracker: str = "motion", **values: object
) -> Tracks:
    return track_video(clips, seen, TrackingParams.checked({"tracker": tracker, **values}))


@every_tracker
@every_refinement
def test_a_crowd(tracker: str, values: dict[str, object]) -> None:
    tracks = track([(0, crowd(1))], video(), tracker, **values)
    assert_sound(tracks)
    assert tracks.track_count >= 5
    assert same(tracks, track([(0, crowd(1))], video(), tracker, **values)), "the same detections, the same tracks"


@every_tracker
def test_the_order_of_detections_is_irrelevant(tracker: str) -> None:
    found = crowd(2)
    mixed = np.random.default_rng(3).permutation(len(found.scores))
    mixed = mixed[np.argsort(found.frame_index[mixed], kind="stable")]
    other = Detections(found.sampled, found.frame_index[mixed], found.boxes_xyxy[mixed], found.scores[mixed], "mixed")
    assert same(track([(0, found)], video(), tracker), track([(0, other)], video(), tracker))


@every_tracker
@every_refinement
@pytest.mark.parametrize("frame_count", [0, 1, 40])
def test_nobody(tracker: str, values: dict[str, object], frame_count: int) -> None:
    nobody = recorded(lambda time_s: [], every_frame(frame_count, 1), rate=1)
    tracks = track([(0, nobody)], video(), tracker, **values)
    assert len(tracks) == 0
    assert tracks.boxes_xyxy.shape == (0, 4)


@every_tracker
def test_one_frame_is_too_short_to_be_anybody(tracker: str) -> None:
    one_frame = recorded(walkers, every_frame(0.1, 10), rate=10)
    assert len(track([(0, one_frame)], video(), tracker)) == 0


@every_refinement
def test_one_frame(values: dict[str, object]) -> None:
    one_frame = recorded(walkers, every_frame(0.1, 10), rate=10)
    tracks = track([(0, one_frame)], video(), **{**values, "min_length_s": 0, "bidirectional": False})
    assert tracks.track_id.tolist() == [1, 2]


@every_tracker
@pytest.mark.parametrize(
    ("rate", "frame_stride"), [(2, 1), (5, 1), (10, 1), (10, 3), (25, 1), (30, 6), (60, 1)], ids=str
)
def test_the_rate_makes_no_difference(tracker: str, rate: int, frame_stride: int) -> None:
    seen = recorded(walkers, every_frame(8, rate, frame_stride), rate)
    tracks = track([(0, seen)], video(rate, frame_stride), tracker)
    assert_sound(tracks)
    assert tracks.track_count == 3
    for index, box in zip(tracks.frame_index, tracks.boxes_xyxy, strict=True):
        assert min(np.abs(np.array(walkers(index / rate)) - box).max(axis=1)) < MAX_SHIFT * 180


def test_one_frame_per_second() -> None:
    """Who stays in place is followed, even if only one frame per second is sampled."""
    sitting = recorded(lambda time_s: [WALKER_XYXY, (700, 200, 760, 380)], every_frame(20, 1), rate=1)
    tracks = track([(0, sitting)], video(rate=1))
    assert tracks.track_count == 2
    assert len(tracks) == 40


@pytest.mark.parametrize("rate", [5, 10, 30, 60])
@pytest.mark.parametrize(
    ("gap_s", "max_gap_s", "track_count"),
    [
        pytest.param(0.6, 2.0, 1, id="short"),
        pytest.param(1.8, 2.0, 1, id="nearly-too-long"),
        pytest.param(2.6, 2.0, 2, id="too-long"),
        pytest.param(1.8, 1.0, 2, id="not-allowed"),
    ],
)
def test_gaps_are_in_seconds(rate: int, gap_s: float, max_gap_s: float, track_count: int) -> None:
    def hidden(time_s: float) -> Boxes:
        return [] if 3 <= time_s < 3 + gap_s else [(100 + 40 * time_s, 200, 160 + 40 * time_s, 380)]

    seen = recorded(hidden, every_frame(8, rate), rate)
    options = [f"max_age_s:{max_gap_s}"]
    tracks = track([(0, seen)], video(rate), max_gap_s=max_gap_s, max_link_s=max_gap_s, tracker_options=options)
    assert tracks.track_count == track_count
    filled = tracks.frame_index[tracks.interpolated] / rate
    assert len(filled) == (round(gap_s * rate) if track_count == 1 else 0)
    assert all(3 <= time_s < 3 + gap_s for time_s in filled)


@every_refinement
def test_no_box_is_invented(values: dict[str, object]) -> None:
    """A box that is not interpolated rests on a detection; none is interpolated longer than allowed."""
    found = crowd(4)
    params = TrackingParams.checked(values)
    tracks = track([(0, found)], video(), **values)
    for row in np.flatnonzero(~tracks.interpolated):
        here = found.in_frame(int(tracks.frame_index[row]))
        limit = np.tile(here.boxes_xyxy[:, 2:] - here.boxes_xyxy[:, :2], 2) * MAX_SHIFT + 0.01
        inside = np.clip(here.boxes_xyxy, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
        rests_on = (np.abs(tracks.boxes_xyxy[row] - inside) <= limit).all(axis=1)
        assert tracks.scores[row] in here.scores[rests_on].astype(np.float64)
    known = tracks.rows(~tracks.interpolated)
    steps = np.diff(known.frame_index)[np.diff(known.track_id) == 0]
    filled = [step - 1 for step in steps if step - 1 <= params.max_gap_s * 10]
    assert tracks.interpolated.sum() <= sum(filled)


def test_filled_boxes_carry_the_mean_score_of_their_neighbours() -> None:
    tracks = track([(0, crowd(5))], video())
    rows = np.flatnonzero(tracks.interpolated)
    assert len(rows) > 10
    known = np.flatnonzero(~tracks.interpolated)
    before, after = known[np.searchsorted(known, rows) - 1], known[np.searchsorted(known, rows)]
    inside = (tracks.track_id[before] == tracks.track_id[rows]) & (tracks.track_id[after] == tracks.track_id[rows])
    assert inside.all()
    assert tracks.scores[rows] == pytest.approx((tracks.scores[before] + tracks.scores[after]) / 2)


@every_tracker
def test_clips_are_one_video(tracker: str) -> None:
    whole = crowd(6)
    halves = []
    for start, end in ((0, 25), (25, 60)):
        rows = (whole.frame_index >= start) & (whole.frame_index < end)
        sampled = np.arange(end - start, dtype=np.int32)
        halves.append(
            (
                start,
                Detections(sampled, whole.frame_index[rows] - start, whole.boxes_xyxy[rows], whole.scores[rows], ""),
            )
        )
    assert same(track(halves, video(), tracker), track([(0, whole)], video(), tracker))


def test_scores_of_a_cautious_detector_are_levelled_for_the_tracker_only() -> None:
    doubtful = recorded(walkers, every_frame(8, 10), rate=10, score=0.4)
    assert len(track([(0, doubtful)], video(), normalize_scores=False)) == 0
    tracks = track([(0, doubtful)], video())
    assert tracks.track_count == 3
    assert tracks.scores == pytest.approx(0.4)


def test_boxes_filled_in_go_with_the_camera() -> None:
    """A hand-held camera sways; one of six persons is hidden for a second and found where the camera points."""

    def place(person: int, time_s: float) -> tuple[float, float, float, float]:
        x = 100 + 150 * person + 40 * np.sin(1.5 * np.pi * time_s)
        return (x, 250, x + 60, 430)

    def swaying(time_s: float) -> Boxes:
        return [place(person, time_s) for person in range(6) if person or not 3 <= time_s < 4]

    def filled(compensate_drift: bool) -> Tracks:
        clips = [(0, recorded(swaying, every_frame(8, 30), rate=30))]
        tracks = track(clips, video(30), compensate_drift=compensate_drift)
        assert tracks.track_count == 6
        return tracks.rows(tracks.interpolated)

    found = filled(compensate_drift=True)
    places = np.array([place(0, index / 30) for index in found.frame_index])
    assert len(found) == 30
    assert np.abs(found.boxes_xyxy - places).max() < 20  # a third of the width
    assert len(filled(compensate_drift=False)) == 0  # a straight line would miss: the gap stays open


def test_no_track_goes_on_across_a_cut() -> None:
    still = recorded(lambda time_s: [WALKER_XYXY, (700, 200, 760, 380)], every_frame(6, 10), rate=10)
    tracks = track_video([(0, still)], video(), TrackingParams(), cuts=[20, 45])
    assert tracks.track_count == 6
    spans = [tracks.frame_index[tracks.track_id == track_id] for track_id in range(1, 7)]
    assert [(span[0], span[-1]) for span in spans] == [(0, 19)] * 2 + [(20, 44)] * 2 + [(45, 59)] * 2
    whole = track_video([(0, still)], video(), TrackingParams())
    assert same(track_video([(0, still)], video(), TrackingParams(), cuts=[0]), whole)
