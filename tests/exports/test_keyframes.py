"""Sparse keyframes: CVAT's interpolation between them gives every box, and nothing across a gap."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from tests.support.cvat_rules import Shape, iou, visible_boxes
from videoprep_nb.exports.keyframes import MAX_SEGMENT_FRAMES, select_keyframes


def walk(seed: int, length: int) -> np.ndarray:
    """Somebody who walks with changing speed, seen by a detector that trembles."""
    random = np.random.default_rng(seed)
    centres = np.cumsum(random.normal(0, 1, (length, 2)).cumsum(axis=0) / 20, axis=0) + random.normal(
        0, 0.8, (length, 2)
    )
    sides = np.array([40, 100]) + random.normal(0, 1.5, (length, 2))
    return np.hstack([centres - sides / 2, centres + sides / 2]) + 1000


def worst_iou(frames: np.ndarray, boxes: np.ndarray, rows: np.ndarray) -> float:
    """Of all boxes that an annotator sees between the keyframes of each run; their frames are those of the track."""
    shapes = [Shape(int(frames[row]), tuple(np.round(boxes[row], 2)), False) for row in rows]
    shapes += [Shape(int(frame) + 1, shapes[0].points, True) for frame in frames if frame + 1 not in frames]
    seen = visible_boxes(shapes, int(frames[-1]) + 1)
    assert list(seen) == frames.tolist()
    return min(iou(seen[frame], box) for frame, box in zip(frames.tolist(), np.round(boxes, 2).tolist(), strict=True))


@pytest.mark.parametrize("min_iou", [0.5, 0.8, 0.9, 0.97])
@pytest.mark.parametrize("seed", range(3))
def test_interpolation_gives_every_box(seed: int, min_iou: float) -> None:
    frames = np.delete(np.arange(400), [3, 4, 100, 101, 102, 250])
    boxes = walk(seed, 400)[frames]
    rows = select_keyframes(frames, boxes, min_iou)
    assert worst_iou(frames, boxes, rows) >= min_iou
    assert len(rows) < len(frames)


def test_more_is_kept_for_more_iou() -> None:
    frames, boxes = np.arange(400), walk(0, 400)
    counts = [len(select_keyframes(frames, boxes, min_iou)) for min_iou in (0.5, 0.7, 0.9, 0.97, 1)]
    assert counts == sorted(counts)
    assert counts[-1] == 400


def test_somebody_who_stands_still_needs_a_keyframe_now_and_then() -> None:
    frames, boxes = np.arange(2 * MAX_SEGMENT_FRAMES + 1), np.tile([10.0, 20, 50, 120], (2 * MAX_SEGMENT_FRAMES + 1, 1))
    assert select_keyframes(frames, boxes, 0.9).tolist() == [0, MAX_SEGMENT_FRAMES, 2 * MAX_SEGMENT_FRAMES]
    assert len(select_keyframes(frames, boxes, 1)) == len(frames)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([7], [0], id="one box"),
        pytest.param([7, 8], [0, 1], id="two boxes"),
        pytest.param([0, 2, 4], [0, 1, 2], id="every second frame"),
        pytest.param([0, 1, 2, 5, 6, 7], [0, 2, 3, 5], id="gap"),
    ],
)
def test_first_and_last_box_of_a_run(frames: list[int], expected: list[int]) -> None:
    assert select_keyframes(frames, [[10, 20, 50, 120]] * len(frames), 0.5).tolist() == expected


def test_a_failure_on_the_way_does_not_end_the_segment() -> None:
    """A box that jumps aside is missed by the next ends, and met by a later one."""
    boxes = np.tile([0.0, 0, 100, 100], (5, 1)) + np.array([0, 0, 9, 0, 0])[:, None] * [1, 0, 1, 0]
    assert select_keyframes(range(5), boxes, 0.8).tolist() == [0, 4]


@pytest.mark.parametrize("frames", [[0, 0], [1, 0]])
def test_frames_must_ascend(frames: list[int]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        select_keyframes(frames, [[0, 0, 1, 1]] * 2, 0.9)


def people(truth: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rows = sorted(map(tuple, np.loadtxt(truth, delimiter=",", usecols=range(7))), key=lambda row: row[1])
    for _, group in groupby(rows, key=lambda row: row[1]):
        track = np.array(sorted(row for row in group if row[6] == 1))
        if len(track):
            yield track[:, 0].astype(int), np.hstack([track[:, 2:4], track[:, 2:4] + track[:, 4:6]])


@pytest.mark.parametrize("sequence", ["MOT17-02", "MOT17-04", "MOT17-09"])
def test_eight_times_fewer_boxes_of_real_tracks(sequence: str, shared_data: Path) -> None:
    boxes_count = keyframe_count = 0
    for frames, boxes in people(shared_data / "mot17" / sequence / "gt" / "gt.txt"):
        rows = select_keyframes(frames, boxes, 0.9)
        assert worst_iou(frames, boxes, rows) >= 0.9
        boxes_count, keyframe_count = boxes_count + len(frames), keyframe_count + len(rows)
    assert boxes_count >= 8 * keyframe_count
