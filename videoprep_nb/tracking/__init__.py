"""Persons: detections, trackers and the refinement of tracks."""
