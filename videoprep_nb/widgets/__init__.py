"""What can be moved and clicked in JupyterLab, made of ipywidgets."""

from videoprep_nb.widgets.tracker_lab import TrackerLab

__all__ = ["TrackerLab"]
