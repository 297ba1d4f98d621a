"""AVA, for mmaction2 and for PySlowFast."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.exports.ava import (
    FloatArray,
    Placed,
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
from videoprep_nb.exports.ava_frames import write_training_frames
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.labels import LabelOptions, actions_of, read_labels
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import Result


class AvaOptions(LabelOptions):
    """Options of AVA."""

    preset: Preset = Field("mmaction2", description="whose rules to follow: mmaction2 or slowfast")
    keep_scores: bool = Field(
        False, description="write the scores of the detector; off: 1.0, so that no threshold of a reader drops a box"
    )
    frames: bool = Field(
        False, description="write the frames to train on, too, 30 a second; needs the clips, and much disk"
    )

    @field_validator("preset", mode="after")
    @classmethod
    def _takes_all_actions(cls, preset: Preset, info: ValidationInfo) -> Preset:
        if "labels" in info.data:  # else they are refused themselves
            try:
                check_action_count(actions_of(read_labels(info.data["labels"])), preset)
            except ParameterError as error:
                raise ValueError(error.reason) from None
        return preset


class AvaExporter(Exporter):
    """Proposals, actions and keyframes as mmaction2 or PySlowFast read them; labels come with the way back.

    Args:
        options: Its options; None for the defaults.
    """

    name = "ava"
    title = "AVA"
    file_name = "ava/"
    entry = "annotations/ava/"
    options_type = AvaOptions
    options: AvaOptions

    def __init__(self, options: AvaOptions | None = None) -> None:
        super().__init__(options)
        if self.options.frames:
            self.needs = frozenset({Need.PACKAGE, Need.CLIPS})

    def write(self, result: Result, target: Path) -> None:
        """Write proposals, an action list, labels without rows, excluded seconds and the list of keyframes."""
        placed = place_keyframes(result.manifest, self.options.preset)
        boxes = self._boxes(result, placed)
        write_action_list(target / "action_list.pbtxt", actions_of(read_labels(self.options.labels)))
        write_rows(target / "annotations.csv", [])  # nobody has labelled yet
        write_excluded(target / "excluded_timestamps.csv", placed.seconds_without_keyframe())
        write_proposals(target / "proposals.pkl", boxes)
        _write_keyframes(target / "keyframes.csv", result, placed)
        with_people = {video for video, _ in boxes}  # PySlowFast refuses a video without boxes
        videos = [video for video in placed.videos if video.name in with_people]
        if self.options.preset == "slowfast":
            write_predicted_boxes(target / "predicted_boxes.csv", boxes)
            write_frame_list(target / "frame_list.csv", videos)
        if self.options.frames:
            write_training_frames(target / "frames", result, videos, self.options.preset)

    def _boxes(self, result: Result, placed: Placed) -> dict[Second, FloatArray]:
        """Video and second → ``(N, 5)`` x1 y1 x2 y2 score of the people there; seconds without people are left out."""
        boxes: dict[Second, FloatArray] = {}
        for keyframe in placed.keyframes.values():
            people = result.proposals[keyframe.clip_id][keyframe.frame_name]
            if people:
                corners = normalised([box[:4] for box in people], keyframe.width, keyframe.height)
                scores = [[box[4] if self.options.keep_scores else 1.0] for box in people]
                boxes[keyframe.video, keyframe.second] = np.hstack([corners, np.array(scores, np.float64)])
        return boxes


def _write_keyframes(path: Path, result: Result, placed: Placed) -> None:
    """Write where each frame of the package stands, and why some have no place."""
    left_out: Mapping[str, str] = {frame.frame_name: frame.reason for frame in placed.left_out}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["frame", "video", "second", "people", "left out because"])
        for frames in result.proposals.values():
            for name, people in frames.items():
                place = placed.keyframes.get(name)
                where = [place.video, f"{place.second:04d}"] if place else ["", ""]
                rows.writerow([name, *where, len(people), left_out.get(name, "")])
