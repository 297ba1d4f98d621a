"""Training data as AVA's files, for mmaction2 and PySlowFast."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from videoprep_nb.annotations.training_boxes import Plane, TrainingBox
from videoprep_nb.exports.ava import (
    AvaRow,
    FloatArray,
    Preset,
    Second,
    check_action_count,
    normalised,
    place_keyframes,
    write_action_list,
    write_excluded,
    write_frame_list,
    write_predicted_boxes,
    write_proposals,
    write_rows,
)
from videoprep_nb.exports.labels import Action
from videoprep_nb.exports.manifest import Manifest


@dataclass(frozen=True)
class AvaWritten:
    """What was written.

    Args:
        row_count: Labels.
        labels_left_out: Labels on frames that have no second in AVA's files.
    """

    row_count: int
    labels_left_out: int


def write_ava(
    folder: Path,
    boxes: Sequence[TrainingBox],
    planes: Mapping[str, Plane],
    manifest: Manifest,
    annotated: Collection[str],
    actions: Sequence[Action],
    preset: Preset,
) -> AvaWritten:
    """Write labels, actions, proposals and excluded seconds.

    Proposals are the boxes of the annotators with a score of 1.0, so that no threshold of a reader drops one. Excluded
    are the seconds between keyframes that have none, and keyframes that nobody annotated.

    Args:
        folder: An empty folder.
        boxes: The boxes.
        planes: Name of a frame → the plane of its boxes.
        manifest: Videos, clips, and the time of every frame.
        annotated: Names of the frames that somebody annotated.
        actions: Everything that can be said.
        preset: Whose rules to follow.
    """
    check_action_count(actions, preset)
    placed = place_keyframes(manifest, preset)
    rows: list[AvaRow] = []
    proposals: dict[Second, list[FloatArray]] = defaultdict(list)
    labels_left_out = 0
    for box in boxes:
        place = placed.keyframes.get(box.frame_name)
        if place is None:
            labels_left_out += len(box.actions)
            continue
        plane = planes[box.frame_name]
        corners = normalised([box.box_xyxy], plane.width, plane.height)[0]
        proposals[place.video, place.second].append(np.append(corners, 1.0))
        rows += [AvaRow(place.video, place.second, corners, action.action_id, box.track_id) for action in box.actions]
    stacked = {second: np.array(found, np.float64) for second, found in proposals.items()}
    unseen = [(each.video, each.second) for name, each in placed.keyframes.items() if name not in annotated]
    write_rows(folder / "annotations.csv", rows)
    write_action_list(folder / "action_list.pbtxt", actions)
    write_excluded(folder / "excluded_timestamps.csv", sorted({*placed.seconds_without_keyframe(), *unseen}))
    write_proposals(folder / "proposals.pkl", stacked)
    if preset == "slowfast":
        write_predicted_boxes(folder / "predicted_boxes.csv", stacked)
        with_people = {video for video, _ in stacked}  # PySlowFast refuses a video without boxes
        write_frame_list(folder / "frame_list.csv", [video for video in placed.videos if video.name in with_people])
    return AvaWritten(len(rows), labels_left_out)
