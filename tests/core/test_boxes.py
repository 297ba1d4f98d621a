"""Arithmetic on boxes, against values worked out by hand."""

import numpy as np
import pytest

from videoprep_nb.core.boxes import FrameTransform, area, clip_to_frame, iou_matrix


@pytest.mark.parametrize(
    ("other", "iou"),
    [
        pytest.param([0, 0, 10, 10], 1, id="same"),
        pytest.param([5, 0, 15, 10], 1 / 3, id="half"),
        pytest.param([2, 2, 7, 7], 0.25, id="inside"),
        pytest.param([10, 0, 20, 10], 0, id="touching"),
        pytest.param([20, 20, 30, 30], 0, id="apart"),
        pytest.param([5, 5, 5, 5], 0, id="no-area"),
    ],
)
def test_iou(other: list[float], iou: float) -> None:
    assert iou_matrix(np.array([[0.0, 0, 10, 10]]), np.array([other], dtype=float)) == pytest.approx(iou)


def test_iou_of_boxes_without_area_is_0_and_no_warning() -> None:
    empty = np.array([[5.0, 5, 5, 5]])
    with np.errstate(all="raise"):
        assert iou_matrix(empty, empty).tolist() == [[0]]


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_iou_shapes(first: int, second: int) -> None:
    assert iou_matrix(np.zeros((first, 4)), np.zeros((second, 4))).shape == (first, second)


def test_area() -> None:
    assert area(np.array([[0.0, 0, 4, 5], [1, 1, 1, 9]])).tolist() == [20, 0]


def test_clip_to_frame_copies() -> None:
    boxes = np.array([[-5.0, -5, 2000, 900], [10, 10, 20, 20], [1300, 5, 1400, 9]])
    clipped = clip_to_frame(boxes, 1280, 720)
    assert clipped.tolist() == [[0, 0, 1280, 720], [10, 10, 20, 20], [1280, 5, 1280, 9]]
    assert area(clipped)[2] == 0
    assert boxes[0, 0] == -5


def test_transform_there_and_back() -> None:
    letterbox = FrameTransform(scale_x=1.875, scale_y=1.25, offset_x=160, offset_y=-10)
    boxes = np.array([[0.0, 0, 512, 576], [8, 16, 24, 32]])
    assert letterbox.to_standard(boxes).tolist() == [[160, -10, 1120, 710], [175, 10, 205, 30]]
    assert letterbox.to_source(letterbox.to_standard(boxes)).tolist() == boxes.tolist()
