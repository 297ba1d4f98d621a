"""Trackers, one file each; importing the package registers them."""

from videoprep_nb.tracking.trackers import motion as _motion  # noqa: F401
from videoprep_nb.tracking.trackers import sort as _sort  # noqa: F401
from videoprep_nb.tracking.trackers import ultralytics_trackers as _ultralytics_trackers  # noqa: F401
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions
from videoprep_nb.tracking.trackers.registry import (
    broken_plugins,
    create_tracker,
    read_tracker_options,
    tracker_names,
    tracker_type,
)

__all__ = [
    "TrackedBoxes",
    "Tracker",
    "TrackerOptions",
    "broken_plugins",
    "create_tracker",
    "read_tracker_options",
    "tracker_names",
    "tracker_type",
]
