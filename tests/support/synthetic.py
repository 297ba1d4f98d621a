"""Videos made for tests: every frame carries its number as a pattern that survives scaling and coding."""

import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from videoprep_nb.media.ffmpeg import ffmpeg_executable

_CELLS = 4  # 4 × 4 cells, one bit each
_TICKS_PER_S = 90000


def number_frame(number: int, width: int = 320, height: int = 180) -> np.ndarray:
    """``(height, width, 3)`` uint8 RGB, cell i white where bit i of the number is set."""
    bits = [number >> bit & 1 for bit in range(_CELLS * _CELLS)]
    cells = np.array(bits, dtype=np.uint8).reshape(_CELLS, _CELLS) * 255
    rows = np.arange(height) * _CELLS // height
    columns = np.arange(width) * _CELLS // width
    return np.repeat(cells[rows][:, columns, None], 3, axis=2)


def number_in(frame: np.ndarray) -> int:
    """The number that a frame of any size carries."""
    height, width = frame.shape[:2]
    rows = (np.arange(_CELLS) * 2 + 1) * height // (2 * _CELLS)
    columns = (np.arange(_CELLS) * 2 + 1) * width // (2 * _CELLS)
    bits = frame[rows][:, columns].mean(axis=2).ravel() > 127
    return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    rate: Fraction,
    *,
    times_s: Sequence[Fraction] | None = None,
    codec: str = "libx264",
    sample_aspect: Fraction = Fraction(1),
    rotation_deg: int = 0,
) -> Path:
    """Encode RGB frames at a rate, or at given times; rotation is the clockwise turn a player applies."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={"preset": "ultrafast", "crf": "10"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = sample_aspect
        stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS_PER_S) if times_s else 1 / rate
        for index, frame in enumerate(frames):
            if index == 0:
                stream.height, stream.width = frame.shape[:2]
                if rotation_deg:
                    stream.set_display_rotation(-rotation_deg)
            encoded = av.VideoFrame.from_ndarray(frame, format="rgb24")
            encoded.time_base = stream.codec_context.time_base
            encoded.pts = round(times_s[index] * _TICKS_PER_S) if times_s else index
            container.mux(stream.encode(encoded))
        container.mux(stream.encode(None))
    return path


def write_counter_video(
    path: Path, frame_count: int, rate: Fraction, times_s: Sequence[Fraction] | None = None
) -> Path:
    """A 320×180 video whose frame i carries the number i."""
    return write_video(path, map(number_frame, range(frame_count)), rate, times_s=times_s)


def decoded_frames(path: Path) -> list[np.ndarray]:
    """All frames of a video as RGB, read by PyAV, which the code under test does not decode with."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def numbers_in(path: Path) -> list[int]:
    """The numbers that the frames of a video carry."""
    return [number_in(frame) for frame in decoded_frames(path)]


def encode_numbers(path: Path, numbers: Iterable[int], *arguments: str, size: tuple[int, int] = (160, 96)) -> Path:
    """Have ffmpeg encode frames that carry numbers, 25 a second.

    Args:
        path: The file to write.
        numbers: Number of each frame.
        arguments: Encoder and container, as on the command line of ffmpeg.
        size: Width and height in pixels.
    """
    width, height = size
    argv = [ffmpeg_executable(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    argv += ["-r", "25", "-i", "-", *arguments, str(path)]
    frames = b"".join(number_frame(number, width, height).tobytes() for number in numbers)
    subprocess.run(argv, input=frames, check=True, capture_output=True)
    return path
