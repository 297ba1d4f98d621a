"""The first half of stage 4: persons detected in the clips of one video, as far as they have not been."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipPart, ClipRecord, ClipTable
from videoprep_nb.core.threads import thread_count
from videoprep_nb.media.device_frames import read_device_frames
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.stages.track_persons.camera import estimate_camera_motion
from videoprep_nb.stages.track_persons.find_cuts import cuts_of_video
from videoprep_nb.stages.track_persons.gate import gate_of_clip
from videoprep_nb.stages.track_persons.live_frame import LiveFrame
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.tracking.appearance import Describer
from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detect import detect_frames, frames_to_sample, prefetch
from videoprep_nb.tracking.detections import Detections, FrameDetections, clip_fingerprint
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.gate.detect import CODE_VERSION as GATE_VERSION
from videoprep_nb.tracking.gate.detect import detect_moving
from videoprep_nb.tracking.gate.gate import ClipGate

_FRAMES_AHEAD = 16


@dataclass(frozen=True)
class DetectedClips:
    """The persons in the clips of a video, or of a part of it.

    Args:
        clips: The clips, in order.
        detections: What was found in each of them.
        cached_clip_count: Clips whose detections were there already.
        detector: What detected: weights, size, precision, device.
        camera: How the camera moves; None unless requested.
        cuts: The first frame of each shot but the first, zero-based in the video; none unless requested.
    """

    clips: list[ClipRecord]
    detections: list[Detections]
    cached_clip_count: int
    detector: str
    camera: CameraPath | None
    cuts: list[int]


def detect_persons(params: DetectPersonsParams, progress: ProgressCallback | None = None) -> DetectedClips:
    """Detect persons in the clips of a video.

    Detections go to ``<detections_dir>/<video_id>/<clip_id>.npz`` and are used again as long as clip and detector
    stay the same.

    Args:
        params: Parameters of the stage.
        progress: Called with the frames that are done; by default what fits the environment.

    Returns:
        What was found.

    Raises:
        InputError: The clips, or the file of detections, are missing or broken.
        ParameterError: There is no such detector, option or device.
        WeightsError: The weights were not found.
        DiskFullError: The disk was full.
    """
    all_clips, part = _clips_and_part(params)
    clips = all_clips[part]
    detector = params.create_detector()
    # which frames are sampled must not depend on the part, or the cache would be of no use to the whole
    sampled = frames_to_sample(all_clips, params.stride(all_clips[0].rate))[part]
    describer = params.create_describer()
    plan = _plan(clips, sampled, params, detector, describer)
    cached_clip_count = sum(entry.cached is not None for entry in plan)
    live_frame = LiveFrame(Path(params.preview_dir) / f"{params.video_id}.jpg" if params.preview_dir else None)
    progress = progress or progress_from_environment()
    follows_camera = params.estimate_camera_motion == "sparse_flow"  # "auto" mostly takes no time
    passes = 1 + follows_camera + params.reset_at_cuts
    _detect(plan, params, detector, describer, _pass_of(progress, 0, passes), live_frame)
    detections = [Detections.read(entry.detections_path) if entry.cached is None else entry.cached for entry in plan]
    camera = estimate_camera_motion(params, clips, sampled, _pass_of(progress, 1, passes) if follows_camera else None)
    cuts = cuts_of_video(params, clips, sampled, _pass_of(progress, passes - 1, passes))
    return DetectedClips(clips, detections, cached_clip_count, detector.description, camera, cuts)


def _clips_and_part(params: DetectPersonsParams) -> tuple[list[ClipRecord], slice]:
    """All clips of the video, and which of them to work on."""
    folder = Path(params.clips_dir) / params.video_id
    if params.part is not None:
        cut = ClipPart.read(ClipPart.path(folder, params.part))
        return cut.table.clips, slice(cut.first_clip, cut.first_clip + cut.clip_count)
    clips = ClipTable.read_folder(folder).clips
    return clips, part_of_clips(len(clips), params.first_clip, params.clip_count)


def has_clips(params: DetectPersonsParams) -> bool:
    """Whether there is a clip to work on; a part of a video that was not converted alone has none."""
    clips, part = _clips_and_part(params)
    return bool(clips[part])


def _pass_of(progress: ProgressCallback, index: int, count: int) -> ProgressCallback:
    """What one of several passes over the same frames reports to; a frame counts as done after the last pass."""
    return lambda done, total, unit: progress((index * total + done) // count, total, unit)


def part_of_clips(total: int, first_clip: int, clip_count: int | None) -> slice:
    """Which of the clips of a video to work on.

    Args:
        total: Clips of the video.
        first_clip: The first one, counted from 0.
        clip_count: How many at most; None for all that follow.

    Raises:
        ParameterError: There is no such clip.
    """
    if first_clip >= total:
        raise ParameterError("first_clip", f"got {first_clip}, but the last clip is {total - 1}")
    return slice(first_clip, total if clip_count is None else first_clip + clip_count)


@dataclass(frozen=True)
class _PlannedClip:
    """A clip, the frames to sample in it, and where its detections belong."""

    record: ClipRecord
    path: Path
    sampled: npt.NDArray[np.int64]
    detections_path: Path
    fingerprint: str
    cached: Detections | None


def _plan(
    clips: Sequence[ClipRecord],
    frames: Sequence[npt.NDArray[np.int64]],
    params: DetectPersonsParams,
    detector: Detector,
    describer: Describer | None,
) -> list[_PlannedClip]:
    plan = []
    how = f"{detector.fingerprint} gate {GATE_VERSION}" if _has_gate(params, detector) else detector.fingerprint
    for clip, sampled in zip(clips, frames, strict=True):
        path = Path(params.clips_dir) / params.video_id / clip.file_name
        detections_path = Path(params.detections_dir) / params.video_id / f"{clip.clip_id}.npz"
        fingerprint = clip_fingerprint(path, sampled, how)
        cached = Detections.read_matching(detections_path, fingerprint)
        if cached is not None and describer is not None and cached.describer != describer.fingerprint:
            cached = None
        plan.append(_PlannedClip(clip, path, sampled, detections_path, fingerprint, cached))
    return plan


def _detect(
    plan: Sequence[_PlannedClip],
    params: DetectPersonsParams,
    detector: Detector,
    describer: Describer | None,
    progress: ProgressCallback,
    live_frame: LiveFrame,
) -> None:
    """Write the detections of the clips that have none yet."""
    total = sum(len(entry.sampled) for entry in plan)
    missing = [entry for entry in plan if entry.cached is None]
    done = total - sum(len(entry.sampled) for entry in missing)
    progress(done, total, "frames")

    def on_found(count: int, last: FrameDetections, frame: RgbFrame | None) -> None:
        nonlocal done
        done += count
        progress(done, total, "frames")
        live_frame.show(frame, last, plan[0].record.width)

    # One stream of frames over all clips, so that the next clip is being decoded while this one is finished.
    with closing(_decoded(missing, detector)) as frames:
        for entry in missing:
            gate = _gate(entry, detector) if _has_gate(params, detector) else None
            if gate is None:
                found = detect_frames(detector, frames, entry.sampled, entry.record, on_found, describer)
            else:
                found = detect_moving(detector, frames, entry.sampled, entry.record, gate, on_found, describer)
            replace(found, fingerprint=entry.fingerprint).write(entry.detections_path)


def _has_gate(params: DetectPersonsParams, detector: Detector) -> bool:
    return params.motion_gate and detector.reads_frames


def _gate(entry: _PlannedClip, detector: Detector) -> ClipGate | None:
    size = detector.input_size(entry.record.width, entry.record.height)
    return gate_of_clip(entry.path, entry.record, entry.sampled, size)


def _decoded(plan: Sequence[_PlannedClip], detector: Detector) -> Generator[RgbFrame, None, None]:
    """The frames, decoded in a thread of their own unless this task is to have one thread only."""
    frames = _frames(plan, detector)
    return frames if thread_count() == 1 else prefetch(frames, _FRAMES_AHEAD)


def _frames(plan: Sequence[_PlannedClip], detector: Detector) -> Generator[RgbFrame, None, None]:
    for entry in plan:
        size = detector.input_size(entry.record.width, entry.record.height)
        if detector.frames_device is None:
            yield from read_scaled_frames(entry.path, entry.sampled.tolist(), size)
        else:
            # whoever works on the processor gets an array of them by numpy.asarray
            yield from read_device_frames(entry.path, entry.sampled.tolist(), size, detector.frames_device)  # type: ignore[misc]
