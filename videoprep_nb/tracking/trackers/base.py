"""What a tracker is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.options import Options
from videoprep_nb.tracking.detections import FrameDetections


class TrackerOptions(Options):
    """Base of the options of a tracker: names, ranges, defaults and help; times in seconds."""


@dataclass(frozen=True)
class TrackedBoxes:
    """The persons that are tracked in one frame.

    Args:
        track_ids: ``(N,)`` int64, unique, from 1 on.
        boxes_xyxy: ``(N, 4)`` float64, where the tracker takes the persons to be, in pixels of the standard frame; they
            may reach beyond its border.
        rows: ``(N,)`` int64, unique, the rows in the frame's ``FrameDetections`` that they rest on.
    """

    track_ids: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]


class Tracker(ABC):
    """Gives the same id to the same person in consecutive frames.

    A subclass sets ``name``, by which people choose it, and ``options_type``; the first line of its docstring is shown
    to those who choose. Everything it remembers belongs to the instance, ids included, so that two trackers
    never share them.

    Args:
        frame_rate: Tracked frames per second: the rate of the video divided by the frame stride.
        options: Options of the type ``options_type``; None for the defaults.
    """

    name: ClassVar[str]
    options_type: ClassVar[type[TrackerOptions]] = TrackerOptions

    def __init__(self, frame_rate: float, options: TrackerOptions | None = None) -> None:
        self.frame_rate = frame_rate
        self.reset()

    @abstractmethod
    def update(self, detections: FrameDetections, frame: npt.NDArray[np.uint8] | None = None) -> TrackedBoxes:
        """Track one more frame.

        Args:
            detections: The persons found in the frame, in any order; called also when there are none.
            frame: The frame itself, ``(height, width, 3)`` uint8 RGB, for trackers that read it.

        Returns:
            The persons tracked in this frame.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget everything; ids begin at 1 again."""
