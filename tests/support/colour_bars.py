"""Videos of eight vertical bars of known colours, in whatever coding, and the colours that a reader shows."""

import subprocess
from pathlib import Path

import numpy as np

from videoprep_nb.media.ffmpeg import ffmpeg_executable

BARS = np.array(
    [
        (200, 30, 30),
        (30, 180, 40),
        (30, 40, 200),
        (128, 128, 128),
        (230, 230, 230),
        (20, 20, 20),
        (224, 172, 140),
        (200, 200, 30),
    ],
    np.uint8,
)
"""``(8, 3)`` uint8 RGB."""


def write_bars(path: Path, size: tuple[int, int], filters: str, *arguments: str, frame_count: int = 3) -> Path:
    """Have ffmpeg code the bars.

    Args:
        path: The file to write.
        size: Width, a multiple of eight, and height in pixels.
        filters: Filters from RGB to what is to be coded.
        arguments: Arguments for the encoder.
        frame_count: How many frames.
    """
    width, height = size
    image = np.tile(BARS.repeat(width // len(BARS), axis=0), (height, 1, 1))
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
    argv = [ffmpeg_executable(), "-v", "error", "-y", *source, "-vf", filters, *arguments, str(path)]
    subprocess.run(argv, input=image.tobytes() * frame_count, check=True)
    return path


def shown_bars(image: np.ndarray) -> np.ndarray:
    """``(8, 3)`` int colours in the middles of the bars of an RGB image of any size."""
    height, width = image.shape[:2]
    columns = (2 * np.arange(len(BARS)) + 1) * width // (2 * len(BARS))
    return image[height // 2, columns].astype(int)
