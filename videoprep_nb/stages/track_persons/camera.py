"""A part of stage 4: how the camera moves through the clips of a video, as far as it is not known yet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.stages.track_persons.small_frames import read_grey_frames, read_grey_key_frames
from videoprep_nb.tracking.camera.motion import CODE_VERSION, ClipMotion, camera_moves, join_steps
from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detections import clip_fingerprint


def estimate_camera_motion(
    params: DetectPersonsParams,
    clips: Sequence[ClipRecord],
    sampled: Sequence[npt.NDArray[np.int64]],
    progress: ProgressCallback | None,
) -> CameraPath | None:
    """Estimate how the camera moves.

    What is found goes to ``<detections_dir>/<video_id>/camera/<clip_id>.npz`` and is used again as long as the clip
    stays the same.

    Args:
        params: Parameters of the stage.
        clips: Clips of one video, in order.
        sampled: For each clip the sampled frames, zero-based, int64.
        progress: Called with the frames that are done; None: no reports.

    Returns:
        The coordinates to track in; None if the camera stands still or is to be taken for still, or there is no frame.

    Raises:
        InputError: A clip is missing or broken.
        FrameCountError: A clip is too short.
        DiskFullError: The disk was full.
    """
    if params.estimate_camera_motion == "off":
        return None
    motions, frames, done = [], [], 0
    total = sum(len(indices) for indices in sampled)
    for clip, indices in zip(clips, sampled, strict=True):
        if len(indices):
            motions.append(_clip_motion(params, clip, indices))
            frames.append(clip.start_frame + indices.astype(np.int64))
        done += len(indices)
        if progress is not None:
            progress(done, total, "frames")
    if not any(motion.moves for motion in motions):
        return None
    first = clips[0]
    steps = join_steps(motions, first.width)
    tracked_rate = float(first.rate / params.stride(first.rate))
    return CameraPath.from_steps(np.concatenate(frames), steps, (first.width, first.height), tracked_rate)


def _clip_motion(params: DetectPersonsParams, clip: ClipRecord, sampled: npt.NDArray[np.int64]) -> ClipMotion:
    path = Path(params.clips_dir) / params.video_id / clip.file_name
    cache = Path(params.detections_dir) / params.video_id / "camera" / f"{clip.clip_id}.npz"
    fingerprint = clip_fingerprint(path, sampled, f"{params.estimate_camera_motion} {CODE_VERSION}")
    motion = ClipMotion.read_matching(cache, fingerprint)
    if motion is None:
        motion = _estimate(params, path, clip, sampled, fingerprint)
        motion.write(cache)
    return motion


def _estimate(
    params: DetectPersonsParams, path: Path, clip: ClipRecord, sampled: npt.NDArray[np.int64], fingerprint: str
) -> ClipMotion:
    if params.estimate_camera_motion == "auto":
        key_frames = list(read_grey_key_frames(path, clip))
        if not camera_moves(key_frames):
            return ClipMotion.still(key_frames, len(sampled), fingerprint)
    return ClipMotion.estimate(read_grey_frames(path, clip, sampled), fingerprint)
