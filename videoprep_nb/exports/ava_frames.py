"""The frames that models train on, 30 a second, as mmaction2 and PySlowFast look for them."""

import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from videoprep_nb.exports.ava import TRAINING_RATE, AvaVideo, Preset, frame_path
from videoprep_nb.exports.manifest import ManifestClip
from videoprep_nb.exports.result import Result

_JPEG_QUALITY = 95
_TAIL_S = {"mmaction2": 2, "slowfast": 0}
"""mmaction2 takes all videos to be as long as the longest, and looks behind the end of the others."""


def write_training_frames(folder: Path, result: Result, videos: list[AvaVideo], preset: Preset) -> None:
    """Write the frames of videos, each into a folder of its own.

    A frame shows the nearest one of the clips; so the keyframe of every second is among them, also at 29.97 frames per
    second.

    Args:
        folder: Where the folders of the videos go.
        result: A result with clips.
        videos: The videos or parts.
        preset: Whose file names to use.

    Raises:
        InputError: A clip is missing or cannot be read.
        DiskFullError: The disk is full.
    """
    for video in videos:
        (folder / video.name).mkdir(parents=True)
        count = int((video.duration_s + _TAIL_S[preset]) * TRAINING_RATE)
        shown = _shown(result.manifest.video_of[video.video_id].clips, video.start_s, count)
        for clip_id, group in groupby(shown, key=itemgetter(0)):
            numbers: dict[int, list[int]] = {}
            for _, index, number in group:
                numbers.setdefault(index, []).append(number)
            _write_clip(result.clip_file(clip_id), numbers, _namer(folder, video.name, preset))


def _shown(clips: list[ManifestClip], start_s: int, count: int) -> Iterator[tuple[str, int, int]]:
    """Clip, index in the clip, and number of each training frame; between and behind clips it is the frame before."""
    starts = [clip.start_frame for clip in clips]
    for number in range(1, count + 1):
        index = round((start_s + Fraction(number - 1, TRAINING_RATE)) * clips[0].rate)
        clip = clips[max(0, bisect_right(starts, index) - 1)]
        yield clip.clip_id, min(max(0, index - clip.start_frame), clip.frame_count - 1), number


def _namer(folder: Path, video: str, preset: Preset) -> Callable[[int], Path]:
    return lambda number: folder / frame_path(video, number, preset)


def _write_clip(clip_file: Path, numbers: Mapping[int, list[int]], path_of: Callable[[int], Path]) -> None:
    """Write the training frames that show frames of one clip; each is decoded and encoded once.

    Args:
        clip_file: The clip.
        numbers: Index in the clip, ascending → numbers of the training frames that show it.
        path_of: Number → file to write.
    """
    from videoprep_nb.media.frames import read_frames_at, write_jpeg

    for index, image in read_frames_at(clip_file, list(numbers)):
        first, *others = map(path_of, numbers[index])
        write_jpeg(first, image, _JPEG_QUALITY)
        for other in others:
            shutil.copyfile(first, other)
