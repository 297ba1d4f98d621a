"""What is done to tracks when the whole video is known: each step a function from tracks to tracks."""

from videoprep_nb.tracking.refine.directions import Fragments, agreed_fragments, one_run
from videoprep_nb.tracking.refine.drift import Drift, estimate_drift
from videoprep_nb.tracking.refine.duplicates import drop_duplicates
from videoprep_nb.tracking.refine.finish import clip_boxes, renumber
from videoprep_nb.tracking.refine.gaps import fill_gaps
from videoprep_nb.tracking.refine.link import link_fragments
from videoprep_nb.tracking.refine.smooth import smooth_boxes
from videoprep_nb.tracking.refine.stubs import drop_short_tracks

__all__ = [
    "Drift",
    "Fragments",
    "agreed_fragments",
    "clip_boxes",
    "drop_duplicates",
    "drop_short_tracks",
    "estimate_drift",
    "fill_gaps",
    "link_fragments",
    "one_run",
    "renumber",
    "smooth_boxes",
]
