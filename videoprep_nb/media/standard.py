"""The standard form of our own videos: how it is encoded, and how a file in that form is read and checked.

H.264, yuv420p, square pixels, constant rate, every packet a frame. What we encode has no B-frames, and a keyframe at
the first frame of every second, so that clips can be cut there without encoding again. What was copied from a source
that came in this form may have its frames reordered between two keyframes, and fewer or more keyframes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

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
        keyframes: Indices of the frames that can be decoded without those before them; none is reordered across one.
        reordered_frames: How many frames at most come before one that is shown earlier; 0 for what we encode.
    """

    rate: Fraction
    width: int
    height: int
    frame_count: int
    keyframes: frozenset[int]
    reordered_frames: int = 0

    def can_copy(self, start: int, stop: int) -> bool:
        """Whether the packets of the frames from ``start`` to before ``stop`` can be decoded alone."""
        is_closed = not self.reordered_frames or stop in self.keyframes or stop == self.frame_count
        return start in self.keyframes and is_closed


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
        shown: list[int] = []
        keyframes: set[int] = set()
        for packet in container.demux(stream):
            if not packet.size:
                continue  # the end-of-stream packet
            index = -1 if packet.pts is None else round(packet.pts / frame_ticks)
            if packet.pts is None or abs(packet.pts - index * frame_ticks) > 1:
                raise _not_standard(path, "its frame rate is not constant from time 0 on")
            if packet.is_keyframe:
                keyframes.add(index)
            shown.append(index)
        if sorted(shown) != list(range(len(shown))):
            raise _not_standard(path, "its frame rate is not constant from time 0 on")
        if not is_closed(shown, keyframes):
            raise _not_standard(path, "its frames are reordered across keyframes")
        width, height = stream.codec_context.width, stream.codec_context.height
    reordered = max((number - index for number, index in enumerate(shown)), default=0)
    return StandardVideo(Fraction(rate), width, height, len(shown), frozenset(keyframes), reordered)


def is_closed(shown: npt.ArrayLike, keyframes: Iterable[int]) -> bool:
    """Whether no frame is reordered across a keyframe.

    Args:
        shown: ``(N,)`` index of the frame that each packet holds, in the order of decoding.
        keyframes: Indices of packets that are keyframes.

    Example:
        >>> is_closed([0, 2, 1, 3, 5, 4], [0, 3]), is_closed([0, 2, 1, 5, 3, 4], [0, 3])
        (True, False)
    """
    last_shown = np.maximum.accumulate(shown)
    return all(last_shown[keyframe] == keyframe for keyframe in keyframes)


def _not_standard(path: Path, found: str) -> InputError:
    return InputError(f"{path} is not a standard video: {found}. Run 01_resize on it first.")
