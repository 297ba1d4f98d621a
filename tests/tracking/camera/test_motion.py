"""How the camera moves, estimated from frames whose movement is known."""

import cv2
import numpy as np
import pytest

from videoprep_nb.media.photographs import photograph_path
from videoprep_nb.tracking.camera.motion import ClipMotion, camera_moves, estimate_step, join_steps, small_frame_size

WIDTH, HEIGHT = 480, 270
STILL = np.eye(2, 3)
CORNERS = np.array([[40, 40, 1], [440, 40, 1], [40, 230, 1], [440, 230, 1]]).T


def street() -> np.ndarray:
    frame = cv2.imread(str(photograph_path("bus.jpg")), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(frame[200:900], (700, 600), interpolation=cv2.INTER_AREA)


def view(left: float, top: float, angle: float = 0.0, zoom: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """What a camera sees of the street, and the matrix from the street to the frame."""
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([turn, -turn @ [left, top]])
    return cv2.warpAffine(street(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), matrix


def step_between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The matrix from one frame to the next, from those of both."""
    return (np.vstack([after, [0, 0, 1]]) @ np.linalg.inv(np.vstack([before, [0, 0, 1]])))[:2]


@pytest.mark.parametrize(
    "movement",
    [
        pytest.param((100.0, 150.0, 0.0, 1.0), id="none"),
        pytest.param((112.5, 141.0, 0.0, 1.0), id="shift"),
        pytest.param((98.0, 152.0, 0.03, 1.0), id="turn"),
        pytest.param((108.0, 154.0, 0.0, 1.04), id="zoom"),
        pytest.param((105.0, 160.0, -0.02, 0.98), id="all"),
    ],
)
def test_known_movements(movement: tuple[float, float, float, float]) -> None:
    (before, start), (after, end) = view(100, 150), view(*movement)
    found, true = estimate_step(before, after), step_between(start, end)
    assert found @ CORNERS == pytest.approx(true @ CORNERS, abs=0.5)


def test_who_moves_alone_is_left_out() -> None:
    (before, start), (after, end) = view(100, 150), view(106, 150)
    person = street()[300:480, 300:420]
    before[60:240, 100:220] = after[60:240, 130:250] = person
    assert estimate_step(before, after) @ CORNERS == pytest.approx(step_between(start, end) @ CORNERS, abs=0.5)


def test_black_bars_do_not_hold_the_frame() -> None:
    (before, start), (after, end) = view(100, 150), view(110, 150)
    for frame in (before, after):
        frame[:, :150] = frame[:, 330:] = 0
    assert estimate_step(before, after) @ CORNERS == pytest.approx(step_between(start, end) @ CORNERS, abs=0.8)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH), np.uint8), id="cut"),
        pytest.param(np.zeros((HEIGHT, WIDTH), np.uint8), id="black"),
    ],
)
def test_nothing_in_common_counts_as_still(after: np.ndarray) -> None:
    before, _ = view(100, 150)
    assert np.array_equal(estimate_step(before, after), STILL)
    assert np.array_equal(estimate_step(after, before), STILL)


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        pytest.param([(100, 150)] * 15, False, id="still"),
        pytest.param([(100 + second % 2, 150) for second in range(15)], False, id="trembles a little"),
        pytest.param([(100 + 10 * second, 150) for second in range(15)], True, id="pans"),
        pytest.param([(100, 150)] * 12 + [(110, 150), (120, 150), (130, 150)], True, id="pans at the end"),
        pytest.param([(100, 150, 0, 1.04**second) for second in range(15)], True, id="zooms"),
        pytest.param([(100, 150)], False, id="one frame"),
    ],
)
def test_whether_a_camera_moves(views: list[tuple[float, ...]], expected: bool) -> None:
    assert camera_moves([view(*place)[0] for place in views]) == expected


def test_clip_of_a_camera_that_stands_still() -> None:
    frame, _ = view(100, 150)
    still = ClipMotion.still([frame, frame], 4, "")
    moving = ClipMotion.estimate(iter([view(107, 150)[0], view(114, 150)[0]]), "")
    steps = join_steps([still, moving], WIDTH)
    assert (still.moves, moving.moves) == (False, True)
    assert np.array_equal(steps[:4], np.tile(STILL, (4, 1, 1)))
    assert steps[4:, 0, 2] == pytest.approx(-7, abs=0.5)


@pytest.mark.parametrize("shape", [(2, 2), (8, 14), (HEIGHT, 2)], ids=str)
def test_tiny_frames(shape: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    assert np.array_equal(estimate_step(frame, frame), STILL)


def test_clips_are_joined_as_if_they_were_one() -> None:
    frames = [view(100 + 7 * index, 150 + 3 * index)[0] for index in range(6)]
    whole = ClipMotion.estimate(iter(frames), "")
    parts = [ClipMotion.estimate(iter(part), "") for part in (frames[:2], frames[2:3], frames[3:])]
    assert np.array_equal(whole.steps[0], STILL)
    assert np.array_equal(join_steps(parts, WIDTH), whole.steps)
    shifts = join_steps(parts, 1280)[1:, :, 2]
    assert shifts == pytest.approx(whole.steps[1:, :, 2] * 1280 / WIDTH)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1280, 720), (480, 270)), ((720, 1280), (270, 480)), ((320, 180), (320, 180)), ((7680, 16), (480, 2))],
)
def test_small_frame_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert small_frame_size(*size) == expected
