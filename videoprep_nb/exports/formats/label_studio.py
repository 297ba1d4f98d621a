"""Label Studio."""

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.keyframes import runs, select_keyframes
from videoprep_nb.exports.labels import TRACK_ID, Label, LabelOptions, read_labels
from videoprep_nb.exports.manifest import ManifestClip, ManifestVideo
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.written_boxes import written_xywh
from videoprep_nb.tracking.tracks import Tracks

_PERCENT_DECIMALS = 8  # what is rounded are pixels


class LabelStudioOptions(LabelOptions):
    """Options of Label Studio."""

    keyframe_iou: float = Field(
        0.9, ge=0.5, le=1, description="least IoU of an interpolated box with the tracked one; 1 writes every box"
    )
    video_url: str = Field(
        "/data/local-files/?d=label_studio/clips/", description="address of the clips, up to the name of the file"
    )


class LabelStudioExporter(Exporter):
    """A video task per clip with the tracks of the people on all frames, the clips, and a labeling configuration."""

    name = "label-studio"
    title = "Label Studio"
    file_name = "label_studio/"
    needs = frozenset({Need.PACKAGE, Need.DENSE_TRACKS, Need.CLIPS})
    options_type = LabelStudioOptions
    options: LabelStudioOptions

    def write(self, result: Result, target: Path) -> None:
        """Write ``tasks.json``, ``labeling_config.xml`` and ``clips``."""
        labels = read_labels(self.options.labels)
        (target / "labeling_config.xml").write_text(_labeling_config(labels), encoding="utf-8")
        clips = target / "clips"
        clips.mkdir()
        tasks = []
        for video in result.manifest.videos:
            for clip in video.clips:
                tasks.append(self._task(result, video, clip, labels[0].label))
                shutil.copyfile(result.clip_file(clip.clip_id), clips / f"{clip.clip_id}.mp4")
        with (target / "tasks.json").open("w", encoding="utf-8") as file:
            json.dump(tasks, file, ensure_ascii=False)

    def _task(self, result: Result, video: ManifestVideo, clip: ManifestClip, label: str) -> dict[str, Any]:
        tracks = result.dense_tracks(clip.clip_id)
        data = {"video": f"{self.options.video_url}{clip.clip_id}.mp4", "clip": clip.clip_id, "fps": float(clip.rate)}
        regions = [
            {
                "id": f"{TRACK_ID}_{track_id}",
                "type": "videorectangle",
                "from_name": "box",
                "to_name": "video",
                "meta": {"text": [f"{TRACK_ID} {track_id}"]},
                "value": {
                    "framesCount": clip.frame_count,
                    "duration": float(clip.frame_count / clip.rate),
                    "sequence": list(self._sequence(_of_track(tracks, track_id), video, clip.rate)),
                    "labels": [label],
                },
            }
            for track_id in tracks.track_ids
        ]
        return {"data": data, "predictions": [{"model_version": "videoprep", "result": regions}]}

    def _sequence(self, track: Tracks, video: ManifestVideo, rate: Fraction) -> Iterator[dict[str, Any]]:
        """Keyframes of a track; the last one of a run ends what Label Studio interpolates."""
        rows = select_keyframes(track.frame_index, track.boxes_xyxy, self.options.keyframe_iou)
        ends = {end - 1 for _, end in runs(track.frame_index)}
        sides = np.array([video.width, video.height, video.width, video.height])
        percent = np.round(100 * written_xywh(track.boxes_xyxy) / sides, _PERCENT_DECIMALS)
        for row in rows.tolist():
            index = int(track.frame_index[row])
            x, y, width, height = percent[row].tolist()
            yield {
                "frame": index + 1,
                "time": float(index / rate),
                "enabled": row not in ends,
                "rotation": 0,
                "x": x,
                "y": y,
                "width": width,
                "height": height,
            }


def _of_track(tracks: Tracks, track_id: int) -> Tracks:
    return tracks.rows(tracks.track_id == track_id)


def _labeling_config(labels: list[Label]) -> str:
    """The configuration of a project: the labels, and the attributes of each as choices for a box."""
    names = "".join(f'    <Label value="{escape(label.label)}"/>\n' for label in labels)
    choices = "".join(_choices(label, attribute) for label in labels for attribute in label.attributes)
    return (
        "<View>\n"
        f'  <Labels name="label" toName="video">\n{names}  </Labels>\n'
        '  <Video name="video" value="$video" frameRate="$fps"/>\n'
        '  <VideoRectangle name="box" toName="video"/>\n'
        f"{choices}"
        "</View>\n"
    )


def _choices(label: Label, attribute: str) -> str:
    values = "".join(f'    <Choice value="{escape(value)}"/>\n' for value in label.attributes[attribute][1:])
    return (
        f'  <Header value="{escape(attribute)}"/>\n'
        f'  <Choices name="{escape(f"{label.label} {attribute}")}" toName="video" perRegion="true"'
        f' whenTagName="label" whenLabelValue="{escape(label.label)}">\n{values}  </Choices>\n'
    )
