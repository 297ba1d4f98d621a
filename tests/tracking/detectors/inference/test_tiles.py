"""Frames cut into overlapping tiles, and the boxes of the tiles put together."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import YoloOptions, inputs_per_frame
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.tiles import Tiling
from videoprep_nb.tracking.detectors.yolo import YoloDetector
from videoprep_nb.tracking.evaluation.mot_rows import read_ground_truth

SIZES = [(1280, 720), (720, 1280), (853, 479), (320, 180), (4000, 16)]


def tiling(count: int, width: int = 1280, height: int = 720, image_size: int = 640) -> Tiling:
    return Tiling(Letterbox.fit(width, height, image_size), count)


def shown(cut: Tiling, persons_xyxy: Iterable[tuple[float, float, float, float]]) -> list[FrameDetections]:
    """What a faultless network finds in the inputs: of each person, the part that an input shows."""
    box, found = cut.letterbox, []
    frame = np.arange(cut.width * cut.height, dtype=np.uint32).reshape(cut.height, cut.width)
    for number, network_input in enumerate(cut.inputs([frame])):  # type: ignore[list-item]
        top, left = divmod(int(network_input[0, 0]), cut.width)
        share = 1.0 if number == 0 else box.scaled_width / cut.width
        scale = np.tile([box.frame_width / cut.width, box.frame_height / cut.height], 2)
        boxes = (np.array(list(persons_xyxy)) - np.tile([left, top], 2) * scale) / share
        boxes = np.clip(boxes, 0, [box.frame_width, box.frame_height] * 2)
        boxes = boxes[((boxes[:, 2:] - boxes[:, :2]) > 1).all(axis=1)]
        found.append(FrameDetections(boxes.astype(np.float32), np.full(len(boxes), 0.5 + 0.01 * number, np.float32)))
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_tiles_cover_the_frame_and_fit_the_network(size: tuple[int, int], count: int) -> None:
    cut = tiling(count, *size)
    frame = np.arange(cut.width * cut.height, dtype=np.uint32).reshape(cut.height, cut.width)
    whole, *tiles = cut.inputs([frame])  # type: ignore[list-item]
    assert np.array_equal(whole, frame)
    assert len(tiles) + 1 == inputs_per_frame(count)
    assert cut.width % 2 == cut.height % 2 == 0
    assert {tile.shape for tile in tiles} <= {(cut.letterbox.scaled_height, cut.letterbox.scaled_width)}
    if count > 1:
        assert np.array_equal(np.unique(np.concatenate([tile.ravel() for tile in tiles])), frame.ravel())


def test_one_tile_changes_nothing() -> None:
    found = [
        FrameDetections(np.array([[1, 2, 3, 4]], np.float32), np.array([0.5], np.float32)),
        FrameDetections.empty(),
    ]
    assert list(tiling(1).merge(found)) == found
    assert (tiling(1).width, tiling(1).height) == (640, 360)


@pytest.mark.parametrize(
    "person",
    [
        pytest.param((100, 100, 130, 180), id="in-one-tile"),
        pytest.param((630, 350, 650, 380), id="in-all-tiles"),
        pytest.param((560, 100, 600, 200), id="cut-by-a-tile"),
        pytest.param((300, 50, 900, 700), id="larger-than-a-tile"),
        pytest.param((0, 300, 40, 420), id="at-the-left-border"),
        pytest.param((1250, 640, 1280, 720), id="in-the-last-corner"),
    ],
)
@pytest.mark.parametrize("count", [2, 3])
def test_each_person_once_and_in_place(person: tuple[float, float, float, float], count: int) -> None:
    cut = tiling(count)
    merged = list(cut.merge(shown(cut, [person])))
    assert len(merged) == 1
    assert len(merged[0]) == 1
    assert merged[0].boxes_xyxy[0] == pytest.approx(person, abs=2)


def test_several_frames_keep_their_persons() -> None:
    cut = tiling(2)
    persons = [[(100, 100, 130, 180)], [], [(500, 100, 530, 180), (900, 500, 960, 640)]]
    found = [one for frame in persons for one in shown(cut, frame or [(0, 0, 0, 0)])]
    merged = list(cut.merge(found))
    assert [len(frame) for frame in merged] == [1, 0, 2]


def test_persons_who_overlap_in_one_input_stay_two() -> None:
    cut = tiling(2)
    merged = list(cut.merge(shown(cut, [(200, 100, 260, 260), (230, 100, 290, 260)])))
    assert len(merged[0]) == 2


@pytest.mark.slow
def test_tiles_find_more_of_a_real_crowd(shared_data: Path) -> None:
    folder = shared_data / "mot17_images" / "MOT17-04-FRCNN"
    truth = read_ground_truth(folder / "gt" / "gt.txt")
    expected = ((truth.frame_number == 1) & (truth.scores > 0) & (truth.classes == 1)).sum()
    frame = cv2.cvtColor(cv2.imread(str(folder / "img1" / "000001.jpg")), cv2.COLOR_BGR2RGB)
    counts = []
    for tiles in (1, 2):
        detector = YoloDetector(YoloOptions(device="cpu", tiles=tiles))
        width, height = detector.input_size(1280, 720)
        scaled = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        found = detector.detect([scaled] * 2, [0, 1], 1280, 720)
        assert np.array_equal(found[0].boxes_xyxy, found[1].boxes_xyxy)
        assert (found[0].boxes_xyxy >= 0).all()
        assert (found[0].boxes_xyxy <= [1280, 720, 1280, 720]).all()
        counts.append(len(found[0].above(0.25)))
    assert counts[0] * 1.2 < counts[1] <= expected
