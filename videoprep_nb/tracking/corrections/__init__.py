"""Corrections of tracks by hand: merge two ids, split one, delete one; kept as ``corrections.yaml``.

``read_corrections(text)`` reads the file, ``Corrections.of_video(video_id, name)`` gives its lines for a video,
``correct_tracks(tracks, lines, rate)`` applies them, and ``Corrections.to_yaml()`` writes it.
"""

from videoprep_nb.tracking.corrections.apply import CorrectedTracks, correct_tracks
from videoprep_nb.tracking.corrections.model import Correction, Corrections, read_corrections

__all__ = ["CorrectedTracks", "Correction", "Corrections", "correct_tracks", "read_corrections"]
