"""Places in the video that are worth a visit: differences, errors and hints, as rows of one jump list."""

import math
from dataclasses import dataclass

import numpy as np

from videoprep_nb.tracking.compare import Switches
from videoprep_nb.tracking.tracks import Tracks

LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class LabPlace:
    """A moment to go to.

    Args:
        frame: Index of the frame in the standard video.
        words: What happens there.
        duration_s: How long it goes on, in seconds; infinite for an id switch, which cannot be undone.
        side: ``LEFT`` or ``RIGHT``.
        track_id: The track that it concerns; None for a person whom no track has.
    """

    frame: int
    words: str
    duration_s: float
    side: int
    track_id: int | None


def switch_places(switches: Switches, side: int, words: str) -> list[LabPlace]:
    """One place for each id switch.

    Args:
        switches: The id switches.
        side: The side whose ids change.
        words: What to say, with ``{old}`` and ``{new}`` for the ids.
    """
    columns = (switches.frame_index.tolist(), switches.old_id.tolist(), switches.new_id.tolist())
    return [
        LabPlace(frame, words.format(old=old, new=new), math.inf, side, new)
        for frame, old, new in zip(*columns, strict=True)
    ]


def stretches(boxes: Tracks, rate: float, side: int, words: str, *, of_tracks: bool = True) -> list[LabPlace]:
    """One place for each stretch of consecutive frames of an id.

    Args:
        boxes: The boxes, in the order of track and then of frame.
        rate: Frames per second.
        side: The side that they are of.
        words: What to say, with ``{track}`` for the id.
        of_tracks: False for ids of the ground truth.
    """
    if not len(boxes):
        return []
    breaks = np.flatnonzero((np.diff(boxes.track_id) != 0) | (np.diff(boxes.frame_index) != 1)) + 1
    found = []
    for rows in np.split(np.arange(len(boxes)), breaks):
        track_id, duration_s = int(boxes.track_id[rows[0]]), len(rows) / rate
        frame, text = int(boxes.frame_index[rows[0]]), words.format(track=track_id)
        found.append(LabPlace(frame, text, duration_s, side, track_id if of_tracks else None))
    return found
