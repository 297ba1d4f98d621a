"""One side of a comparison drawn: the frame with its tracks, the time lines, and a person over time."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.lab.comparison import ONLY_HERE, SWITCHED, Comparison, Side
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images
from videoprep_nb.viz.style import Colour
from videoprep_nb.viz.thumbnail_strip import Scene, spread_frames, thumbnail_strips
from videoprep_nb.viz.track_bars import TrackBars, draw_track_bars, shown_tracks
from videoprep_nb.viz.track_drawing import draw_tracks

PANE_WIDTH_PX = 520
DETECTED: Colour = (255, 255, 255)
TRUE: Colour = (34, 197, 94)

_SWITCH_SHOWN_S = 1.0
_STRIP_CELLS = 8
_LABEL_PX = 11


@dataclass(frozen=True)
class Window:
    """The part of the standard frame that is shown, in pixels of the frame; it has the frame's shape.

    Args:
        left: Its left edge.
        top: Its upper edge.
        width: Its width.
        height: Its height.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, x: float, y: float, zoom: float, frame_width: int, frame_height: int) -> "Window":
        """The window with a point as near to its middle as the frame allows.

        Args:
            x: Place across, in pixels of the frame.
            y: Place down.
            zoom: How many times the frame is enlarged, at least 1.
            frame_width: Width of the frame in pixels.
            frame_height: Height of the frame in pixels.

        Example:
            >>> Window.around(1200, 100, 4, 1280, 720)
            Window(left=960, top=10, width=320, height=180)
        """
        width, height = round(frame_width / zoom), round(frame_height / zoom)
        left = min(max(0, round(x - width / 2)), frame_width - width)
        top = min(max(0, round(y - height / 2)), frame_height - height)
        return cls(left, top, width, height)

    def crop(self, image: RgbImage) -> RgbImage:
        """The part of a frame that is shown, as large as a pane."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        return images.shrink(part, PANE_WIDTH_PX)

    def shifted(self, boxes_xyxy: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """``(N, 4)`` boxes of the frame in coordinates of the window, in pixels of the frame."""
        return boxes_xyxy.astype(np.float64) - [self.left, self.top, self.left, self.top]

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A place in the frame, given one in the pane."""
        scale = self.width / PANE_WIDTH_PX
        return self.left + x * scale, self.top + y * scale


def draw_pane(side: Side, image: RgbImage, frame: int, window: Window) -> RgbImage:
    """Draw the tracks of one side.

    Args:
        side: The side.
        image: What the window shows of the frame, as large as a pane; it is drawn into.
        frame: The frame's index in the standard video.
        window: What is shown.
    """
    recent = (side.switches.frame_index <= frame) & (
        side.switches.frame_index > frame - _SWITCH_SHOWN_S * side.tracks.rate
    )
    switched = dict(zip(side.switches.new_id[recent].tolist(), side.switches.old_id[recent].tolist(), strict=True))
    lately = side.tracks.table.in_frames(frame - round(side.tracks.rate), frame + 1)
    draw_tracks(
        image,
        replace(lately, boxes_xyxy=window.shifted(lately.boxes_xyxy)),
        frame,
        rate=side.tracks.rate,
        source_width=window.width,
        colours=side.colours,
        rings=dict.fromkeys(switched, SWITCHED) | dict.fromkeys(side.ids_only_here.get(frame, ()), ONLY_HERE),
        notes={track_id: f"was {old}" for track_id, old in switched.items()},
    )
    return image


def draw_detections(side: Side, image: RgbImage, frame: int, window: Window) -> None:
    """Draw all that was detected in a frame with its scores, also below the threshold of the settings."""
    found = side.video.found.in_frame(frame)
    _draw_boxes(image, window.shifted(found.boxes_xyxy), [f"{score:.2f}" for score in found.scores], window, DETECTED)


def draw_truth(truth: Tracks, image: RgbImage, frame: int, window: Window) -> None:
    """Draw the ground truth of a frame with its ids."""
    now = truth.rows(truth.frame_index == frame)
    _draw_boxes(image, window.shifted(now.boxes_xyxy), [str(i) for i in now.track_id.tolist()], window, TRUE)


def _draw_boxes(
    image: RgbImage, boxes_xyxy: npt.NDArray[np.float64], words: list[str], window: Window, colour: Colour
) -> None:
    """Thin boxes with their words below them, where those of tracks have none."""
    scale = PANE_WIDTH_PX / window.width
    for box, text in zip((boxes_xyxy * scale).round().astype(int).tolist(), words, strict=True):
        cv2.rectangle(image, (box[0], box[1]), (box[2], box[3]), colour, 1, cv2.LINE_AA)
        images.chip(image, text, box[0], box[3] + _LABEL_PX + 5, colour, _LABEL_PX)


def draw_bars(
    comparison: Comparison, selected: tuple[int, int] | None = None, *, see_through: bool = False
) -> list[TrackBars]:
    """Draw the time lines of both sides, of the same size.

    Args:
        comparison: The two settings.
        selected: Side and id of a track to point at.
        see_through: Draw them for the light and the dark theme of a notebook.
    """
    chosen = [selected[1] if selected and selected[0] == side.index else None for side in comparison.sides]
    row_count = max(len(shown_tracks(s.tracks, one)) for s, one in zip(comparison.sides, chosen, strict=True))
    return [
        draw_track_bars(
            side.tracks,
            f"{side.name}, {side.trial.settings.tracker}",
            PANE_WIDTH_PX,
            colours=side.colours,
            ticks=side.ticks,
            selected=one,
            row_count=row_count,
            see_through=see_through,
        )
        for side, one in zip(comparison.sides, chosen, strict=True)
    ]


def person_at(side: Side, frame: int, x: float, y: float) -> int | None:
    """The person at a point.

    Args:
        side: The side.
        frame: The frame.
        x: Place across, in pixels of the standard frame.
        y: Place down, likewise.

    Returns:
        The id of the track; of persons in front of each other the one with the smallest box. None where nobody is.
    """
    table = side.tracks.table.rows(side.tracks.table.frame_index == frame)
    left_top, right_bottom = table.boxes_xyxy[:, :2], table.boxes_xyxy[:, 2:]
    hit = np.flatnonzero(((left_top <= [x, y]) & ([x, y] <= right_bottom)).all(axis=1))
    if not hit.size:
        return None
    smallest = hit[np.argmin(np.prod(right_bottom[hit] - left_top[hit], axis=1))]
    return int(table.track_id[smallest])


def draw_thumbnail_strip(comparison: Comparison, side: Side, track_id: int) -> RgbImage:
    """Draw crops of one person, spread over the time of the track."""
    table = side.tracks.table
    frames = table.frame_index[table.track_id == track_id]
    scene = Scene([track_id], spread_frames(int(frames[0]), int(frames[-1]), _STRIP_CELLS), follow=True)
    (strip,) = thumbnail_strips([scene], table, comparison.frames, side.tracks.rate, side.colours)
    return strip
