"""Stage 4: persons detected and tracked through all clips of one video."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.errors import ParameterError
from videoprep_nb.layout import frame_name, staged_folder
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.progress import ProgressCallback, progress_from_environment
from videoprep_nb.records import ClipRecord, ClipTable, Record, TrackRow
from videoprep_nb.stages.params import TrackPersonsParams
from videoprep_nb.timecode import sampled_frames, seconds
from videoprep_nb.tracking.detect import detect_frames, frames_to_look_at, prefetch
from videoprep_nb.tracking.detections import ClipDetections, clip_fingerprint
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.track import TrackedVideo, track_video
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import TrackTable

_FRAMES_AHEAD = 16


class TrackResult(Record):
    """What the stage did.

    Args:
        video_id: The video.
        frame_count: Frames of the video that lie in its clips.
        looked_at_count: Frames among them that the detector saw.
        detection_count: Persons found in them, with at least the confidence asked for.
        clip_count: Clips.
        cached_clip_count: Clips whose detections were there already.
        track_count: Different persons, as far as the tracker can tell.
        row_count: Rows of the tracking JSON, over all clips.
        interpolated_count: Rows among them that were filled in between two detections.
        detector: What detected: weights, size, precision, device.
        tracker: Name of the tracker.
        notes: What the reader of a report should know.
    """

    video_id: str
    frame_count: int
    looked_at_count: int
    detection_count: int
    clip_count: int
    cached_clip_count: int
    track_count: int
    row_count: int
    interpolated_count: int
    detector: str
    tracker: str
    notes: list[str]


def track_persons(params: TrackPersonsParams, progress: ProgressCallback | None = None) -> TrackResult:
    """Detect persons in the clips of a video, track them and write one JSON per clip.

    Detections go to ``<detections_dir>/<video_id>/<clip_id>.npz`` and are used again as long as clip and detector
    stay the same; tracks go to ``<output_dir>/<video_id>/<clip_id>.json``.

    Args:
        params: Parameters of the stage.
        progress: Told the frames that are done; by default what fits the environment.

    Returns:
        What was done.

    Raises:
        InputError: The clips, or the file of detections, are missing or broken.
        ParameterError: There is no such tracker, option or device.
        WeightsError: The weights were not found.
        DiskFullError: The disk was full.
    """
    all_clips = ClipTable.read_folder(Path(params.clips_dir) / params.video_id).clips
    part = _part(len(all_clips), params)
    clips = all_clips[part]
    rate = clips[0].rate
    # a wrong name must not be told after an hour of detecting
    create_tracker(params.tracker, float(rate / params.frame_stride), params.tracker_options)
    detector = _create_detector(params)
    # which frames are looked at must not depend on the part, or the cache would be of no use to the whole
    looked_at = frames_to_look_at(all_clips, params.frame_stride)[part]
    plan = _plan(clips, looked_at, params, detector)
    cached_clip_count = sum(entry.is_cached for entry in plan)

    _detect(plan, detector, progress or progress_from_environment())
    detections = [ClipDetections.read(entry.detections_path) for entry in plan]
    starts = [clip.start_frame for clip in clips]
    video = TrackedVideo(rate, params.frame_stride, clips[0].width, clips[0].height)
    tracks = track_video(list(zip(starts, detections, strict=True)), video, params)
    row_count, interpolated_count = _write(tracks, clips, params)
    return TrackResult(
        video_id=params.video_id,
        frame_count=_end(clips[-1]) - clips[0].start_frame,
        looked_at_count=sum(len(entry.looked_at) for entry in plan),
        detection_count=sum(int((clip.scores >= params.confidence).sum()) for clip in detections),
        clip_count=len(clips),
        cached_clip_count=cached_clip_count,
        track_count=tracks.track_count,
        row_count=row_count,
        interpolated_count=interpolated_count,
        detector=detector.description,
        tracker=params.tracker,
        notes=[] if len(tracks) else ["No persons were found."],
    )


def _part(clip_count: int, params: TrackPersonsParams) -> slice:
    if params.first_clip >= clip_count:
        raise ParameterError("first_clip", f"found {params.first_clip}, but the last clip is {clip_count - 1}")
    end = clip_count if params.clip_count is None else params.first_clip + params.clip_count
    return slice(params.first_clip, end)


def _create_detector(params: TrackPersonsParams) -> Detector:
    if params.detector == "precomputed":
        from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector

        return PrecomputedDetector(Path(params.detections_file))
    from videoprep_nb.tracking.detectors.yolo import YoloDetector

    return YoloDetector(params.weights, params.image_size, params.nms_iou, params.device, params.precision)


@dataclass(frozen=True)
class _PlannedClip:
    """A clip, the frames in it to look at, and where its detections belong."""

    record: ClipRecord
    path: Path
    looked_at: npt.NDArray[np.int32]
    detections_path: Path
    fingerprint: str
    is_cached: bool


def _plan(
    clips: Sequence[ClipRecord],
    frames: Sequence[npt.NDArray[np.int32]],
    params: TrackPersonsParams,
    detector: Detector,
) -> list[_PlannedClip]:
    plan = []
    for clip, looked_at in zip(clips, frames, strict=True):
        path = Path(params.clips_dir) / params.video_id / clip.file_name
        detections_path = Path(params.detections_dir) / params.video_id / f"{clip.clip_id}.npz"
        fingerprint = clip_fingerprint(path, looked_at, detector.fingerprint)
        is_cached = ClipDetections.read_matching(detections_path, fingerprint) is not None
        plan.append(_PlannedClip(clip, path, looked_at, detections_path, fingerprint, is_cached))
    return plan


def _detect(plan: Sequence[_PlannedClip], detector: Detector, progress: ProgressCallback) -> None:
    """Write the detections of the clips that have none yet."""
    total = sum(len(entry.looked_at) for entry in plan)
    missing = [entry for entry in plan if not entry.is_cached]
    done = total - sum(len(entry.looked_at) for entry in missing)
    progress(done, total, "frames")

    def on_batch(frame_count: int) -> None:
        nonlocal done
        done += frame_count
        progress(done, total, "frames")

    # One stream of frames over all clips, so that the next clip is being decoded while this one is finished.
    with closing(prefetch(_frames(missing, detector), _FRAMES_AHEAD)) as frames:
        for entry in missing:
            found = detect_frames(detector, frames, entry.looked_at, entry.record, on_batch)
            ClipDetections.from_frames(entry.looked_at, found, entry.fingerprint).write(entry.detections_path)


def _frames(plan: Sequence[_PlannedClip], detector: Detector) -> Iterator[RgbFrame]:
    for entry in plan:
        size = detector.input_size(entry.record.width, entry.record.height)
        yield from read_scaled_frames(entry.path, entry.looked_at.tolist(), size)


def _clip_rows(tracks: TrackTable, clip: ClipRecord, params: TrackPersonsParams) -> list[TrackRow]:
    """The rows of one clip, by frame and then by track, in plain numbers."""
    extracted = sampled_frames(clip.frame_count, clip.rate, seconds(params.frames_per_second))
    names = {index: frame_name(clip.clip_id, number) for number, index in enumerate(extracted)}
    inside = tracks.rows((tracks.frame_index >= clip.start_frame) & (tracks.frame_index < _end(clip)))
    inside = inside.rows(np.argsort(inside.frame_index, kind="stable"))
    columns = zip(
        (inside.frame_index - clip.start_frame).tolist(),
        inside.track_id.tolist(),
        inside.boxes_xyxy.round(2).tolist(),
        inside.scores.round(4).tolist(),
        inside.interpolated.tolist(),
        strict=True,
    )
    return [
        TrackRow(
            video_id=clip.clip_id,
            frame=names.get(frame_index),
            frame_index=frame_index,
            time_s=round(float(frame_index / clip.rate), 6),
            track_id=track_id,
            bbox=box_xyxy,
            score=score,
            interpolated=interpolated,
        )
        for frame_index, track_id, box_xyxy, score, interpolated in columns
    ]


def _write(tracks: TrackTable, clips: Sequence[ClipRecord], params: TrackPersonsParams) -> tuple[int, int]:
    """Write the rows of all clips, one clip in memory at a time; returns how many, and how many are interpolated."""
    row_count, interpolated_count = 0, 0
    with staged_folder(Path(params.output_dir) / params.video_id) as folder:
        for clip in clips:
            rows = _clip_rows(tracks, clip, params)
            (folder / f"{clip.clip_id}.json").write_text(json.dumps(rows), encoding="utf-8")
            row_count += len(rows)
            interpolated_count += sum(row["interpolated"] for row in rows)
    return row_count, interpolated_count


def _end(clip: ClipRecord) -> int:
    """The frame of the video after the last one of a clip."""
    return clip.start_frame + clip.frame_count
