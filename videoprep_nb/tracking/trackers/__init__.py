"""Trackers: a module of this package each, or a plugin of the entry-point group ``videoprep.trackers``."""

from collections.abc import Iterable

from videoprep_nb.core.options import read_options
from videoprep_nb.core.registry import class_registry
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions

__all__ = ["TRACKERS", "TrackedBoxes", "Tracker", "TrackerOptions", "create_tracker", "read_tracker_options"]

TRACKERS = class_registry("tracker", "videoprep.trackers", __name__, Tracker)  # type: ignore[type-abstract]
"""All trackers by name."""


def create_tracker(name: str, frame_rate: float, options: Iterable[str] = ()) -> Tracker:
    """Make a tracker.

    Args:
        name: Its name.
        frame_rate: Tracked frames per second.
        options: Its options, each written ``name:value``.

    Raises:
        ParameterError: There is no such tracker or option, or a value is wrong.

    Example:
        >>> create_tracker("sort", 25.0, ["max_age_s:2"]).name
        'sort'
    """
    return TRACKERS.find(name, "tracker")(frame_rate, read_tracker_options(name, options))


def read_tracker_options(name: str, options: Iterable[str]) -> TrackerOptions:
    """Read and check the options of a tracker; loads no library of a tracker.

    Args:
        name: Name of the tracker.
        options: Its options, each written ``name:value``.

    Raises:
        ParameterError: There is no such tracker or option, or a value is wrong.
    """
    return read_options(TRACKERS.find(name, "tracker").options_type, options, name, "tracker_options")
