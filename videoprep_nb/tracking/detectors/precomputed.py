"""Detections that somebody else made: a MOT ``det.txt``, so that trackers can be judged on public data."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import display_name
from videoprep_nb.core.text import reason_of
from videoprep_nb.tracking.detections import DETECTION_FLOOR, Detections, FrameDetections
from videoprep_nb.tracking.detector_options import DetectorOptions, PrecomputedOptions
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.mot_text import BOX_XYWH, FRAME, SCORE, parse_mot_text


class PrecomputedDetector(Detector):
    """Boxes that another program found, from the file detections_file (MOT det.txt); it reads no frames.

    The file has one row per box, ``frame,id,x,y,width,height,score,…``; frames and pixels count from 1, and pixels are
    those of the standard video.

    Scores: -1 means unknown and counts as 1. If all others lie in [0, 1] they stay as they are, and boxes below 0.05
    are left out; if not, they are scaled from the file's least and greatest score to [0.05, 1].

    The file is read when it is first needed; an ``InputError`` says that it is missing, or not of that form.
    """

    name: ClassVar[str] = "precomputed"
    options_type: ClassVar[type[DetectorOptions]] = PrecomputedOptions
    reads_frames: ClassVar[bool] = False
    options: PrecomputedOptions

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """A detector for one file."""
        return cls(PrecomputedOptions(detections_file=str(path)))

    @property
    def fingerprint(self) -> str:
        """The content of the file."""
        return f"precomputed {self.version} {self._boxes.fingerprint}"

    @property
    def cost(self) -> float:
        """None: there is nothing to detect."""
        return 0.0

    @property
    def frame_count(self) -> int:
        """Number of the last frame, counted from 1, that has a box; 0 when there is none."""
        return int(self._boxes.frame_index.max(initial=-1)) + 1

    @property
    def description(self) -> str:
        """Such as ``boxes from det.txt``."""
        return f"boxes from {display_name(self._path.name)}"

    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[FrameDetections]:
        """The boxes of these frames; see ``Detector.detect``."""
        return [self._boxes.in_frame(index).above(DETECTION_FLOOR) for index in frame_indices]

    @property
    def _path(self) -> Path:
        return Path(self.options.detections_file)

    @cached_property
    def _boxes(self) -> Detections:
        rows, sha256 = _read_rows(self._path)
        boxes = Detections.from_arrays(rows[:, FRAME] - 1, _to_xyxy(rows[:, BOX_XYWH]), _to_confidence(rows[:, SCORE]))
        return replace(boxes, fingerprint=sha256)


def _read_rows(path: Path) -> tuple[npt.NDArray[np.float64], str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read as MOT detections ({reason_of(error)}); expected a det.txt.") from None
    return parse_mot_text(content, path), hashlib.sha256(content).hexdigest()


def _to_xyxy(boxes_xywh: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Boxes whose upper left pixel is (1, 1) to boxes whose upper left corner is (0, 0)."""
    upper_left = boxes_xywh[:, :2] - 1
    return np.hstack([upper_left, upper_left + boxes_xywh[:, 2:]]).astype(np.float32)


def _to_confidence(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    known = scores != -1
    confidence = np.ones(len(scores))
    if known.any():
        least, greatest = scores[known].min(), scores[known].max()
        if least < 0 or greatest > 1:
            shortfall = (greatest - scores[known]) / max(greatest - least, 1e-9)
            confidence[known] = 1 - (1 - DETECTION_FLOOR) * shortfall
        else:
            confidence[known] = scores[known]
    return confidence.astype(np.float32)
