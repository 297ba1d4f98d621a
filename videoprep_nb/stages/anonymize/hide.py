"""Copies of the frames and clips of a video in which regions are hidden."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.layout import link_or_copy
from videoprep_nb.core.records import ClipRecord, FrameRecord
from videoprep_nb.core.threads import thread_count
from videoprep_nb.media.rgb_writer import RgbWriter
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.privacy.cover import How, cover
from videoprep_nb.privacy.jpeg import cover_jpeg
from videoprep_nb.privacy.plan import CoverPlan

_CRF = "18"  # as in stage 1


def hide_in_frames(
    frames: Sequence[FrameRecord], starts: dict[str, int], source: Path, target: Path, plan: CoverPlan, how: How
) -> list[FrameRecord]:
    """Write the extracted frames of a video with regions hidden; those without a region stay as they are.

    Args:
        frames: The frames.
        starts: First frame of each clip in the video.
        source: Folder with a folder of JPEGs per clip.
        target: The same of the copies; it exists and is empty.
        plan: What is hidden, by frame of the video.
        how: How it is hidden.

    Returns:
        The frames in which something is hidden.

    Raises:
        InputError: A frame is missing or damaged.
        DiskFullError: The disk was full.
    """
    covered = []
    for frame in frames:
        copy = target / frame.clip_id / frame.name
        link_or_copy(source / frame.clip_id / frame.name, copy)
        if cover_jpeg(copy, plan.in_frame(starts[frame.clip_id] + frame.index_in_clip), how):
            covered.append(frame)
    return covered


def hide_in_clip(
    clip: ClipRecord, source: Path, target: Path, plan: CoverPlan, how: How, on_frame: Callable[[], None]
) -> int:
    """Write a clip with regions hidden; it has the frames, rate and size of the old one, and no B-frames.

    Args:
        clip: The clip.
        source: Its file.
        target: The file to write.
        plan: What is hidden, by frame of the video.
        how: How it is hidden.
        on_frame: Called after each frame.

    Returns:
        In how many frames something is hidden.

    Raises:
        InputError: The clip is missing or broken.
        FrameCountError: It is too short.
    """
    key_frame_distance = max(1, math.floor(clip.rate))  # at least one in every second, as in our other videos
    options = {
        **{"preset": "ultrafast", "crf": _CRF, "bf": "0", "threads": str(thread_count())},
        **{"g": str(key_frame_distance), "keyint_min": str(key_frame_distance), "sc_threshold": "0"},
    }
    size, written, covered = (clip.width, clip.height), 0, 0
    with RgbWriter(target, size, clip.rate, options) as writer:
        for frame in read_scaled_frames(source, range(clip.frame_count), size):
            regions = plan.in_frame(clip.start_frame + written)
            writer.write(cover(frame, regions, how))
            covered += bool(regions)
            written += 1
            on_frame()
    if written < clip.frame_count:
        raise FrameCountError(f"{clip.file_name} ended after {written} of {clip.frame_count} frames; cut it again.")
    return covered
