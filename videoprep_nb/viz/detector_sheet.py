"""What several detectors found in the same frames, on one contact sheet: a row per frame, a column per detector."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.text import plural
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.evaluation.compare_detectors import Measured
from videoprep_nb.tracking.evaluation.detection_score import CONFIDENCE, LabelledBoxes, match
from videoprep_nb.tracking.evaluation.labelled_frames import SourceFrame
from videoprep_nb.viz import images
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.style import Colour

_MAX_ROWS = 6
_TILE_WIDTH_PX = 590
_RIGHT: Colour = (0, 158, 115)
_WRONG: Colour = (213, 94, 0)
_MISSED: Colour = (240, 228, 66)
_FOUND: Colour = (86, 180, 233)


def detector_sheet(
    frames: Sequence[SourceFrame], measured: Sequence[Measured], labels: Sequence[LabelledBoxes | None], title: str
) -> RgbImage:
    """Draw the boxes with a score of at least ``CONFIDENCE``.

    Green boxes are right, orange ones wrong, yellow ones are persons that were missed; without labels all are blue.

    Args:
        frames: The frames; some of them are shown.
        measured: What each detector found in them.
        labels: The persons in each frame, None where nobody labelled them.
        title: A line on top.
    """
    rows = images.sampled(range(len(frames)), _MAX_ROWS)
    tiles = [_tile(frames[row], each, each.found[row], labels[row]) for row in rows for each in measured]
    return images.contact_sheet(tiles, len(measured), title)


def _tile(frame: SourceFrame, measured: Measured, found: FrameDetections, labels: LabelledBoxes | None) -> Tile:
    image = images.shrink(frame.frame, _TILE_WIDTH_PX)
    scale = image.shape[1] / frame.frame.shape[1]
    shown = found.above(CONFIDENCE)
    colours = [_FOUND] * len(shown)
    if labels is not None:
        matches = match(shown, labels)
        _draw(image, labels.boxes_xyxy[matches.is_missed] * scale, [_MISSED] * int(matches.is_missed.sum()))
        colours = [_RIGHT if is_right else _WRONG for is_right in matches.is_hit | matches.is_ignored]
    _draw(image, shown.boxes_xyxy * scale, colours)
    return Tile(image, f"{frame.name} · {measured.variant.name} · {plural(len(shown), 'box')}")


def _draw(image: RgbImage, boxes_xyxy: npt.NDArray[np.floating], colours: Sequence[Colour]) -> None:
    for box, colour in zip(boxes_xyxy, colours, strict=True):
        left, top, right, bottom = (round(float(side)) for side in box)
        cv2.rectangle(image, (left, top), (right, bottom), colour, 2, cv2.LINE_AA)
