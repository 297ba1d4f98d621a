"""Tracklets: what two runs agree on, and which belong together."""

from fractions import Fraction

import numpy as np
import pytest

from tests.support.tracking_scenes import track_table
from videoprep_nb.tracking.associate import Association
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.refine import MotionMisses, Tracklets, agreed_tracklets, link_tracklets, one_run
from videoprep_nb.tracking.tracks import Tracks

RATE = Fraction(10)

Box = tuple[float, float, float, float]


def found(frames: list[int]) -> Detections:
    boxes = np.array([[10 * row, 20, 10 * row + 40, 120] for row in range(len(frames))], np.float32).reshape(-1, 4)
    return Detections(np.unique(frames), np.array(frames), boxes, np.full(len(frames), 0.9, np.float32))


def run(detections: Detections, ids: list[int]) -> Association:
    return Association(detections, np.array(ids, dtype=np.int64), detections.boxes_xyxy.astype(np.float64))


@pytest.mark.parametrize(
    ("frames", "forward", "backward", "pieces"),
    [
        pytest.param([0, 1, 2], [1, 1, 1], [7, 7, 7], [{0, 1, 2}], id="agreed"),
        pytest.param([0, 1, 2], [1, 1, 1], [7, 8, 8], [{0}, {1, 2}], id="cut-by-one"),
        pytest.param([0, 1, 5], [1, 1, 1], [7, 7, 7], [{0, 1, 2}], id="over-a-gap"),
        pytest.param([0, 0, 1, 1], [1, 2, 1, 2], [7, 8, 8, 7], [{0}, {1}, {2}, {3}], id="exchanged"),
        pytest.param([0, 1, 2], [1, 0, 1], [7, 7, 7], [{0}, {1}, {2}], id="left-out-by-one"),
        pytest.param([0, 1, 2], [0, 0, 1], [0, 7, 7], [{1}, {2}], id="seen-by-none"),
        pytest.param([], [], [], [], id="nothing"),
    ],
)
def test_agreed_tracklets(frames: list[int], forward: list[int], backward: list[int], pieces: list[set[int]]) -> None:
    detections = found(frames)
    tracklets = agreed_tracklets(run(detections, forward), run(detections, backward), detections.scores)
    rows = (tracklets.tracks.boxes_xyxy[:, 0] / 10).astype(int)
    ids = tracklets.tracks.track_id
    assert sorted((set(rows[ids == piece].tolist()) for piece in np.unique(ids)), key=min) == pieces
    assert tracklets.forward_id.tolist() == [forward[row] for row in rows]
    assert tracklets.backward_id.tolist() == [backward[row] for row in rows]


def test_one_run_is_not_divided() -> None:
    detections = found([0, 0, 1, 3])
    tracklets = one_run(run(detections, [1, 2, 1, 1]), detections.scores)
    assert tracklets.tracks.track_id.tolist() == [1, 1, 1, 2]
    assert tracklets.tracks.frame_index.tolist() == [0, 1, 3, 0]


def test_short_fragments_are_left_out_with_what_was_said_of_them() -> None:
    detections = found([0, 0, 1, 3])
    kept = one_run(run(detections, [1, 2, 1, 1]), detections.scores).without_shorter_than(2)
    assert kept.tracks.track_id.tolist() == [1, 1, 1]
    assert kept.forward_id.tolist() == [1, 1, 1]


def walk(piece: int, frames: range, x: float, velocity: float = 5.0, y: float = 100, height: float = 100) -> list:
    return [(f, piece, (x + velocity * f, y, x + velocity * f + 40, y + height)) for f in frames]


def link(rows: list, max_gap_s: float = 2.0, same_run: bool = False) -> Tracks:
    tracks = track_table(*rows)
    said = np.full(len(tracks), int(same_run), dtype=np.int64)
    return link_tracklets(Tracklets(tracks, said, said), MotionMisses.usual(), max_gap_s, RATE, frame_stride=1)


def pieces_of_tracks(linked: Tracks, rows: list) -> list[list[int]]:
    """The pieces that each track is made of, identified by their boxes."""
    piece_of = {(row[0], float(row[2][0])): row[1] for row in rows}
    keys = zip(linked.frame_index.tolist(), linked.boxes_xyxy[:, 0].tolist(), linked.track_id.tolist(), strict=True)
    members: dict[int, set[int]] = {}
    for frame, x, track_id in keys:
        members.setdefault(track_id, set()).add(piece_of[frame, x])
    return sorted(sorted(pieces) for pieces in members.values())


@pytest.mark.parametrize(
    ("rows", "tracks"),
    [
        pytest.param(walk(1, range(10), 0) + walk(2, range(20, 30), 0), [[1, 2]], id="straight-on"),
        pytest.param(walk(1, range(10), 0) + walk(2, range(35, 45), 0), [[1], [2]], id="too-late"),
        pytest.param(walk(1, range(10), 0) + walk(2, range(20, 30), 120), [[1], [2]], id="elsewhere"),
        pytest.param(walk(1, range(10), 0) + walk(2, range(20, 30), 0, height=150), [[1], [2]], id="taller"),
        pytest.param(walk(1, range(10), 0, 12) + walk(2, range(20, 30), 350, -12), [[1], [2]], id="leaves-and-enters"),
        pytest.param(walk(1, range(10), 0) + walk(2, range(5, 15), 3), [[1], [2]], id="at-the-same-time"),
        pytest.param(
            walk(1, range(10), 0) + walk(2, range(20, 30), 0) + walk(3, range(36, 50), 0), [[1, 2, 3]], id="a-chain"
        ),
        pytest.param(
            walk(1, range(10), 0) + walk(2, range(10), 15, y=104) + walk(3, range(14, 24), 14, y=104),
            [[1], [2, 3]],
            id="the-nearer-of-two",
        ),
        pytest.param(
            walk(1, range(15), 0) + walk(2, range(15), 150, -5) + walk(3, range(18, 33), 0)
            + walk(4, range(18, 33), 150, -5),
            [[1, 3], [2, 4]],
            id="two-who-meet",
        ),
        pytest.param([], [], id="nothing"),
    ],
)  # fmt: skip
def test_link_tracklets(rows: list, tracks: list[list[int]]) -> None:
    assert pieces_of_tracks(link(rows), rows) == tracks


def test_the_best_for_all_is_not_the_best_for_each() -> None:
    """Piece 3 fits 1 a little better than 2; but only 2 can take it if 1 has piece 4."""
    rows = walk(1, range(10), 0) + walk(2, range(10), 10) + walk(3, range(12, 22), 4) + walk(4, range(12, 22), -4)
    assert pieces_of_tracks(link(rows), rows) == [[1, 4], [2, 3]]


def test_what_a_run_has_followed_may_cost_more() -> None:
    rows = walk(1, range(10), 0) + walk(2, range(14, 24), 40)
    assert pieces_of_tracks(link(rows), rows) == [[1], [2]]
    assert pieces_of_tracks(link(rows, same_run=True), rows) == [[1, 2]]


@pytest.mark.parametrize(("frame_stride", "tracks"), [(1, 2), (5, 1)])
def test_the_stride_is_no_gap(frame_stride: int, tracks: int) -> None:
    rows = [row for row in walk(1, range(0, 50, 5), 0) + walk(2, range(50, 100, 5), 0) if row[0] % 5 == 0]
    tracklets = Tracklets(track_table(*rows), np.zeros(20, np.int64), np.zeros(20, np.int64))
    assert link_tracklets(tracklets, MotionMisses.usual(), 0.0, RATE, frame_stride).track_count == tracks


def test_every_box_is_kept_as_it_was() -> None:
    rows = walk(1, range(10), 0) + walk(2, range(20, 30), 0) + walk(3, range(5, 25), 300)
    linked, before = link(rows), track_table(*rows)
    order = np.lexsort((linked.boxes_xyxy[:, 0], linked.frame_index))
    order_before = np.lexsort((before.boxes_xyxy[:, 0], before.frame_index))
    assert np.array_equal(linked.boxes_xyxy[order], before.boxes_xyxy[order_before])
    assert np.array_equal(linked.frame_index[order], before.frame_index[order_before])
    assert linked.track_count == 2
