"""Thumbnail strips: a few crops of a video side by side, around the tracks that are of interest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.timecode import format_clock
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.images import Mark
from videoprep_nb.viz.style import MUTED, PAPER, Colour

_CELL_HEIGHT_PX = 190
_MIN_CELL_WIDTH_PX = 84
_MAX_CELL_WIDTH_PX = 165
_CAPTION_PX = 24
_GAP_PX = 6
_MARGIN = 0.35
"""What is shown around the boxes, as a part of their height."""


@dataclass(frozen=True)
class Scene:
    """What one thumbnail strip shows.

    Args:
        track_ids: The tracks to mark.
        frames: The frames, ascending.
        follow: True: every crop is around the person. False: all show the same part of the image.
    """

    track_ids: Sequence[int]
    frames: Sequence[int]
    follow: bool


def thumbnail_strips(
    scenes: Iterable[Scene], tracks: Tracks, frames: VideoFrames, rate: float, colours: Mapping[int, Colour]
) -> list[RgbImage]:
    """Draw thumbnail strips; each frame of the video is decoded once for all of them.

    Args:
        scenes: What they show.
        tracks: The tracks.
        frames: The frames of the video.
        rate: Frames per second.
        colours: Colours by track id that differ from the usual ones.

    Returns:
        One image per scene.
    """
    scenes = list(scenes)
    of_scene = [tracks.rows(np.isin(tracks.track_id, scene.track_ids)) for scene in scenes]
    windows = [_windows(rows, scene) for rows, scene in zip(of_scene, scenes, strict=True)]
    cells: list[list[RgbImage]] = [[] for _ in scenes]
    for frame, image in frames.read(frame for scene in scenes for frame in scene.frames):
        for i, scene in enumerate(scenes):
            if frame in scene.frames:
                window = windows[i][list(scene.frames).index(frame)]
                now = of_scene[i].rows(of_scene[i].frame_index == frame)
                cells[i].append(_cell(image, window, now, format_clock(frame / rate), colours))
    return [_join(strip) for strip in cells]


def spread_frames(start_frame: int, last_frame: int, count: int) -> list[int]:
    """At most ``count`` frames from the first to the last one, spread evenly."""
    frames = np.unique(np.linspace(start_frame, last_frame, count).round().astype(int))
    return [int(frame) for frame in frames]


def _windows(rows: Tracks, scene: Scene) -> npt.NDArray[np.int64]:
    """``(K, 4)`` the part of the image that each crop shows; it may reach beyond the border."""
    shown = rows.rows((rows.frame_index >= scene.frames[0]) & (rows.frame_index <= scene.frames[-1]))
    boxes_xyxy = shown.boxes_xyxy
    if scene.follow:
        order = np.argsort(shown.frame_index, kind="stable")
        corners = [np.interp(scene.frames, shown.frame_index[order], side) for side in boxes_xyxy[order].T]
        around = np.stack(corners, axis=1)
        centre = (around[:, :2] + around[:, 2:]) / 2
        half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=0) / 2
    else:
        upper_left, lower_right = boxes_xyxy[:, :2].min(axis=0), boxes_xyxy[:, 2:].max(axis=0)
        centre = np.tile((upper_left + lower_right) / 2, (len(scene.frames), 1))
        half = (lower_right - upper_left) / 2
    half = half + _MARGIN * np.median(boxes_xyxy[:, 3] - boxes_xyxy[:, 1])
    # no cell may be too narrow for its caption, nor so wide that the strip does not fit on a page
    half[0] = max(half[0], half[1] * _MIN_CELL_WIDTH_PX / _CELL_HEIGHT_PX)
    half[1] = max(half[1], half[0] * _CELL_HEIGHT_PX / _MAX_CELL_WIDTH_PX)
    return np.concatenate([centre - half, centre + half], axis=1).round().astype(np.int64)


def _cell(
    image: RgbImage, window_xyxy: npt.NDArray[np.int64], now: Tracks, caption: str, colours: Mapping[int, Colour]
) -> RgbImage:
    left, top, right, bottom = window_xyxy.tolist()
    crop = np.zeros((bottom - top, right - left, 3), np.uint8)
    height, width = image.shape[:2]
    inside = image[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    y, x = max(0, -top), max(0, -left)
    crop[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    small = images.shrink(crop, round(_CELL_HEIGHT_PX * crop.shape[1] / crop.shape[0]), _CELL_HEIGHT_PX)
    marks = [
        Mark(
            (box - [left, top, left, top]).tolist(),
            track_id,
            certain=not interpolated,
            colour=colours.get(track_id),
        )
        for box, track_id, interpolated in zip(
            now.boxes_xyxy, now.track_id.tolist(), now.interpolated.tolist(), strict=True
        )
    ]
    images.draw_marks(small, marks, crop.shape[1])
    cell = np.full((small.shape[0] + _CAPTION_PX, small.shape[1], 3), PAPER, np.uint8)
    cell[: small.shape[0]] = small
    images.text(cell, caption, 1, small.shape[0] + 17, 13, MUTED)
    return cell


def _join(cells: Sequence[RgbImage]) -> RgbImage:
    height = max(cell.shape[0] for cell in cells)
    width = sum(cell.shape[1] + _GAP_PX for cell in cells) - _GAP_PX
    strip = np.full((height, width, 3), PAPER, np.uint8)
    left = 0
    for cell in cells:
        strip[: cell.shape[0], left : left + cell.shape[1]] = cell
        left += cell.shape[1] + _GAP_PX
    return strip
