"""What is done to tracks when the whole video is known: each step a function from tracks to tracks."""

from videoprep_nb.tracking.refine.directions import Fragments, agreed_fragments, forward_fragments
from videoprep_nb.tracking.refine.drift import Drift, estimate_drift
from videoprep_nb.tracking.refine.finish import clip_boxes, renumber
from videoprep_nb.tracking.refine.gaps import fill_gaps
from videoprep_nb.tracking.refine.link import link_fragments
from videoprep_nb.tracking.refine.stubs import drop_short_tracks

__all__ = [
    "Drift",
    "Fragments",
    "agreed_fragments",
    "clip_boxes",
    "drop_short_tracks",
    "estimate_drift",
    "fill_gaps",
    "forward_fragments",
    "link_fragments",
    "renumber",
]
