"""Two settings on the same video: what each side makes of it, and what differs between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from videoprep_nb.lab.model import LabVideo, Trial
from videoprep_nb.lab.places import LEFT, RIGHT, LabPlace, stretches, switch_places
from videoprep_nb.tracking.compare import Difference, Switches, compare_tracks
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.style import Colour, track_colour
from videoprep_nb.viz.track_bars import Tick
from videoprep_nb.viz.tracks import VideoTracks

ONLY_HERE: Colour = (220, 38, 38)
SWITCHED: Colour = (250, 204, 21)
SIDES = ("left", "right")


@dataclass(frozen=True)
class Side:
    """One side of a comparison, ready to be drawn.

    Args:
        index: ``LEFT`` or ``RIGHT``.
        video: The video.
        trial: The settings and what they made.
        tracks: The tracks in their clips.
        colours: Colours by track id; the same person has the same on both sides.
        only_here: The rows of persons that the other side lacks.
        switches: Id switches, taking the other side for the truth.
    """

    index: int
    video: LabVideo
    trial: Trial
    tracks: VideoTracks
    colours: Mapping[int, Colour]
    only_here: Tracks
    switches: Switches

    @property
    def name(self) -> str:
        """``Left`` or ``Right``."""
        return SIDES[self.index].capitalize()

    @property
    def ticks(self) -> list[Tick]:
        """The id switches, at the track that begins with them."""
        pairs = zip(self.switches.new_id.tolist(), self.switches.frame_index.tolist(), strict=True)
        return [Tick(track_id, frame, SWITCHED) for track_id, frame in pairs]

    @cached_property
    def ids_only_here(self) -> dict[int, set[int]]:
        """The ids of ``only_here`` by frame."""
        ids: dict[int, set[int]] = {}
        for frame, track_id in zip(self.only_here.frame_index.tolist(), self.only_here.track_id.tolist(), strict=True):
            ids.setdefault(frame, set()).add(track_id)
        return ids

    @cached_property
    def differences(self) -> list[LabPlace]:
        """The id switches, and the stretches of time in which somebody is on this side only."""
        side = SIDES[self.index]
        return [
            *switch_places(self.switches, self.index, f"{side}: {{old}} becomes {{new}}"),
            *stretches(self.only_here, self.tracks.rate, self.index, f"{side}: {{track}} is on this side only"),
        ]


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
    def of(cls, video: LabVideo, left: Trial, right: Trial, frames: VideoFrames | None = None) -> "Comparison":
        """Compare two trials.

        Args:
            video: The video.
            left: What is on the left.
            right: What is on the right.
            frames: Those of the video, if they are open already.
        """
        difference = compare_tracks(left.tracks, right.tracks)
        sides = _left_side(video, left, difference), _right_side(video, right, difference)
        return cls(video, *sides, frames or VideoFrames(video.clips, video.clips_folder))

    @property
    def sides(self) -> tuple[Side, Side]:
        """Left and right."""
        return self.left, self.right

    @cached_property
    def differences(self) -> list[LabPlace]:
        """Where the sides differ, in the order of time."""
        return sorted(self.left.differences + self.right.differences, key=lambda place: place.frame)

    def differences_per_frame(self) -> dict[int, int]:
        """How much differs, by frame; a switch counts as much as a box that is on one side only."""
        frames = np.concatenate([[*s.switches.frame_index, *s.only_here.frame_index] for s in self.sides])
        values, counts = np.unique(frames.astype(np.int64), return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _left_side(video: LabVideo, trial: Trial, difference: Difference) -> Side:
    colours = {track_id: track_colour(track_id) for track_id in trial.tracks.track_ids}
    return _side(LEFT, video, trial, colours, difference.only_left, difference.left_switches)


def _right_side(video: LabVideo, trial: Trial, difference: Difference) -> Side:
    colours = {
        track_id: track_colour(difference.left_id_of.get(track_id, track_id)) for track_id in trial.tracks.track_ids
    }
    return _side(RIGHT, video, trial, colours, difference.only_right, difference.right_switches)


def _side(
    index: int,
    video: LabVideo,
    trial: Trial,
    colours: Mapping[int, Colour],
    only_here: npt.NDArray[np.bool_],
    switches: Switches,
) -> Side:
    tracks = VideoTracks(video.clips, trial.tracks)
    return Side(index, video, trial, tracks, colours, trial.tracks.rows(only_here), switches)
