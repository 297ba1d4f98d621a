"""Faces found in the clips of a video, as far as they have not been."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.records import ClipRecord
from videoprep_nb.core.threads import thread_count
from videoprep_nb.media.scaled_frames import RgbImage, read_scaled_frames
from videoprep_nb.privacy.face_detector import FACE_FLOOR, FaceDetector
from videoprep_nb.tracking.detect import detect_frames, prefetch
from videoprep_nb.tracking.detections import Detections, clip_fingerprint

_FRAMES_AHEAD = 8


def find_faces(
    detector: FaceDetector,
    clips: Sequence[ClipRecord],
    clips_folder: Path,
    frames: npt.NDArray[np.int64],
    cache: Path,
    on_frames: Callable[[int], None],
) -> Detections:
    """Find the faces in some frames of a video.

    Args:
        detector: The detector of faces.
        clips: The clips of the video, in order.
        clips_folder: Where they lie.
        frames: ``(K,)`` frames of the video, zero-based, increasing; each lies in a clip.
        cache: Folder of the faces of each clip, which are used again for the same clip, frames and detector.
        on_frames: Called with how many more frames are done.

    Returns:
        The faces, in frames and pixels of the video.

    Raises:
        InputError: A clip is missing or broken.
        FrameCountError: A clip is too short.
        DiskFullError: The disk was full.
    """
    found = []
    for clip, sampled in zip(clips, frames_by_clip(clips, frames), strict=True):
        path, cached = clips_folder / clip.file_name, cache / f"{clip.clip_id}.npz"
        fingerprint = clip_fingerprint(path, sampled, detector.fingerprint)
        faces = Detections.read_matching(cached, fingerprint)
        if faces is None:
            with closing(_decoded(path, clip, sampled, detector)) as images:
                faces = detect_frames(detector, images, sampled, clip, lambda count, found, frame: on_frames(count))
            replace(faces, fingerprint=fingerprint).write(cached)
        else:
            on_frames(len(sampled))
        found.append((clip.start_frame, faces))
    return Detections.from_clips(found, FACE_FLOOR)


def frames_by_clip(clips: Sequence[ClipRecord], frames: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Frames of a video by clip, zero-based in the clip; one that lies in two clips belongs to the first.

    Args:
        clips: The clips of the video, in order.
        frames: ``(K,)`` frames of the video, increasing.
    """
    chosen, covered = [], 0
    for clip in clips:
        start, end = max(covered, clip.start_frame), clip.start_frame + clip.frame_count
        first, last = np.searchsorted(frames, [start, end])
        chosen.append(frames[first:last] - clip.start_frame)
        covered = max(covered, end)
    return chosen


def _decoded(
    path: Path, clip: ClipRecord, sampled: npt.NDArray[np.int64], detector: FaceDetector
) -> Generator[RgbImage, None, None]:
    """The frames, decoded in a thread of their own unless this task is to have one thread only."""
    frames = _frames(path, sampled, detector.input_size(clip.width, clip.height))
    return frames if thread_count() == 1 else prefetch(frames, _FRAMES_AHEAD)


def _frames(path: Path, sampled: npt.NDArray[np.int64], size: tuple[int, int]) -> Generator[RgbImage, None, None]:
    yield from read_scaled_frames(path, sampled.tolist(), size)
