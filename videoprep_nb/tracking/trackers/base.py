"""What a tracker is, and how one is chosen by name."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from videoprep_nb.errors import ParameterError
from videoprep_nb.tracking.detections import Detections

_registry: dict[str, type["Tracker"]] = {}


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

    A subclass sets ``name``, by which it registers itself, and ``options_type``. Everything it remembers belongs to
    the instance, ids included, so that two trackers never share them.

    Args:
        frame_rate: Tracked frames per second: the rate of the video divided by the frame stride.
        options: Options of the type ``options_type``; None for the defaults.
    """

    name: ClassVar[str]
    options_type: ClassVar[type[TrackerOptions]] = TrackerOptions

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        _registry[cls.name] = cls

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


def tracker_names() -> list[str]:
    """The names that ``create_tracker`` takes."""
    return sorted(_registry)


def create_tracker(name: str, frame_rate: float, options: Iterable[str] = ()) -> Tracker:
    """Make a tracker.

    Args:
        name: Its name.
        frame_rate: Tracked frames per second.
        options: Its options, each written ``name:value``.

    Raises:
        ParameterError: There is no such tracker or option, or a value makes no sense.
    """
    if name not in _registry:
        raise ParameterError("tracker", f"found {name!r}; {_near_matches(name, tracker_names())}")
    tracker_type = _registry[name]
    return tracker_type(frame_rate, _read_options(tracker_type, options))


def _read_options(tracker_type: type[Tracker], texts: Iterable[str]) -> TrackerOptions:
    values: dict[str, str] = {}
    for text in texts:
        option, colon, value = text.partition(":")
        if not colon:
            raise ParameterError("tracker_options", f"found {text!r}, wanted name:value such as match_iou:0.4")
        values[option.strip()] = value.strip()
    try:
        return tracker_type.options_type.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        option, known = str(problem["loc"][0]), tracker_type.options_type.model_fields
        if option not in known:
            reason = f"{tracker_type.name} has no option {option!r}; {_near_matches(option, list(known))}"
        else:
            reason = f"{option}: found {problem['input']!r}, but: {problem['msg']} ({known[option].description})"
        raise ParameterError("tracker_options", reason) from None


def _near_matches(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known) or 'none'}"
