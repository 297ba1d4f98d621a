"""The crop that a container asks for: ``clap`` of MP4, ``PixelCrop`` of Matroska."""

import re
from pathlib import Path

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.child import run_child
from videoprep_nb.media.ffmpeg import ffmpeg_executable, raw_input

_TIMEOUT_S = 60.0
_HEAD_BYTES = 1 << 20
_TAIL_BYTES = 1 << 24
_SIGNS = (b"clap", b"\x54\xaa", b"\x54\xbb", b"\x54\xcc", b"\x54\xdd")
_STREAM = re.compile(r"\s*Stream #0:(\d+)")
_CROPPING = re.compile(r"\s*Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", re.IGNORECASE)

Crop = tuple[int, int, int, int]
"""Pixels hidden at the top, bottom, left and right."""


def container_crop(path: Path, stream_index: int) -> Crop:
    """The crop of a stream, as ffmpeg reports it; PyAV does not pass it on.

    Args:
        path: A raw file that PyAV could open.
        stream_index: Index of the stream in the file.
    """
    if not _may_be_cropped(path):
        return 0, 0, 0, 0
    lines: list[str] = []
    argv = [ffmpeg_executable(), "-hide_banner", "-nostdin", *raw_input(path)]
    try:
        run_child(argv, timeout_s=_TIMEOUT_S, on_stdout=lambda line: None, on_stderr=lines.append)
    except TimeoutError:
        raise ProbeError(f"its streams could not be listed within {_TIMEOUT_S:g} s") from None
    current = -1
    for line in lines:
        if stream := _STREAM.match(line):
            current = int(stream[1])
        elif (cropping := _CROPPING.match(line)) and current == stream_index:
            left, right, top, bottom = map(int, cropping.groups())
            return top, bottom, left, right
    return 0, 0, 0, 0


def _may_be_cropped(path: Path) -> bool:
    """Whether the header, at either end of the file, may hold a crop; ffmpeg is asked only then, as it takes 0.1 s."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    is_matroska = head.startswith(b"\x1aE\xdf\xa3")
    return b"clap" in head or b"clap" in tail if not is_matroska else any(sign in head for sign in _SIGNS)
