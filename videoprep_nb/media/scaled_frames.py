"""Read frames of our own videos at a lower resolution, fast enough for a detector.

The general reader in ``frames`` gives whole RGB frames. Scaling the planes of a decoded frame before they become RGB
takes less than half the CPU time, which the detector's network gets instead (0.4 against 0.9 ms per
frame of 1280x720 to 640x360).
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from videoprep_nb.core.errors import InputError
from videoprep_nb.media.standard import read_standard, written_by

_MIN_SECONDS, _MAX_SECONDS = 0.9, 2
"""From one frame of every second to the next."""

RgbImage = npt.NDArray[np.uint8]


def read_scaled_frames(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Iterator[RgbImage]:
    """Read chosen frames of one of our own videos, scaled; all frames up to the last one are decoded.

    Args:
        path: A video in the standard form.
        indices: Zero-based indices of the frames, ascending.
        size: Width and height of the scaled frames in pixels, even; the aspect ratio may differ from the video's.

    Yields:
        The frames, ``(height, width, 3)`` uint8 RGB; fewer if the video ends early.

    Raises:
        InputError: The file is missing or cannot be read.
    """
    remaining = iter(indices)
    next_index = next(remaining, None)
    reformatter = VideoReformatter()  # it keeps the tables of its last conversion
    for index, frame in enumerate(_decoded(path)):
        if next_index is None:
            return
        if index == next_index:
            yield _scaled_rgb(frame, *size, reformatter)
            next_index = next(remaining, None)


def read_scaled_key_frames(path: Path, size: tuple[int, int]) -> Iterator[RgbImage]:
    """Read one frame of about every second of one of our own videos, scaled.

    They are key frames where the video has some that often, and no other frame is decoded then.

    Args:
        path: A video in the standard form.
        size: Width and height of the scaled frames in pixels, even; the aspect ratio may differ from the video's.

    Yields:
        The frames, ``(height, width, 3)`` uint8 RGB.

    Raises:
        InputError: The file is missing or cannot be read.
    """
    video = read_standard(path)
    chosen = _a_second_apart(sorted(video.keyframes), video.rate)
    if max(np.diff([*chosen, video.frame_count])) > _MAX_SECONDS * video.rate:
        seconds = range(int((video.frame_count - 1) / video.rate) + 1)
        yield from read_scaled_frames(path, [math.ceil(second * video.rate) for second in seconds], size)
        return
    reformatter = VideoReformatter()
    for frame in _decoded(path, skip="NONKEY"):
        if round(frame.pts * frame.time_base * video.rate) in chosen:
            yield _scaled_rgb(frame, *size, reformatter)


def _a_second_apart(keyframes: Sequence[int], rate: Fraction) -> list[int]:
    chosen: list[int] = []
    for keyframe in keyframes:
        if not chosen or keyframe - chosen[-1] >= _MIN_SECONDS * rate:
            chosen.append(keyframe)
    return chosen


def _decoded(path: Path, skip: Literal["DEFAULT", "NONKEY"] = "DEFAULT") -> Iterator[av.VideoFrame]:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1  # more threads take more CPU time for the same frames
            stream.codec_context.skip_frame = skip
            yield from container.decode(stream)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist. Run {written_by(path)} first.") from None
    except av.FFmpegError as error:
        raise InputError(f"{path} cannot be read as a video.") from error


def _scaled_rgb(frame: av.VideoFrame, width: int, height: int, reformatter: VideoReformatter) -> RgbImage:
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    scaled = av.VideoFrame(width, height, "yuv420p")
    for plane, target in zip(frame.planes, scaled.planes, strict=True):
        cv2.resize(_samples(plane), (target.width, target.height), dst=_samples(target))
    # OpenCV knows only the matrix of BT.601; this one takes the matrix that the video names, for 0.1 ms more
    scaled.colorspace, scaled.color_range = frame.colorspace, frame.color_range
    converted: Any = reformatter.reformat(scaled, format="rgb24", threads=1)
    rgb: RgbImage = converted.to_ndarray()
    return rgb


def _samples(plane: av.video.plane.VideoPlane) -> RgbImage:
    """``(height, width)`` uint8, without copying."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
