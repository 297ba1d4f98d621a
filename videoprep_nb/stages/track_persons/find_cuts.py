"""A part of stage 4: the shot cuts of a video, as far as they are not known yet."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.stages.track_persons.small_frames import read_small_frames
from videoprep_nb.tracking.camera.cuts import CODE_VERSION, ShotCuts, find_cuts
from videoprep_nb.tracking.detections import clip_fingerprint


def cuts_of_video(
    params: DetectPersonsParams,
    clips: Sequence[ClipRecord],
    sampled: Sequence[npt.NDArray[np.int64]],
    progress: ProgressCallback,
) -> list[int]:
    """Find the cuts between the sampled frames.

    What is found goes to ``<detections_dir>/<video_id>/cuts/<first clip>.npz`` and is used again as long as the clips
    stay the same.

    Args:
        params: Parameters of the stage.
        clips: Clips of one video, in order.
        sampled: For each clip the sampled frames, zero-based, int64.
        progress: Called with the frames that are done.

    Returns:
        The first frame of each shot but the first, zero-based in the video; none unless cuts are to be found.

    Raises:
        InputError: A clip is missing or broken.
        ParameterError: PySceneDetect is not installed.
        FrameCountError: A clip is too short.
        DiskFullError: The disk was full.
    """
    if not params.reset_at_cuts:
        return []
    folder = Path(params.clips_dir) / params.video_id
    prints = [
        clip_fingerprint(folder / clip.file_name, indices, str(CODE_VERSION))
        for clip, indices in zip(clips, sampled, strict=True)
    ]
    fingerprint = hashlib.sha256(" ".join(prints).encode()).hexdigest()
    cache = Path(params.detections_dir) / params.video_id / "cuts" / f"{clips[0].clip_id}.npz"
    known = ShotCuts.read_matching(cache, fingerprint)
    if known is None:
        frames = np.concatenate([clip.start_frame + part for clip, part in zip(clips, sampled, strict=True)])
        small = _small_frames(folder, clips, sampled, progress)
        cuts = find_cuts(small, float(clips[0].rate / params.stride(clips[0].rate)))
        known = ShotCuts(frames[cuts].astype(np.int64), fingerprint)
        known.write(cache)
    return [int(frame) for frame in known.frames]


def _small_frames(
    folder: Path, clips: Sequence[ClipRecord], sampled: Sequence[npt.NDArray[np.int64]], progress: ProgressCallback
) -> Iterator[npt.NDArray[np.uint8]]:
    total, done = sum(len(indices) for indices in sampled), 0
    for clip, indices in zip(clips, sampled, strict=True):
        if len(indices):
            yield from read_small_frames(folder / clip.file_name, clip, indices)
        done += len(indices)
        progress(done, total, "frames")
