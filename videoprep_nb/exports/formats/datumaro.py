"""Datumaro's own format."""

import json
from pathlib import Path
from typing import Any

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import Proposal
from videoprep_nb.exports.labels import TRACK_ID, LabelOptions, read_labels
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.written_boxes import written_xywh


class DatumaroExporter(Exporter):
    """The boxes of the people on the extracted frames, with track ids, as Datumaro keeps datasets."""

    name = "datumaro"
    title = "Datumaro"
    file_name = "datumaro/"
    entry = "annotations/datumaro/"
    options_type = LabelOptions
    options: LabelOptions

    def write(self, result: Result, target: Path) -> None:
        """Write ``annotations/default.json``."""
        labels = [{"name": label.label, "parent": "", "attributes": []} for label in read_labels(self.options.labels)]
        content = {
            "dm_format_version": "1.0",
            "media_type": 2,  # images
            "infos": {},
            "categories": {"label": {"labels": labels, "attributes": [TRACK_ID]}},
            "items": _items(result),
        }
        folder = target / "annotations"
        folder.mkdir()
        with (folder / "default.json").open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)


def _items(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "id": Path(frame.name).stem,
            "annotations": _annotations(result.proposals[clip.clip_id][frame.name]),
            "image": {"path": frame.name, "size": [video.height, video.width]},
        }
        for video in result.manifest.videos
        for clip in video.clips
        for frame in clip.frames
    ]


def _annotations(boxes: list[Proposal]) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "type": "bbox",
            "attributes": {TRACK_ID: int(proposal[5]), "score": proposal[4]},
            "group": 0,
            "label_id": 0,
            "z_order": 0,
            "bbox": box,
        }
        for number, (proposal, box) in enumerate(zip(boxes, written_xywh([b[:4] for b in boxes]).tolist(), strict=True))
    ]
