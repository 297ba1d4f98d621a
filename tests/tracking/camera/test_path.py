"""Coordinates that go with the camera."""

import numpy as np
import pytest

from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

SIZE = (1280, 720)


def random_steps(count: int, seed: int = 0) -> np.ndarray:
    """A hand-held camera: shifts of some 20 pixels, turns of a degree, zooms of a percent."""
    random = np.random.default_rng(seed)
    angle, zoom = random.normal(0, 0.02, count), np.exp(random.normal(0, 0.01, count))
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    shift = random.normal(0, 20, (count, 2))
    rows = np.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], axis=1)
    return rows.reshape(count, 2, 3)


def seen(frames: np.ndarray, boxes_xyxy: np.ndarray) -> Detections:
    return Detections(frames, frames, boxes_xyxy.astype(np.float32), np.full(len(frames), 0.9, np.float32))


def standing_person(steps: np.ndarray) -> np.ndarray:
    """Boxes of a person who stands still while the camera moves."""
    centre, height, boxes = np.array([600.0, 400.0]), 100.0, []
    for index, step in enumerate(steps):
        if index:
            centre, height = step[:, :2] @ centre + step[:, 2], height * np.hypot(step[0, 0], step[1, 0])
        half = height * np.array([0.25, 0.5])
        boxes.append([*(centre - half), *(centre + half)])
    return np.array(boxes)


def as_tracks(found: Detections) -> Tracks:
    count = len(found)
    return Tracks(
        found.frame_index,
        np.ones(count, np.int64),
        found.boxes_xyxy.astype(np.float64),
        np.ones(count),
        np.zeros(count, np.bool_),
    )


@pytest.mark.parametrize("rate", [1.0, 10.0, 60.0])
def test_there_and_back(rate: float) -> None:
    frames, steps = np.arange(0, 400, 2), random_steps(200)
    corners = np.random.default_rng(2).uniform(0, 500, (200, 2))
    boxes = np.hstack([corners, corners + np.array([40, 90])])
    path = CameraPath.from_steps(frames, steps, SIZE, rate)
    back = path.restored(as_tracks(path.removed(seen(frames, boxes))))
    assert back.boxes_xyxy == pytest.approx(boxes, abs=0.01)


def test_who_stands_still_stays_in_place() -> None:
    frames, steps = np.arange(20), random_steps(20)
    boxes = CameraPath.from_steps(frames, steps, SIZE, 30.0).removed(seen(frames, standing_person(steps))).boxes_xyxy
    assert np.abs(np.diff(standing_person(steps), axis=0)).max() > 20
    # what was long ago is forgotten, so that there is a little movement left
    assert np.abs(np.diff(boxes, axis=0)).max() < 1


def test_a_camera_that_does_not_move_changes_nothing() -> None:
    frames = np.arange(5)
    boxes = np.tile([10.0, 20.0, 50.0, 120.0], (5, 1))
    path = CameraPath.from_steps(frames, np.tile(np.eye(2, 3), (5, 1, 1)), SIZE, 10.0)
    assert path.removed(seen(frames, boxes)).boxes_xyxy == pytest.approx(boxes, abs=1e-3)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param([[1.01, 0, -6], [0, 1.01, -4]], id="zoom"),
        pytest.param([[1, 0, 30], [0, 1, 0]], id="pan"),
    ],
)
def test_what_goes_on_for_ever_stays_bounded(step: list[list[float]]) -> None:
    frames = np.arange(100_000)
    path = CameraPath.from_steps(frames, np.tile(step, (len(frames), 1, 1)), SIZE, 30.0)
    assert np.abs(np.log(np.abs(path.turn))).max() < 10
    assert np.abs(path.shift).max() < 50_000


def test_between_frames_that_were_sampled() -> None:
    path = CameraPath.from_steps(np.array([0, 10]), np.array([np.eye(2, 3), [[1, 0, 20], [0, 1, 0]]]), SIZE, 10.0)
    middle = as_tracks(seen(np.array([5]), np.array([[100, 100, 140, 200]])))
    assert path.restored(middle).boxes_xyxy[0] == pytest.approx([110, 100, 150, 200], abs=0.2)


def test_nobody() -> None:
    path = CameraPath.from_steps(np.arange(3), random_steps(3), SIZE, 10.0)
    nobody = seen(np.zeros(0, np.int64), np.zeros((0, 4)))
    assert len(path.removed(nobody)) == 0
    assert len(path.restored(as_tracks(nobody))) == 0
