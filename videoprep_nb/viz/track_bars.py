"""Tracks over time as bars, drawn at once: for those who move a slider and need to see what happens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz import images
from videoprep_nb.viz.style import ACCENT, GRID, INK, MUTED, PAPER, Colour, track_colour
from videoprep_nb.viz.tracks import VideoTracks

_ROW_PX = 13
_HEAD_PX = 26
_FOOT_PX = 22
_LABEL_PX = 40
_RIGHT_PX = 4
_MAX_ROWS = 40
_TICKS = 6
_BLACK: Colour = (0, 0, 0)
_ON_ANYTHING: Colour = (122, 122, 122)
"""A grey that is read on white and on the dark of JupyterLab."""
_PALE = 0.35
_DARK = 140
"""A bar whose parts are all below is hardly seen on a dark theme."""


@dataclass(frozen=True)
class _Look:
    """What a drawing is drawn on and with, besides the colours of tracks."""

    paper: Colour
    ink: Colour
    muted: Colour
    grid: Colour
    outlines_dark: bool = False


_ON_PAPER = _Look(PAPER, INK, MUTED, GRID)


@dataclass(frozen=True)
class Tick:
    """Something that happened to a track.

    Args:
        track_id: The track.
        frame: Index of the frame in the standard video.
        colour: Colour of the tick.
    """

    track_id: int
    frame: int
    colour: Colour


@dataclass(frozen=True)
class TrackBars:
    """A drawn time line of tracks.

    Args:
        image: The drawing; one that is seen through has a fourth channel for its opacity.
        track_ids: The track of each bar, from top to bottom.
        first_frame: The frame at its left end.
        end_frame: The frame after the one at its right end.
    """

    image: npt.NDArray[np.uint8]
    track_ids: Sequence[int]
    first_frame: int
    end_frame: int

    def track_at(self, y: float) -> int | None:
        """The track whose bar is at a height in the drawing, in pixels; None where there is none."""
        row = int((y - _HEAD_PX) // _ROW_PX)
        return self.track_ids[row] if 0 <= row < len(self.track_ids) else None

    def frame_at(self, x: float) -> int:
        """The frame at a place across the drawing, in pixels; beyond an end it is the first or the last one."""
        share = (x - _LABEL_PX) / (self.image.shape[1] - _LABEL_PX - _RIGHT_PX)
        frame = self.first_frame + int(share * (self.end_frame - self.first_frame))
        return min(max(frame, self.first_frame), self.end_frame - 1)

    def with_cursor(self, frame: int) -> npt.NDArray[np.uint8]:
        """A copy with an upright line at a frame."""
        marked = self.image.copy()
        x = _x(frame + 0.5, self.first_frame, self.end_frame, marked.shape[1])
        colour = INK if marked.shape[2] == 3 else (*_ON_ANYTHING, 255)
        cv2.line(marked, (x, _HEAD_PX - 4), (x, marked.shape[0] - _FOOT_PX), colour, 1)
        return marked


def draw_track_bars(
    tracks: VideoTracks,
    title: str,
    width: int,
    *,
    colours: Mapping[int, Colour],
    ticks: Iterable[Tick],
    selected: int | None = None,
    row_count: int = 0,
    see_through: bool = False,
) -> TrackBars:
    """Draw one bar per track, pale where it was filled in; of many tracks those that last longest.

    Args:
        tracks: The tracks.
        title: A line on top.
        width: Width in pixels.
        colours: Colours by track id that differ from the usual ones.
        ticks: What happened to the tracks.
        selected: A track to point at.
        row_count: Least number of rows, for two drawings of the same height.
        see_through: Draw it so that it can be read on the light and on the dark theme of a notebook.
    """
    shown = shown_tracks(tracks, selected)
    events = list(ticks)

    def drawn(look: _Look) -> RgbImage:
        return _draw(tracks, title, width, look, shown, colours, events, selected, row_count)

    image: npt.NDArray[np.uint8] = _without_paper(drawn) if see_through else drawn(_ON_PAPER)
    return TrackBars(image, shown, tracks.clips[0].start_frame, tracks.end_frame)


def _without_paper(drawn: Callable[[_Look], RgbImage]) -> npt.NDArray[np.uint8]:
    """A drawing with the opacity that it must have to look the same on black and on white."""
    looks = [_Look(paper, _ON_ANYTHING, _ON_ANYTHING, _faded(_ON_ANYTHING, paper), True) for paper in (_BLACK, PAPER)]
    on_black, on_white = (drawn(look) for look in looks)
    opacity = 255 - cv2.subtract(on_white, on_black)[..., 1]
    image = np.dstack([on_black, opacity])
    partly = (opacity > 0) & (opacity < 255)
    image[partly, :3] = np.minimum(on_black[partly] * 255.0 / opacity[partly, None], 255).round()
    return image


def _draw(
    tracks: VideoTracks,
    title: str,
    width: int,
    look: _Look,
    shown: Sequence[int],
    colours: Mapping[int, Colour],
    ticks: Sequence[Tick],
    selected: int | None,
    row_count: int,
) -> RgbImage:
    total = tracks.table.track_count
    row = {track_id: index for index, track_id in enumerate(shown)}
    rows = max(len(shown), row_count, 1)
    image = np.full((_HEAD_PX + rows * _ROW_PX + _FOOT_PX, width, 3), look.paper, np.uint8)
    first, end = tracks.clips[0].start_frame, tracks.end_frame
    left_out = f" (the {len(shown)} longest)" if len(shown) < total else ""
    images.text(image, f"{title}: {total} tracks{left_out}", 1, 16, 14, look.ink, 600)
    _draw_times(image, first, end, tracks.rate, look)
    for run in tracks.runs(shortest_interpolated=2):
        if run.track_id in row:
            top = _HEAD_PX + row[run.track_id] * _ROW_PX
            x = [_x(frame, first, end, width) for frame in (run.start_frame, run.end_frame)]
            colour = colours.get(run.track_id, track_colour(run.track_id))
            shade = _faded(colour, look.paper) if run.interpolated else colour
            corners = (x[0], top + 2), (max(x[0], x[1] - 1), top + _ROW_PX - 3)
            cv2.rectangle(image, *corners, shade, cv2.FILLED)
            if look.outlines_dark and max(colour) < _DARK:
                cv2.rectangle(image, *corners, look.ink, 1)
    for track_id in shown:
        baseline = _HEAD_PX + row[track_id] * _ROW_PX + _ROW_PX - 3
        chosen = track_id == selected
        images.text(image, str(track_id), 6, baseline, 11, ACCENT if chosen else look.muted, 700 if chosen else 400)
        if chosen:
            cv2.rectangle(image, (0, baseline - 10), (3, baseline + 2), ACCENT, cv2.FILLED)
    for tick in ticks:
        if tick.track_id in row:
            top = _HEAD_PX + row[tick.track_id] * _ROW_PX
            x_tick = _x(tick.frame, first, end, width)
            cv2.rectangle(image, (x_tick - 1, top), (x_tick + 1, top + _ROW_PX - 1), tick.colour, cv2.FILLED)
    return image


def shown_tracks(tracks: VideoTracks, selected: int | None) -> Sequence[int]:
    """The tracks that have a bar, in the order of their first frames."""
    longest = tracks.longest(_MAX_ROWS) | {selected}
    return [track_id for track_id in tracks.track_ids if track_id in longest]


def _x(frame: float, first_frame: int, end_frame: int, width: int) -> int:
    return _LABEL_PX + round((frame - first_frame) / max(1, end_frame - first_frame) * (width - _LABEL_PX - _RIGHT_PX))


def _draw_times(image: RgbImage, first: int, end: int, rate: float, look: _Look) -> None:
    height, width = image.shape[:2]
    for frame in np.linspace(first, end, _TICKS).tolist():
        x = _x(frame, first, end, width)
        cv2.line(image, (x, _HEAD_PX), (x, height - _FOOT_PX), look.grid, 1)
        words = f"{int(frame / rate) // 60}:{frame / rate % 60:04.1f}"
        text_left = min(x - images.text_width(words, 11) // 2, width - images.text_width(words, 11) - 1)
        images.text(image, words, text_left, height - 7, 11, look.muted)


def _faded(colour: Colour, paper: Colour) -> Colour:
    red, green, blue = (round(back + _PALE * (part - back)) for part, back in zip(colour, paper, strict=True))
    return red, green, blue
