"""What 05_generate_proposals shows."""

from pathlib import Path

import numpy as np
from IPython.display import HTML, Image

from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.stages.generate_proposals.stage import ProposalsResult
from videoprep_nb.viz import charts, images, tables
from videoprep_nb.viz.proposals_on_frames import proposals_on_frames

_MAX_CLIP_LABELS = 10
_MAX_CLIP_MARKS = 60


def proposals_on_jpegs(proposals: DenseProposals, frames_dir: Path) -> Image | HTML:
    """The proposals on the JPEGs that annotators will see, track id and confidence beside each box."""

    def read(clip: str, name: str) -> RgbImage:
        return images.read_jpeg(frames_dir / video_id_of_clip(clip) / clip / name)

    return proposals_on_frames(proposals, read, "Proposals on extracted frames: track id and confidence")


def people_per_frame(proposals: DenseProposals) -> Image:
    """People on every extracted frame, clip after clip."""
    counts = np.array([len(boxes) for frames in proposals.values() for boxes in frames.values()], np.int64)
    title = "People per extracted frame (dotted: start of a clip)"
    chart, axes = charts.counts_per_frame(counts, 1, title)
    clip_starts = np.cumsum([0, *map(len, proposals.values())])[:-1].tolist()
    labelled = _without_crowd(dict(zip(clip_starts, proposals, strict=True)), len(counts) / _MAX_CLIP_LABELS)
    axes.set_xticks(list(labelled), list(labelled.values()), ha="left")
    charts.mark_starts(axes, clip_starts if len(clip_starts) <= _MAX_CLIP_MARKS else labelled)
    return charts.image(chart, title)


def _without_crowd(labels: dict[int, str], room: float) -> dict[int, str]:
    """The labels that leave room for each other, from the left."""
    kept: dict[int, str] = {}
    end = 0.0
    for place, label in labels.items():
        if place >= end:
            kept[place] = label
            end = place + room
    return kept


def clip_table(proposals: DenseProposals) -> HTML:
    """Frames, boxes and people of every clip."""
    return tables.table(
        ["clip", "frames", "frames without people", "boxes", "track ids", "most in a frame"],
        [
            (
                clip,
                len(frames),
                sum(not boxes for boxes in frames.values()),
                sum(map(len, frames.values())),
                len({box[5] for boxes in frames.values() for box in boxes}),
                max(map(len, frames.values()), default=0),
            )
            for clip, frames in proposals.items()
        ],
    )


def proposals_summary(result: ProposalsResult) -> HTML:
    """What the file holds."""
    return tables.facts(
        [
            ("file", result.path.name),
            ("videos", ", ".join(result.videos)),
            ("clips", f"{result.clip_count:,}"),
            ("frames", f"{result.frame_count:,}, {result.empty_frame_count:,} of them without people"),
            ("boxes", f"{result.box_count:,}, {result.interpolated_count:,} of them interpolated"),
            ("people (track ids)", f"{result.track_count:,}"),
            *((f"track ids of video {video} start after", offset) for video, offset in result.id_offsets.items()),
        ][: tables.MAX_ROWS]
    )
