"""Which frames of a clip go to the detector.

Who stands still moves too: arms, hair, a paper in the hand. So what changes inside the box of a person whom the last
look has found, or near it, opens the gate only if it is most of the box. Whoever walks leaves the box.
"""

import math
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.core.timecode import sampled_frames
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.gate.change import BLOCK_PX, Blocks, GreyImage, largest_differences, small_grey

_MARGIN_S = 0.3  # detected before and after a change
_KNOWN_SCORE = 0.3  # of a person whose movements in place are no news
_BESIDE_HEIGHT = 0.1  # arms and shadows reach so far beyond the box, in heights of the person
_MAX_CHANGED_SHARE = 0.5  # of a known person's blocks: somebody steps in front, or the person turns or goes
_ALONE_IOU = 0.05  # boxes that overlap more belong to people who pass each other


@dataclass(frozen=True)
class SampledFrame:
    """A frame of a clip.

    Args:
        index: Its zero-based index in the clip.
        frame: ``(height, width, 3)`` uint8 RGB.
    """

    index: int
    frame: RgbFrame


class ClipGate:
    """Says of each sampled frame of a clip whether it is to be detected.

    A frame is compared with the one that opened the gate last, or with a later look, so that a slow movement adds up.
    When a block has changed, the frames for 0.3 s before and after are to be detected, too. A look is a frame that is
    detected whatever happens, see ``look_indices``.

    Args:
        thresholds: From which difference on a block has changed, see ``change_thresholds``.
        sampled: ``(K,)`` int64, zero-based indices of the sampled frames in the clip, increasing.
        clip: The clip.
    """

    def __init__(self, thresholds: Blocks, sampled: npt.NDArray[np.int64], clip: ClipRecord) -> None:
        self._thresholds = thresholds
        self._looks = frozenset(look_indices(sampled, clip.frame_count, clip.rate).tolist())
        stride = int(np.diff(sampled).max(initial=1))
        self._margin = max(1, round(_MARGIN_S * float(clip.rate) / stride))
        self._frame_width = clip.width
        self._reference: GreyImage | None = None
        self._known: list[tuple[slice, slice]] = []
        self._left_out: deque[SampledFrame] = deque(maxlen=self._margin)
        self._frames_open = 0
        self.motion: list[float] = []
        """What was measured in each frame so far, as a multiple of what may be noise; more than 1 opens the gate."""

    def is_look(self, index: int) -> bool:
        """Whether a frame is detected whatever happens."""
        return index in self._looks

    def choose(self, sampled: SampledFrame) -> list[SampledFrame]:
        """The frames that are to be detected now: none; this one; or those left out just before, and this one."""
        small = small_grey(np.asarray(sampled.frame))
        motion = 0.0 if self._reference is None else self._motion(self._reference, small)
        self.motion.append(motion)
        is_look = self.is_look(sampled.index)
        if motion > 1 or is_look:  # the first frame is one
            self._reference = small
        before: list[SampledFrame] = []
        if motion > 1:
            self._frames_open = self._margin + 1
            before = list(self._left_out)
            self._left_out.clear()
        if self._frames_open:
            self._frames_open -= 1
            return [*before, sampled]
        if is_look:
            return [sampled]
        self._left_out.append(sampled)
        return []

    def know(self, persons: FrameDetections) -> None:
        """Remember who was there in the frame that was chosen last, until the next look."""
        boxes = persons.above(_KNOWN_SCORE).boxes_xyxy.astype(np.float64)
        is_alone = (iou_matrix(boxes, boxes) > _ALONE_IOU).sum(axis=1) <= 1
        blocks = (self._blocks_of(box) for box in boxes[is_alone])
        self._known = [part for part in blocks if self._thresholds[part].size]

    def _motion(self, before: GreyImage, after: GreyImage) -> float:
        ratios = largest_differences(before, after) / self._thresholds
        elsewhere = ratios.copy()
        for blocks in self._known:
            elsewhere[blocks] = 0
        # a median above 1: more than half of the blocks have changed
        return max(0.0, float(elsewhere.max()), *(float(np.median(ratios[blocks])) for blocks in self._known))

    def _blocks_of(self, box_xyxy: npt.NDArray[np.float64]) -> tuple[slice, slice]:
        """The blocks inside a box and its surroundings."""
        assert self._reference is not None  # the frame in which the person was found
        scale = self._reference.shape[1] / self._frame_width / BLOCK_PX
        beside = _BESIDE_HEIGHT * (box_xyxy[3] - box_xyxy[1])
        left, top, right, bottom = (box_xyxy + beside * np.array([-1, -1, 1, 1])) * scale
        rows, columns = self._thresholds.shape
        return _whole_blocks(top, bottom, rows), _whole_blocks(left, right, columns)


def look_indices(sampled: npt.NDArray[np.int64], frame_count: int, rate: Fraction) -> npt.NDArray[np.int64]:
    """The sampled frames at full seconds of a clip, those that stage 3 extracts by default, and the last one.

    Args:
        sampled: ``(K,)`` int64, zero-based indices of the sampled frames, increasing.
        frame_count: Frames of the clip.
        rate: Frames per second.

    Example:
        >>> look_indices(np.arange(0, 25, 2), 25, Fraction(10)).tolist()
        [0, 10, 20, 24]
    """
    seconds = np.searchsorted(sampled, sampled_frames(frame_count, rate, Fraction(1)))
    return np.union1d(sampled[seconds[seconds < len(sampled)]], sampled[-1:])


def _whole_blocks(start: float, end: float, count: int) -> slice:
    """The blocks that lie wholly between two places, in blocks; the border of the frame cuts none."""
    first = 0 if start <= 0 else math.ceil(start)
    return slice(first, max(first, count if end >= count else math.floor(end)))
