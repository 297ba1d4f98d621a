"""Tasks of CVAT: one per clip, with a track per person."""

from collections.abc import Iterator, Mapping

import numpy as np

from videoprep_nb.exports.cvat.check import check_task
from videoprep_nb.exports.cvat.exporter import CvatOptions
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.keyframes import DECIMALS, IndexArray, runs, select_keyframes
from videoprep_nb.exports.labels import Label, read_labels
from videoprep_nb.exports.result import Result
from videoprep_nb.tracking.tracks import Tracks


def read_tasks(result: Result, options: CvatOptions) -> Iterator[CvatTask]:
    """The tasks of a result, checked, one clip after another.

    Args:
        result: The result of a job.
        options: Labels, media and keyframes.

    Raises:
        VideoPrepError: CVAT could not take a task as it is meant, or something was not kept.
    """
    labels = read_labels(options.labels)
    for clip in result.manifest.clips:
        video = result.manifest.video_of[clip.video_id]
        names: tuple[str, ...] = ()
        if options.media == "frames":
            names = tuple(result.proposals[clip.clip_id])
            tracks, frame_count, min_iou = result.keyframe_tracks(clip.clip_id), len(names), 1.0
        else:
            tracks, frame_count, min_iou = result.dense_tracks(clip.clip_id), clip.frame_count, options.keyframe_iou
        task = CvatTask(
            clip_id=clip.clip_id,
            frame_count=frame_count,
            width=video.width,
            height=video.height,
            frame_names=names,
            tracks=[*_tracks(tracks, labels[0], frame_count, min_iou)],
        )
        check_task(task, labels)
        yield task


def _tracks(tracks: Tracks, label: Label, frame_count: int, min_iou: float) -> Iterator[CvatTrack]:
    untouched: Mapping[str, str] = {name: values[0] for name, values in label.attributes.items()}
    for track_id in np.unique(tracks.track_id).tolist():
        track = tracks.rows(tracks.track_id == track_id)
        keyframes = select_keyframes(track.frame_index, track.boxes_xyxy, min_iou)
        yield CvatTrack(label.label, track_id, untouched, [*_shapes(track, keyframes, frame_count)])


def _shapes(track: Tracks, keyframes: IndexArray, frame_count: int) -> Iterator[CvatShape]:
    """The keyframes of a track, and an outside shape behind each run: without it CVAT would go on showing the box."""
    boxes = np.round(track.boxes_xyxy, DECIMALS)
    last_rows = {end - 1 for _, end in runs(track.frame_index)}
    for row in keyframes.tolist():
        frame, points = int(track.frame_index[row]), tuple(boxes[row].tolist())
        yield CvatShape(frame, points)
        if row in last_rows and frame + 1 < frame_count:
            yield CvatShape(frame + 1, points, outside=True)
