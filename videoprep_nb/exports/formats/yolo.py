"""YOLO."""

import json
from pathlib import Path

from pydantic import Field

from videoprep_nb.core.boxes import to_cxywh
from videoprep_nb.exports.ava import normalised
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import Proposal
from videoprep_nb.exports.labels import LabelOptions, read_labels
from videoprep_nb.exports.result import Result

_SUBSET = "train"


class YoloOptions(LabelOptions):
    """Options of YOLO."""

    frames: bool = Field(True, description="copy the frames to images/; without, the annotations alone")


class YoloExporter(Exporter):
    """The extracted frames and a text file of boxes for each, as ultralytics reads them; YOLO has no track ids."""

    name = "yolo"
    title = "YOLO"
    file_name = "yolo/"
    options_type = YoloOptions
    options: YoloOptions

    def write(self, result: Result, target: Path) -> None:
        """Write ``data.yaml``, ``images`` and ``labels``."""
        names = [label.label for label in read_labels(self.options.labels)]
        (target / "data.yaml").write_text(_dataset(names), encoding="utf-8")
        labels = target / "labels" / _SUBSET
        labels.mkdir(parents=True)
        for video in result.manifest.videos:
            for clip in video.clips:
                for frame in clip.frames:
                    text = _lines(result.proposals[clip.clip_id][frame.name], video.width, video.height)
                    (labels / frame.name).with_suffix(".txt").write_text(text, encoding="utf-8")
        if self.options.frames:
            _write_images(target / "images" / _SUBSET, result)


def _write_images(folder: Path, result: Result) -> None:
    folder.mkdir(parents=True)
    for clip_id in result.proposals:
        for name, jpeg in result.package.read_frames(clip_id):
            (folder / name).write_bytes(jpeg)


def _dataset(names: list[str]) -> str:
    """The YAML; JSON's strings are YAML's, too."""
    listed = "".join(f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(names))
    return f"train: images/{_SUBSET}\nval: images/{_SUBSET}  # the split is yours to make\nnames:\n{listed}"


def _lines(boxes: list[Proposal], width: int, height: int) -> str:
    """A line per person: class, centre, width and height in parts of the frame."""
    centres = to_cxywh(normalised([box[:4] for box in boxes], width, height))
    return "".join(f"0 {' '.join(f'{side:.7f}' for side in box)}\n" for box in centres)
