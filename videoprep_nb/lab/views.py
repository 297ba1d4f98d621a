"""What explore_tracker shows: two settings on the same frames, and what differs between them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from IPython.display import HTML, Image

from videoprep_nb.core.timecode import format_duration
from videoprep_nb.lab.model import LabSettings, LabVideo, Trial
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.compare import Difference, Switches, compare_tracks
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.quality import quality_hints
from videoprep_nb.viz.style import INK, PAPER, Colour, track_colour
from videoprep_nb.viz.thumbnail_strip import Scene, spread_frames, thumbnail_strips
from videoprep_nb.viz.track_bars import Tick, TrackBars, draw_track_bars, shown_tracks
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import VideoTracks

HALF_WIDTH_PX = 640
ONLY_HERE: Colour = (220, 38, 38)
SWITCHED: Colour = (250, 204, 21)

_GAP_PX = 12
_CAPTION_PX = 26
_SWITCH_SHOWN_S = 1.0
_MOMENTS = 4
_STRIP_CELLS = 8
_MAX_EVENTS = 25


@dataclass(frozen=True)
class Event:
    """Something that differs between the two sides.

    Args:
        frame: Index of the frame in the standard video.
        words: What happens there.
        duration_s: How long it goes on, in seconds; infinite for an id switch, which cannot be undone.
    """

    frame: int
    words: str
    duration_s: float


@dataclass(frozen=True)
class Side:
    """One side of a comparison, ready to be drawn.

    Args:
        name: ``Left`` or ``Right``.
        trial: The settings and what they made.
        tracks: The tracks in their clips.
        colours: Colours by track id; the same person has the same on both sides.
        only_here: Ids by frame of persons whom the other side has not.
        switches: Id switches, taking the other side for the truth.
    """

    name: str
    trial: Trial
    tracks: VideoTracks
    colours: Mapping[int, Colour]
    only_here: Mapping[int, set[int]]
    switches: Switches

    @property
    def ticks(self) -> list[Tick]:
        """The id switches, at the track that begins with them."""
        pairs = zip(self.switches.new_id.tolist(), self.switches.frame_index.tolist(), strict=True)
        return [Tick(track_id, frame, SWITCHED) for track_id, frame in pairs]

    def events(self) -> list[Event]:
        """The id switches, and the stretches of time in which somebody is on this side only."""
        columns = (self.switches.frame_index.tolist(), self.switches.old_id.tolist(), self.switches.new_id.tolist())
        found = [
            Event(frame, f"{self.name.lower()}: {old} becomes {new}, where the other side keeps its id", math.inf)
            for frame, old, new in zip(*columns, strict=True)
        ]
        begun: dict[int, int] = {}
        for frame in sorted(self.only_here):
            for track_id in self.only_here[frame]:
                start = begun.setdefault(track_id, frame)
                if track_id not in self.only_here.get(frame + 1, ()):
                    duration_s = (frame + 1 - start) / self.tracks.rate
                    words = f"{self.name.lower()}: {track_id} is on this side only for {format_duration(duration_s)}"
                    found.append(Event(begun.pop(track_id), words, duration_s))
        return found


@dataclass(frozen=True)
class Comparison:
    """Two settings on the same video.

    Args:
        video: The video.
        left: One setting.
        right: The other one.
        frames: The frames of the video.
    """

    video: LabVideo
    left: Side
    right: Side
    frames: VideoFrames

    @classmethod
    def of(cls, video: LabVideo, left: Trial, right: Trial) -> "Comparison":
        """Compare two trials."""
        difference = compare_tracks(left.tracks, right.tracks)
        sides = _left_side(video, left, difference), _right_side(video, right, difference)
        return cls(video, *sides, VideoFrames(video.clips, video.clips_folder))

    @property
    def sides(self) -> tuple[Side, Side]:
        """Left and right."""
        return self.left, self.right

    @cached_property
    def events(self) -> list[Event]:
        """Where the sides differ, in the order of time."""
        return sorted(self.left.events() + self.right.events(), key=lambda event: event.frame)

    def differences_per_frame(self) -> dict[int, int]:
        """How much differs, by frame; a switch counts as much as a box that is on one side only."""
        counts: dict[int, int] = {}
        for side in self.sides:
            for frame in side.switches.frame_index.tolist():
                counts[frame] = counts.get(frame, 0) + 1
            for frame, ids in side.only_here.items():
                counts[frame] = counts.get(frame, 0) + len(ids)
        return counts


def draw_side_by_side(comparison: Comparison, small: RgbImage, frame: int) -> RgbImage:
    """Draw both sides of one frame.

    Args:
        comparison: The two settings.
        small: The frame, shrunk.
        frame: Its index in the standard video.
    """
    left, right = (_draw_side(side, small.copy(), frame) for side in comparison.sides)
    return beside(left, right)


def draw_bars(comparison: Comparison, selected: tuple[int | None, int | None] = (None, None)) -> list[TrackBars]:
    """Draw the time lines of both sides, of the same size.

    Args:
        comparison: The two settings.
        selected: A track of either side to point at.
    """
    row_count = max(
        len(shown_tracks(side.tracks, chosen)) for side, chosen in zip(comparison.sides, selected, strict=True)
    )
    return [
        draw_track_bars(
            side.tracks,
            f"{side.name}, {side.trial.settings.tracker}",
            HALF_WIDTH_PX,
            colours=side.colours,
            ticks=side.ticks,
            selected=chosen,
            row_count=row_count,
        )
        for side, chosen in zip(comparison.sides, selected, strict=True)
    ]


def beside(left: RgbImage, right: RgbImage) -> RgbImage:
    """Two images of the same height with a little room between them."""
    return np.hstack([left, np.full((left.shape[0], _GAP_PX, 3), PAPER, np.uint8), right])


def side_at(x: float) -> tuple[int, float] | None:
    """Which of two halves put ``beside`` each other a place across belongs to: its index, and the place in it."""
    for index, left_px in enumerate((0, HALF_WIDTH_PX + _GAP_PX)):
        if left_px <= x < left_px + HALF_WIDTH_PX:
            return index, x - left_px
    return None


def person_at(comparison: Comparison, frame: int, x: float, y: float) -> tuple[int, int] | None:
    """The person at a point of what ``draw_side_by_side`` has drawn.

    Args:
        comparison: The two settings.
        frame: The frame that was drawn.
        x: Place across, in pixels of the drawing.
        y: Place down, likewise.

    Returns:
        Index of the side and id of the track; of persons in front of each other the one with the smallest box. None
        where nobody is.
    """
    half = side_at(x)
    if half is None:
        return None
    index, x_half = half
    tracks = comparison.sides[index].tracks
    table = tracks.table.rows(tracks.table.frame_index == frame)
    point = np.array([x_half, y - _CAPTION_PX]) * tracks.clips[0].width / HALF_WIDTH_PX
    left_top, right_bottom = table.boxes_xyxy[:, :2], table.boxes_xyxy[:, 2:]
    hit = np.flatnonzero(((left_top <= point) & (point <= right_bottom)).all(axis=1))
    if not hit.size:
        return None
    smallest = hit[np.argmin(np.prod(right_bottom[hit] - left_top[hit], axis=1))]
    return index, int(table.track_id[smallest])


def draw_thumbnail_strip(comparison: Comparison, side: Side, track_id: int) -> RgbImage:
    """Draw crops of one person, spread over the time of the track."""
    table = side.tracks.table
    frames = table.frame_index[table.track_id == track_id]
    scene = Scene([track_id], spread_frames(int(frames[0]), int(frames[-1]), _STRIP_CELLS), follow=True)
    (strip,) = thumbnail_strips([scene], side.tracks.table, comparison.frames, side.tracks.rate, side.colours)
    return strip


def moments(comparison: Comparison) -> Image:
    """Both sides at moments spread over the video, each where most differs."""
    tiles = []
    rate = comparison.left.tracks.rate
    for frame in _moments_of_difference(comparison):
        (_, image), *_ = comparison.frames.read([frame])
        both = draw_side_by_side(comparison, images.shrink(image, HALF_WIDTH_PX), frame)
        tiles.append(Tile(both, f"at {tables.clock(frame / rate)}"))
    title = "Red ring: only on this side. Yellow ring: the id changes here and not on the other side."
    return images.notebook_image(images.contact_sheet(tiles, 1, title), title)


def time_lines(comparison: Comparison) -> Image:
    """The tracks of both sides over time."""
    left, right = (bars.image for bars in draw_bars(comparison))
    return images.notebook_image(beside(left, right), "Tracks over time, left and right; yellow: the id changes")


def thumbnail_strip(comparison: Comparison) -> Image | HTML:
    """The person on the right whose id changes first where it does not on the left, or else the first one there."""
    track_ids = comparison.right.switches.new_id.tolist() or comparison.right.tracks.track_ids
    if not track_ids:
        return tables.remarks([], "There are no tracks on the right.")
    return images.notebook_image(
        draw_thumbnail_strip(comparison, comparison.right, track_ids[0]), f"{track_ids[0]} on the right"
    )


def what_changed(comparison: Comparison) -> HTML:
    """The settings that differ, and what comes of it."""
    sides = comparison.sides
    left, right = (side.trial.settings.model_dump() for side in sides)
    rows: list[tuple[object, ...]] = [(name, left[name], right[name]) for name in left if left[name] != right[name]]
    rows += [(what, *(_measures(side)[what] for side in sides)) for what in _measures(comparison.left)]
    return tables.table(["", "left", "right"], rows)


def events(comparison: Comparison) -> HTML:
    """Where the two sides differ: id switches, and who is longest on one side only; of many some of each."""
    rate = comparison.left.tracks.rate
    switches = [event for event in comparison.events if math.isinf(event.duration_s)]
    stretches = sorted((e for e in comparison.events if math.isfinite(e.duration_s)), key=lambda e: -e.duration_s)
    share = max(_MAX_EVENTS - len(stretches), _MAX_EVENTS // 2)
    some = images.sampled(switches, share)
    shown = sorted([*some, *stretches[: _MAX_EVENTS - len(some)]], key=lambda event: event.frame)
    rows = [(tables.clock(event.frame / rate), event.words) for event in shown]
    if not rows:
        return tables.remarks([], "Both sides have the same tracks.")
    return tables.table(["time", "what differs"], rows, left_out=len(comparison.events) - len(rows))


def settings_text(video: LabVideo, settings: LabSettings) -> HTML:
    """The settings as they are written to a file."""
    return tables.preformatted([video.to_yaml(settings)])


def hints(comparison: Comparison, side: Side) -> HTML:
    """What may be wrong on one side, without knowing the truth."""
    trial = side.trial
    tracks, rate = side.tracks, side.tracks.rate
    name = f"{side.name.lower()}-hint"
    return quality_hints(trial.quality, trial.warnings, tracks.table, comparison.frames, rate, name)


def _measures(side: Side) -> dict[str, object]:
    quality, table = side.trial.quality, side.trial.tracks
    return {
        "tracks": f"{quality.track_count:,}",
        "boxes": f"{len(table):,}, of these {int(table.interpolated.sum()):,} filled in",
        "boxes only on this side": f"{sum(map(len, side.only_here.values())):,}",
        "id switches against the other side": f"{len(side.switches):,}",
        "ids per person-second": f"{quality.ids_per_person_s:.3f}",
        "broken tracks": f"{len(quality.places_of('broken track')):,}",
        "short tracks": f"{len(quality.places_of('short track')):,}",
        "gaps": f"{len(quality.places_of('gap')):,}",
        "jumps": f"{len(quality.places_of('jump')):,}",
        "overlapping tracks": f"{len(quality.places_of('overlap')):,}",
        "time for tracking": f"{side.trial.elapsed_s:.2f} s",
    }


def _left_side(video: LabVideo, trial: Trial, difference: Difference) -> Side:
    tracks = VideoTracks(video.clips, trial.tracks)
    colours = {track_id: track_colour(track_id) for track_id in tracks.track_ids}
    return Side(
        "Left", trial, tracks, colours, _ids_by_frame(trial.tracks, difference.only_left), difference.left_switches
    )


def _right_side(video: LabVideo, trial: Trial, difference: Difference) -> Side:
    tracks = VideoTracks(video.clips, trial.tracks)
    colours = {track_id: track_colour(difference.left_id_of.get(track_id, track_id)) for track_id in tracks.track_ids}
    only_here = _ids_by_frame(trial.tracks, difference.only_right)
    return Side("Right", trial, tracks, colours, only_here, difference.right_switches)


def _ids_by_frame(tracks: Tracks, rows: npt.NDArray[np.bool_]) -> dict[int, set[int]]:
    ids: dict[int, set[int]] = {}
    for frame, track_id in zip(tracks.frame_index[rows].tolist(), tracks.track_id[rows].tolist(), strict=True):
        ids.setdefault(frame, set()).add(track_id)
    return ids


def _draw_side(side: Side, small: RgbImage, frame: int) -> RgbImage:
    recent = (side.switches.frame_index <= frame) & (
        side.switches.frame_index > frame - _SWITCH_SHOWN_S * side.tracks.rate
    )
    switched = dict(zip(side.switches.new_id[recent].tolist(), side.switches.old_id[recent].tolist(), strict=True))
    only_here = side.only_here.get(frame, set())
    count = draw_tracks(
        small,
        side.tracks.table,
        frame,
        rate=side.tracks.rate,
        source_width=side.tracks.clips[0].width,
        colours=side.colours,
        rings=dict.fromkeys(switched, SWITCHED) | dict.fromkeys(only_here, ONLY_HERE),
        notes={track_id: f"was {old}" for track_id, old in switched.items()},
    )
    caption = np.full((_CAPTION_PX, small.shape[1], 3), PAPER, np.uint8)
    words = f"{side.name}: {side.trial.settings.tracker}, persons: {count}"
    images.text(caption, words, 1, 18, 15, INK, 600)
    return np.vstack([caption, small])


def _moments_of_difference(comparison: Comparison) -> list[int]:
    counts = comparison.differences_per_frame()
    if not counts:
        first, end = comparison.video.clips[0].start_frame, comparison.left.tracks.end_frame
        return spread_frames(first, end - 1, _MOMENTS)
    parts = np.array_split(sorted(counts), min(_MOMENTS, len(counts)))
    return [max(part.tolist(), key=counts.__getitem__) for part in parts]
