"""What a tracker is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from videoprep_nb.tracking.detections import Detections

registered_trackers: dict[str, type["Tracker"]] = {}
"""All trackers whose modules were imported, by name; see ``registry``."""


class TrackerOptions(BaseModel):
    """Base of the options of a tracker: names, ranges, defaults and help; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class TrackedBoxes:
    """The persons that are tracked in one frame.

    Args:
        track_ids: ``(N,)`` int64, unique, from 1 on.
        boxes_xyxy: ``(N, 4)`` float64, where the tracker takes the persons to be, in pixels of the standard frame; they
            may reach beyond its border.
        rows: ``(N,)`` int64, unique, the rows in the frame's ``Detections`` that they rest on.
    """

    track_ids: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]


class Tracker(ABC):
    """Gives the same id to the same person in consecutive frames.

    A subclass sets ``name``, by which it registers itself, and ``options_type``; the first line of its docstring is
    shown to those who choose. Everything it remembers belongs to the instance, ids included, so that two trackers
    never share them.

    Args:
        frame_rate: Tracked frames per second: the rate of the video divided by the frame stride.
        options: Options of the type ``options_type``; None for the defaults.
    """

    name: ClassVar[str]
    options_type: ClassVar[type[TrackerOptions]] = TrackerOptions

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "name" not in vars(cls):
            return  # what several trackers have in common
        other = registered_trackers.get(cls.name, cls)
        if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{cls.__module__} brings a tracker {cls.name!r}, but {other.__module__} has that name.")
        registered_trackers[cls.name] = cls

    def __init__(self, frame_rate: float, options: TrackerOptions | None = None) -> None:
        self.frame_rate = frame_rate
        self.reset()

    @abstractmethod
    def update(self, detections: Detections, frame: npt.NDArray[np.uint8] | None = None) -> TrackedBoxes:
        """Track one more frame.

        Args:
            detections: The persons found in the frame, in any order; called also when there are none.
            frame: The frame itself, ``(height, width, 3)`` uint8 RGB, for trackers that look at it.

        Returns:
            The persons tracked in this frame.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget everything; ids begin at 1 again."""
