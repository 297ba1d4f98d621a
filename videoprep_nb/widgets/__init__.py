"""What can be moved and clicked in JupyterLab, made of plain ipywidgets."""

from videoprep_nb.widgets.tracker_lab import TrackerLab

__all__ = ["TrackerLab"]
