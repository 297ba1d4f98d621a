"""The standard form of our own videos: how it is encoded, and how a file in that form is read and checked.

H.264, yuv420p, square pixels, constant rate, no B-frames (so that packets are frames, in order), a keyframe at the
first frame of every second (so that clips can be cut there without encoding again).
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import is_clip_id
from videoprep_nb.core.threads import thread_count
from videoprep_nb.media.ffmpeg import RAW_INPUT_OPTIONS, file_url

CODEC = "h264"
PIXEL_FORMAT = "yuv420p"


def encoder_arguments(preset: str, crf: int) -> list[str]:
    """Arguments for ffmpeg that encode the standard form.

    Args:
        preset: x264 preset.
        crf: x264 quality.
    """
    # The small addition keeps rounding from moving a keyframe to the frame after its second.
    return [
        *("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-pix_fmt", PIXEL_FORMAT, "-bf", "0"),
        *("-force_key_frames", "expr:gte(t+0.00001,n_forced)", "-fps_mode", "passthrough"),
        *("-threads", str(thread_count()), "-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
    ]


@dataclass(frozen=True)
class StandardVideo:
    """Properties of a file in the standard form.

    Args:
        rate: Frames per second.
        width: Width in pixels.
        height: Height in pixels.
        frame_count: Frames in the file, counted.
        keyframes: Indices of the frames that can be decoded without those before them.
    """

    rate: Fraction
    width: int
    height: int
    frame_count: int
    keyframes: frozenset[int]


def written_by(path: Path) -> str:
    """The notebook that writes one of our videos, for messages.

    Example:
        >>> written_by(Path("work/clips/1/1_clip_000.mp4")), written_by(Path("work/resized/1.mp4"))
        ('02_clip', '01_resize')
    """
    return "02_clip" if is_clip_id(path.stem) else "01_resize"


def open_own(path: Path) -> Any:
    """Open a file for reading with PyAV, nothing but the file itself.

    Raises:
        InputError: It does not exist or is not a video.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist. Run {written_by(path)} first.")
    try:
        return av.open(file_url(path), options=dict(RAW_INPUT_OPTIONS))
    except av.FFmpegError as error:
        raise InputError(f"{path} cannot be read as a video ({error.strerror}).") from error


def read_standard(path: Path) -> StandardVideo:
    """Read and check a video of our own; all packets are read, nothing is decoded.

    Args:
        path: The file.

    Returns:
        What is in it.

    Raises:
        InputError: It does not exist or is not in the standard form.
    """
    with open_own(path) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise _not_standard(path, "it has no video stream")
        if (stream.codec_context.name, stream.codec_context.pix_fmt) != (CODEC, PIXEL_FORMAT):
            raise _not_standard(path, f"it is {stream.codec_context.name} {stream.codec_context.pix_fmt}")
        rate = stream.average_rate
        if not rate:
            raise _not_standard(path, "it has no frames")
        frame_ticks = 1 / (rate * stream.time_base)
        frame_count = 0
        keyframes: set[int] = set()
        for packet in container.demux(stream):
            if not packet.size:
                continue  # the end-of-stream packet
            if packet.pts is None or abs(packet.pts - frame_count * frame_ticks) > 1:
                raise _not_standard(path, "its frame rate is not constant from time 0 on")
            if packet.is_keyframe:
                keyframes.add(frame_count)
            frame_count += 1
        width, height = stream.codec_context.width, stream.codec_context.height
    return StandardVideo(Fraction(rate), width, height, frame_count, frozenset(keyframes))


def _not_standard(path: Path, found: str) -> InputError:
    return InputError(f"{path} is not a standard video: {found}. Run 01_resize on it first.")
