"""MOTChallenge."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.labels import Label, LabelOptions, read_labels
from videoprep_nb.exports.manifest import ManifestClip, ManifestVideo
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.written_boxes import written_xywh


class MotOptions(LabelOptions):
    """Options of MOT."""

    frames: bool = Field(True, description="copy the frames to img1/; without, the annotations alone")


class MotExporter(Exporter):
    """A MOTChallenge sequence per clip: its extracted frames, numbered from 1, with the tracks of the people."""

    name = "mot"
    title = "MOT"
    file_name = "mot/"
    options_type = MotOptions
    options: MotOptions

    def write(self, result: Result, target: Path) -> None:
        """Write a folder per clip with ``img1``, ``gt`` and ``seqinfo.ini``."""
        labels = read_labels(self.options.labels)
        for video in result.manifest.videos:
            for clip in video.clips:
                folder = target / clip.clip_id
                _write_truth(folder / "gt", result, clip.clip_id, labels)
                (folder / "seqinfo.ini").write_text(_sequence_info(video, clip), encoding="utf-8")
                if self.options.frames:
                    _write_frames(folder / "img1", result, clip.clip_id)


def _write_truth(folder: Path, result: Result, clip_id: str, labels: list[Label]) -> None:
    folder.mkdir(parents=True)
    (folder / "labels.txt").write_text("".join(f"{label.label}\n" for label in labels), encoding="utf-8")
    (folder / "gt.txt").write_text("".join(_rows(result, clip_id)), encoding="utf-8")


def _rows(result: Result, clip_id: str) -> Iterator[str]:
    """Rows ``frame,id,x,y,w,h,considered,class,visibility`` in the order of frames."""
    for number, boxes in enumerate(result.proposals[clip_id].values(), start=1):
        for proposal, box in zip(boxes, written_xywh([b[:4] for b in boxes]), strict=True):
            yield f"{number},{proposal[5]},{','.join(f'{side:.2f}' for side in box)},1,1,1\n"


def _sequence_info(video: ManifestVideo, clip: ManifestClip) -> str:
    lines = [
        "[Sequence]",
        f"name={clip.clip_id}",
        "imDir=img1",
        f"frameRate={_frames_per_second(clip)}",
        f"seqLength={len(clip.frames)}",
        f"imWidth={video.width}",
        f"imHeight={video.height}",
        "imExt=.jpg",
    ]
    return "\n".join(lines) + "\n"


def _frames_per_second(clip: ManifestClip) -> int:
    """Extracted frames per second; readers expect a whole number."""
    times = [frame.time_in_clip_s for frame in clip.frames]
    return max(1, round((len(times) - 1) / (times[-1] - times[0]))) if len(times) > 1 else 1


def _write_frames(folder: Path, result: Result, clip_id: str) -> None:
    folder.mkdir()
    for number, (_, jpeg) in enumerate(result.package.read_frames(clip_id), start=1):
        (folder / f"{number:06d}.jpg").write_bytes(jpeg)
