"""CenterFace finds the faces of photographs."""

import cv2
import numpy as np
import pytest

from tests.support.photographs import bus_in_standard_frame, photograph
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.privacy.face_detector import FACE_FLOOR, FaceDetector, FaceOptions
from videoprep_nb.tracking.detectors import DETECTORS

# x1 y1 x2 y2 of the two faces of zidane.jpg, which is 1280 x 720
FACES_OF_MEN = np.array([[554, 248, 664, 432], [918, 98, 1054, 275]], np.float32)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(FaceOptions(image_size=640))


def test_finds_faces_and_where_they_are(detector: FaceDetector) -> None:
    men = photograph("zidane.jpg")
    faces, none = detector.detect([men, np.zeros_like(men)], [0, 1], 1280, 720)
    assert len(none) == 0
    strong = faces.above(0.5)
    assert len(strong) == 2
    assert (iou_matrix(FACES_OF_MEN, strong.boxes_xyxy).max(axis=1) > 0.5).all()
    assert (faces.scores >= FACE_FLOOR).all()


def test_boxes_are_in_pixels_of_the_video_whatever_the_size_of_the_frames(detector: FaceDetector) -> None:
    men = photograph("zidane.jpg")
    small = cv2.resize(men, detector.input_size(1280, 720), interpolation=cv2.INTER_AREA)
    assert small.shape[1] == 640
    faces = detector.detect([small], [0], 1280, 720)[0].above(0.5)
    assert (iou_matrix(FACES_OF_MEN, faces.boxes_xyxy).max(axis=1) > 0.5).all()


def test_finds_small_faces() -> None:
    bus = bus_in_standard_frame()  # with faces about 33 pixels high
    faces = FaceDetector().detect([bus], [0], 1280, 720)[0].above(0.5)
    assert len(faces) == 2
    assert (faces.boxes_xyxy[:, 3] - faces.boxes_xyxy[:, 1] < 40).all()


def test_is_no_detector_of_persons() -> None:
    assert FaceDetector.name not in DETECTORS


def test_the_fingerprint_is_of_what_the_boxes_depend_on(detector: FaceDetector) -> None:
    assert detector.fingerprint != FaceDetector().fingerprint
    assert detector.description.startswith("centerface at 640 px")
