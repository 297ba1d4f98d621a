"""Boxes are read from the outputs of every layout: known boxes, written as each network writes them."""

import typing

import numpy as np
import pytest

from videoprep_nb.tracking.detector_options import OutputLayoutName
from videoprep_nb.tracking.detectors.inference.layouts import LAYOUTS
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
from videoprep_nb.tracking.detectors.inference.output import MAX_BOXES, read_outputs

WIDTH, HEIGHT = 320, 192
PERSON, CLASSES = 1, 3
BOXES_XYXY = np.array([[16, 24, 80, 152], [200, 8, 264, 184]], np.float32)
SCORES = np.array([0.5, 0.9], np.float32)


def centres_and_sides() -> np.ndarray:
    sides = BOXES_XYXY[:, 2:] - BOXES_XYXY[:, :2]
    return np.hstack([BOXES_XYXY[:, :2] + sides / 2, sides])


def class_scores() -> np.ndarray:
    scores = np.full((len(SCORES), CLASSES), 0.01, np.float32)
    scores[:, PERSON] = SCORES
    return scores


def with_other_class(rows: np.ndarray) -> np.ndarray:
    """Rows of boxes, score and class, and a row of a class that does not count."""
    labelled = np.hstack([rows, SCORES[:, None], np.full((len(rows), 1), PERSON)])
    return np.vstack([labelled, [*rows[0], 0.99, PERSON + 1]]).astype(np.float32)


def yolox_cells() -> np.ndarray:
    """The boxes in the cells of the coarsest grid, as YOLOX gives them; the other cells hold nothing."""
    stride_px, columns = 32, WIDTH // 32
    counts = [WIDTH // side * (HEIGHT // side) for side in (8, 16, 32)]
    rows = np.zeros((sum(counts), 5 + CLASSES), np.float32)
    for box, scores in zip(centres_and_sides(), class_scores(), strict=True):
        column, row = (box[:2] // stride_px).astype(int)
        place = counts[0] + counts[1] + row * columns + column
        rows[place] = [*(box[:2] / stride_px - [column, row]), *np.log(box[2:] / stride_px), 0.5, *scores * 2]
    return rows


OUTPUTS = {
    "yolo": lambda: [np.hstack([centres_and_sides(), class_scores()]).T],
    "yolo_nms_free": lambda: [np.hstack([centres_and_sides(), class_scores()]).T],
    "end2end": lambda: [with_other_class(BOXES_XYXY)],
    "rtdetr": lambda: [with_other_class(centres_and_sides() / [WIDTH, HEIGHT, WIDTH, HEIGHT])],
    "yolov5": lambda: [np.hstack([centres_and_sides(), np.full((2, 1), 0.5, np.float32), class_scores() * 2])],
    "rfdetr": lambda: [
        (centres_and_sides() / [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32),
        np.log(class_scores() / (1 - class_scores())),
    ],
    "yolox": lambda: [yolox_cells()],
    "yolox_decoded": lambda: [np.hstack([centres_and_sides(), np.full((2, 1), 0.5, np.float32), class_scores() * 2])],
}


def read(layout: str, outputs: list[np.ndarray], classes: tuple[int, ...] = (PERSON,)) -> tuple[np.ndarray, np.ndarray]:
    frame = Letterbox.fit(WIDTH, HEIGHT, WIDTH)
    found = read_outputs(outputs, NetworkForm(layout, classes), frame, nms_iou=0.7)
    return found.boxes_xyxy, found.scores


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_of_persons_strongest_first(layout: str) -> None:
    boxes_xyxy, scores = read(layout, OUTPUTS[layout]())
    assert boxes_xyxy == pytest.approx(BOXES_XYXY[::-1], abs=1e-3)
    assert scores == pytest.approx(SCORES[::-1], abs=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shapes_tell_the_classes_or_do_not_fit(layout: str) -> None:
    shapes = [(1, *output.shape) for output in OUTPUTS[layout]()]
    assert LAYOUTS[layout].class_count(shapes) == (None if layout in ("end2end", "rtdetr") else CLASSES)
    with pytest.raises(ValueError, match=r"^$"):  # the caller has the words
        LAYOUTS[layout].class_count([(1, 4, 4)] * len(shapes) if layout != "rfdetr" else [(1, 9, 3), (1, 9, 3)])


def test_only_layouts_that_need_it_suppress_overlapping_boxes() -> None:
    twice = [np.repeat(output, 2, axis=1) for output in OUTPUTS["yolo"]()]
    assert len(read("yolo", twice)[0]) == 2
    assert len(read("yolo_nms_free", twice)[0]) == 4


def test_a_candidate_of_two_classes_counts_once() -> None:
    rows = with_other_class(BOXES_XYXY)
    boxes_xyxy, scores = read("end2end", [rows], classes=(PERSON, PERSON + 1))
    assert boxes_xyxy == pytest.approx(BOXES_XYXY)
    assert scores == pytest.approx([0.99, 0.9])


def test_the_strongest_boxes_of_a_network_without_measure_remain() -> None:
    columns = np.repeat(OUTPUTS["yolo"]()[0][:, :1], MAX_BOXES + 500, axis=1)
    columns[4 + PERSON] = np.linspace(0.1, 0.9, columns.shape[1])
    boxes_xyxy, scores = read("yolo_nms_free", [columns])
    assert len(boxes_xyxy) == MAX_BOXES
    assert scores.min() == pytest.approx(columns[4 + PERSON, 500])


def test_the_option_offers_every_layout() -> None:
    assert set(typing.get_args(OutputLayoutName)) == {"auto", *LAYOUTS}
