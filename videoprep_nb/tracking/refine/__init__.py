"""What is done to tracks when the whole video is known: each step a function from tracks to tracks."""

from videoprep_nb.tracking.refine.bridge import bridge_tracks
from videoprep_nb.tracking.refine.directions import Tracklets, agreed_tracklets, one_run
from videoprep_nb.tracking.refine.drift import Drift, drift_that_helps, estimate_drift
from videoprep_nb.tracking.refine.duplicates import drop_duplicates
from videoprep_nb.tracking.refine.extend import extend_tracks
from videoprep_nb.tracking.refine.finish import clip_boxes, renumber
from videoprep_nb.tracking.refine.gaps import fill_gaps, safe_gap_s
from videoprep_nb.tracking.refine.link import link_tracklets
from videoprep_nb.tracking.refine.misses import MotionMisses, measure_misses
from videoprep_nb.tracking.refine.relink import relink_by_looks
from videoprep_nb.tracking.refine.short_tracks import drop_short_tracks
from videoprep_nb.tracking.refine.smooth import smooth_boxes
from videoprep_nb.tracking.refine.static_tracks import drop_static_tracks

__all__ = [
    "Drift",
    "MotionMisses",
    "Tracklets",
    "agreed_tracklets",
    "bridge_tracks",
    "clip_boxes",
    "drift_that_helps",
    "drop_duplicates",
    "drop_short_tracks",
    "drop_static_tracks",
    "estimate_drift",
    "extend_tracks",
    "fill_gaps",
    "link_tracklets",
    "measure_misses",
    "one_run",
    "relink_by_looks",
    "renumber",
    "safe_gap_s",
    "smooth_boxes",
]
