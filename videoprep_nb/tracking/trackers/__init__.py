"""Trackers, one file each; importing the package registers them."""

from videoprep_nb.tracking.trackers import sort as _sort  # noqa: F401
from videoprep_nb.tracking.trackers.base import TrackedBoxes, Tracker, TrackerOptions, create_tracker, tracker_names

__all__ = ["TrackedBoxes", "Tracker", "TrackerOptions", "create_tracker", "tracker_names"]
