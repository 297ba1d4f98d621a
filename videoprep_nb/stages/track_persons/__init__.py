"""The stage track_persons."""
