"""Descriptions by colours."""

import numpy as np
import pytest

from videoprep_nb.tracking.appearance.bars import inside_bars
from videoprep_nb.tracking.appearance.colours import Colours

BOXES = np.array([[20, 30, 60, 150], [100, 30, 140, 150]], np.float32)


def frame_with(*colours: tuple[int, int, int]) -> np.ndarray:
    frame = np.full((180, 200, 3), 128, np.uint8)
    for box, colour in zip(BOXES.astype(int), colours, strict=False):
        frame[box[1] : box[3], box[0] : box[2]] = colour
    return frame


def similarity(features: np.ndarray) -> float:
    one, other = features.astype(np.float64)
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_same_colours_are_alike_and_others_are_not() -> None:
    red = Colours().describe(frame_with((200, 30, 30), (200, 30, 30)), BOXES)
    both = Colours().describe(frame_with((200, 30, 30), (30, 30, 200)), BOXES)
    assert red.shape == (2, Colours.size)
    assert red.dtype == np.float16
    assert similarity(red) == pytest.approx(1, abs=1e-3)
    assert similarity(both) < 0.4


def test_shares_of_each_histogram_add_up_to_one() -> None:
    shares = Colours().describe(frame_with((200, 30, 30), (9, 90, 9)), BOXES).astype(np.float64) ** 2
    assert shares.reshape(2, 9, 8).sum(axis=2) == pytest.approx(1, abs=2e-3)


def test_trousers_and_shirt_are_not_exchanged() -> None:
    frame = frame_with((200, 30, 30), (30, 30, 200))
    frame[110:150, 20:60], frame[110:150, 100:140] = (30, 30, 200), (200, 30, 30)
    frame[30:70, 100:140] = (30, 30, 200)
    assert similarity(Colours().describe(frame, BOXES)) < 0.6


def test_boxes_at_and_beyond_the_border() -> None:
    boxes = np.array([[-30, -10, 5, 60], [199.6, 170, 240, 400], [50, 50, 50.2, 50.2]], np.float32)
    assert np.isfinite(Colours().describe(frame_with(), boxes)).all()
    assert Colours().describe(frame_with(), boxes[:0]).shape == (0, Colours.size)


@pytest.mark.parametrize(
    ("bars", "inside"),
    [
        pytest.param((0, 0), [0, 0, 1, 1], id="none"),
        pytest.param((80, 0), [0.25, 0, 0.75, 1], id="at-the-sides"),
        pytest.param((0, 24), [0, 0.1, 1, 0.9], id="above-and-below"),
    ],
)
def test_black_bars_are_no_content(bars: tuple[int, int], inside: list[float]) -> None:
    frame = np.random.default_rng(0).integers(0, 12, (240, 320, 3)).astype(np.uint8)
    frame[bars[1] : 240 - bars[1], bars[0] : 320 - bars[0]] = 100
    assert inside_bars(frame).tolist() == pytest.approx(inside, abs=0.02)


def test_a_black_frame_is_content_altogether() -> None:
    assert inside_bars(np.zeros((90, 160, 3), np.uint8)).tolist() == [0, 0, 1, 1]
