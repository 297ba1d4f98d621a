"""Boxes put into MP4 files by hand, for what no encoder at hand writes."""

import struct
from pathlib import Path

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def add_clean_aperture(path: Path, size: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> None:
    """Add a box ``clap``, which crops the frames of a file whose index lies behind its frames.

    Args:
        path: An MP4 file with one H.264 stream; it is changed.
        size: Width and height that stay visible, in pixels.
        offset: Where their middle lies, right of and below the middle of the frame.
    """
    data = bytearray(path.read_bytes())
    (width, height), (right, below) = size, offset
    box = struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, right, 1, below, 1)
    start = 0
    for name in _PARENTS:
        start = data.index(name, start) - 4
        (length,) = struct.unpack_from(">I", data, start)
        struct.pack_into(">I", data, start, length + len(box))
        end = start + length
        start += 8
    data[end:end] = box
    path.write_bytes(data)
