"""The tracker lab: its model, its views and its controls."""

from videoprep_nb.lab.tracker_lab import TrackerLab

__all__ = ["TrackerLab"]
