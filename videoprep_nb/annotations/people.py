"""Ids of people: those of the package, and new ones where an export has none."""

from collections.abc import Sequence
from dataclasses import dataclass

from videoprep_nb.annotations.annotated import AnnotatedBox
from videoprep_nb.annotations.merge import MergedFrame
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.exports.dense_proposals import DenseProposals


@dataclass(frozen=True)
class NamedBox:
    """A box of the result.

    Args:
        clip_id: Its clip.
        frame_name: Its frame.
        track_id: The person.
        has_new_id: True if the export has no id for the person.
        box: Label, what was chosen, and where it lies.
    """

    clip_id: str
    frame_name: str
    track_id: int
    has_new_id: bool
    box: AnnotatedBox


def name_people(frames: Sequence[MergedFrame], proposals: DenseProposals) -> list[NamedBox]:
    """Give every box an id; where the export has none, one above all others.

    Args:
        frames: The frames, in the order of the package.
        proposals: The proposals of the package, whose ids are taken.

    Raises:
        InputError: An id stands in two videos.
    """
    video_of = {
        int(box[5]): video_id_of_clip(clip)
        for clip, of_clip in proposals.items()
        for boxes in of_clip.values()
        for box in boxes
    }
    for frame in frames:
        for box in frame.boxes:
            if box.track_id is not None:
                _check_video(video_of, box.track_id, frame)
    new_ids: dict[str, int] = {}
    highest = max(video_of, default=0)
    named = []
    for frame in frames:
        for box in frame.boxes:
            if box.track_id is None:
                new_ids.setdefault(box.key, highest + len(new_ids) + 1)
            track_id = new_ids[box.key] if box.track_id is None else box.track_id
            named.append(NamedBox(frame.clip_id, frame.name, track_id, box.track_id is None, box))
    return named


def _check_video(video_of: dict[int, str], track_id: int, frame: MergedFrame) -> None:
    video = video_id_of_clip(frame.clip_id)
    known = video_of.setdefault(track_id, video)
    if known != video:
        raise InputError(
            f"The track_id {track_id} is on {frame.name}, but belongs to video {known}; two videos never share an id."
        )
