"""Tracks drawn into a frame."""

from collections.abc import Mapping

import cv2
import numpy as np

from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images
from videoprep_nb.viz.images import Mark
from videoprep_nb.viz.style import Colour, track_colour

_TRAIL_S = 1.0


def draw_tracks(
    small: RgbImage,
    tracks: Tracks,
    frame: int,
    *,
    rate: float,
    source_width: int,
    colours: Mapping[int, Colour] | None = None,
    rings: Mapping[int, Colour] | None = None,
    notes: Mapping[int, str] | None = None,
) -> int:
    """Draw the boxes of a frame with their ids, and the way that the feet took during the last second.

    Args:
        small: The frame, shrunk already; it is drawn into.
        tracks: The tracks.
        frame: Index of the frame in the standard video.
        rate: Frames per second.
        source_width: Width in pixels of the unshrunk frame.
        colours: Colours by track id that differ from the usual ones.
        rings: Colours of a ring around the box, by track id.
        notes: Words beside the id, by track id.

    Returns:
        The number of persons in the frame.
    """
    lately = tracks.rows((tracks.frame_index <= frame) & (tracks.frame_index > frame - _TRAIL_S * rate))
    now = np.flatnonzero(lately.frame_index == frame)
    marks = []
    for row in now.tolist():
        track_id = int(lately.track_id[row])
        colour = (colours or {}).get(track_id, track_colour(track_id))
        _draw_trail(small, lately.rows(lately.track_id == track_id), small.shape[1] / source_width, colour)
        marks.append(
            Mark(
                lately.boxes_xyxy[row].tolist(),
                track_id,
                note=(notes or {}).get(track_id, ""),
                certain=not lately.interpolated[row],
                colour=colour,
                ring=(rings or {}).get(track_id),
            )
        )
    images.draw_marks(small, marks, source_width)
    return len(marks)


def _draw_trail(small: RgbImage, track: Tracks, scale: float, colour: Colour) -> None:
    left, _, right, bottom = track.boxes_xyxy.T
    feet = np.stack([(left + right) / 2, bottom], axis=1) * scale
    cv2.polylines(small, [feet.round().astype(np.int32)], False, colour, 2, cv2.LINE_AA)
