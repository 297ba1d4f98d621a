"""What is hidden cannot be recognized, and all else stays as it was."""

from typing import get_args

import cv2
import numpy as np
import pytest

from tests.support.faces import faces_by_another_detector
from tests.support.photographs import bus_in_standard_frame, photograph
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.privacy.cover import How, cover
from videoprep_nb.privacy.face_detector import FaceDetector
from videoprep_nb.privacy.follow import follow_faces
from videoprep_nb.privacy.plan import CoverPlan
from videoprep_nb.privacy.regions import Regions
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors import RgbFrame
from videoprep_nb.tracking.tracks import Tracks

WIDTH, HEIGHT = 1280, 720
BOX = np.array([[100, 60, 221, 190]], np.float32)
HOWS = pytest.mark.parametrize("how", get_args(How))


@pytest.fixture(scope="module")
def noise() -> RgbFrame:
    return np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH, 3), np.uint8)


def one_frame_plan(frame: RgbFrame) -> CoverPlan:
    """What is hidden of the faces in one frame, without tracks."""
    faces = FaceDetector().detect([frame], [0], WIDTH, HEIGHT)
    nobody = Tracks.from_arrays([], [], [], [])
    found = follow_faces(Detections.from_frames(np.array([0]), faces), nobody, rate=25)
    return CoverPlan.of_tables([found], WIDTH, HEIGHT)


@HOWS
@pytest.mark.parametrize("shown", ["large", "small"])
def test_another_detector_finds_no_face_any_more(how: How, shown: str) -> None:
    frame = photograph("zidane.jpg") if shown == "large" else bus_in_standard_frame()
    assert len(faces_by_another_detector(frame)) >= 2
    covered = cover(frame, one_frame_plan(frame).in_frame(0), how)
    assert len(faces_by_another_detector(covered)) == 0


@HOWS
def test_pixels_outside_stay_and_those_inside_go(how: How, noise: RgbFrame) -> None:
    before = noise.copy()
    covered = cover(noise, Regions.of_boxes(BOX, WIDTH, HEIGHT), how)
    assert (noise == before).all(), "the frame that was given is not touched"
    changed = (covered != noise).any(axis=2)
    inside = np.zeros((HEIGHT, WIDTH), np.bool_)
    inside[60:190, 100:221] = True
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.99


def test_little_is_left_of_a_face_however_large() -> None:
    men = photograph("zidane.jpg")
    face = Regions.of_boxes(np.array([[554, 248, 664, 432]]), WIDTH, HEIGHT)
    original, blurred, pixelated, black = (
        frame[248:432, 554:664] for frame in (men, *(cover(men, face, how) for how in get_args(How)))
    )
    assert len(np.unique(pixelated.reshape(-1, 3), axis=0)) == 3 * 5
    assert not black.any()
    edges = [np.abs(cv2.Laplacian(patch, cv2.CV_64F)).mean() for patch in (blurred, original)]
    assert edges[0] < 0.15 * edges[1]


@HOWS
def test_polygons_hide_the_pixels_inside(how: How, noise: RgbFrame) -> None:
    triangle = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]], np.float32)
    changed = (cover(noise, Regions(polygons_xyn=(triangle,)), how) != noise).any(axis=2)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    x, y = columns / WIDTH, rows / HEIGHT
    inside = (x > 0.25) & (y > 0.25) & (x + y < 1)
    assert changed[inside].mean() > 0.99
    near = (x > 0.249) & (y > 0.247) & (x + y < 1.004)
    assert not changed[~near].any()


@HOWS
def test_a_copy_in_another_resolution_is_covered_at_the_same_place(how: How, noise: RgbFrame) -> None:
    small = cv2.resize(noise, (640, 360), interpolation=cv2.INTER_AREA)
    changed = (cover(small, Regions.of_boxes(BOX, WIDTH, HEIGHT), how) != small).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (50, 110, 30, 94)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([-50, -50, 30, 20], id="corner"),
        pytest.param([1270, 700, 1400, 800], id="other-corner"),
        pytest.param([10.2, 10.2, 10.7, 10.7], id="less-than-a-pixel"),
        pytest.param([0, 0, 1280, 720], id="whole-frame"),
    ],
)
@HOWS
def test_regions_at_the_border(how: How, box: list[float], noise: RgbFrame) -> None:
    left, top = (max(0, int(side)) for side in box[:2])
    covered = cover(noise, Regions.of_boxes(np.array([box]), WIDTH, HEIGHT), how)
    if box[2] - box[0] >= 1:
        assert (covered[top, left] != noise[top, left]).any()
    assert covered.shape == noise.shape


@HOWS
def test_regions_outside_of_the_frame_and_none(how: How, noise: RgbFrame) -> None:
    outside = Regions.of_boxes(np.array([[1300, 10, 1400, 50], [10, -50, 50, -10]]), WIDTH, HEIGHT)
    assert (cover(noise, outside, how) == noise).all()
    assert cover(noise, Regions(), how) is noise


def test_an_unknown_way_is_refused(noise: RgbFrame) -> None:
    with pytest.raises(ParameterError, match=r"'smear', expected blur, pixelate, box"):
        cover(noise, Regions(), "smear")
