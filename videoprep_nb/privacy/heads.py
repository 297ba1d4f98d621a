"""Where the head of a person is, and which face belongs to whom."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.core.boxes import FloatArray

# Measured on 60 faces in boxes of yolov8n, photographs and MOT17: whole persons, twice as high as wide and more, have
# the chin at 0.11 to 0.19 of their height; of those cut off at the hips the face reaches down to 0.3 to 0.53.
_ASPECTS = (1.5, 2.0)
_DEPTHS = (0.5, 0.2)
_FACE_OF_HEAD = 0.6  # height of a face, in shares of the depth
_ABOVE = 0.25  # hair and hats above the box, in shares of the depth
_MAX_LOG_RATIO = 1.0  # a face that is e times as high as expected, or as low, is that of another person


def head_regions(persons_xyxy: FloatArray) -> npt.NDArray[np.float64]:
    """The upper part of persons, in which the face is wherever they turn.

    Args:
        persons_xyxy: ``(N, 4)`` boxes of persons in pixels.

    Returns:
        ``(N, 4)`` boxes in pixels; they may leave the frame.

    Example:
        >>> head_regions(np.array([[100, 50, 150, 200]])).tolist()
        [[100.0, 42.5, 150.0, 80.0]]
    """
    persons = np.asarray(persons_xyxy, np.float64)
    depth = _depth(persons)
    top = persons[:, 1]
    return np.stack([persons[:, 0], top - _ABOVE * depth, persons[:, 2], top + depth], axis=1)


def assign_faces(faces_xyxy: FloatArray, persons_xyxy: FloatArray) -> npt.NDArray[np.intp]:
    """The person of each face in a frame: the face lies in the head, and its size fits.

    Args:
        faces_xyxy: ``(F, 4)`` boxes of faces in pixels.
        persons_xyxy: ``(P, 4)`` boxes of persons.

    Returns:
        ``(F,)`` index of the person, -1 for none; no person has two faces.
    """
    owner = np.full(len(faces_xyxy), -1, np.intp)
    if not len(faces_xyxy) or not len(persons_xyxy):
        return owner
    heads = head_regions(persons_xyxy)
    centres = (faces_xyxy[:, None, :2] + faces_xyxy[:, None, 2:]) / 2
    is_inside = ((centres > heads[:, :2]) & (centres < heads[:, 2:])).all(axis=2)
    face_height = (faces_xyxy[:, 3] - faces_xyxy[:, 1])[:, None]
    cost = np.abs(np.log(face_height / (_FACE_OF_HEAD * _depth(np.asarray(persons_xyxy, np.float64)))))
    fits = is_inside & (cost < _MAX_LOG_RATIO)
    found, persons = linear_sum_assignment(np.where(fits, cost - _MAX_LOG_RATIO, 0))
    is_pair = fits[found, persons]
    owner[found[is_pair]] = persons[is_pair]
    return owner


def _depth(persons_xyxy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Height of the heads in pixels, from the top of the box down to the neck."""
    width, height = (persons_xyxy[:, 2:] - persons_xyxy[:, :2]).T
    depth: npt.NDArray[np.float64] = height * np.interp(height / np.maximum(width, 1e-9), _ASPECTS, _DEPTHS)
    return depth
