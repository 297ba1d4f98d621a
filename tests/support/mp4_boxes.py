"""Boxes put into MP4 files by hand, for what no encoder at hand writes."""

import struct
from pathlib import Path

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


_INSIDE = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
"""The reference of a track whose frames lie in the file itself."""


def box(kind: bytes, *content: bytes) -> bytes:
    """A box with its header."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def with_external_data(movie: bytes, reference: bytes, track: int = 0) -> bytes:
    """An MP4 file of which a track lies in another file; its index lies behind its frames.

    Args:
        movie: An MP4 file.
        reference: The box that names the other file.
        track: Which track, from 0.
    """
    place = -1
    for _ in range(track + 1):
        place = movie.index(_INSIDE, place + 1)
    grown = len(reference) - len(_INSIDE)
    data = bytearray(movie[:place] + reference + movie[place + len(_INSIDE) :])
    for kind in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        start = movie.rindex(kind, 0, place) - 4
        struct.pack_into(">I", data, start, struct.unpack_from(">I", data, start)[0] + grown)
    return bytes(data)


def alias(path: Path) -> bytes:
    """A reference of QuickTime to a file, as libav would follow it: absolute, and relative to the volume."""
    name = str(path).encode()
    record = bytes(10) + bytes([27]) + b"volume".ljust(27, b"\0") + bytes(12) + bytes([63])
    record += path.name.encode().ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">hH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">hH", -1, 0)
    return box(b"alis", bytes(4), record)


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


def without_file_type(movie: bytes) -> bytes:
    """An old QuickTime file: without the box ``ftyp``, so that all its frames lie nearer to the beginning.

    Args:
        movie: An MP4 file that begins with that box.
    """
    length = int.from_bytes(movie[:4])
    assert movie[4:8] == b"ftyp"
    data = bytearray(movie)
    start = data.find(b"stco")
    while start >= 0:
        (count,) = struct.unpack_from(">I", data, start + 8)
        offsets = struct.unpack_from(f">{count}I", data, start + 12)
        struct.pack_into(f">{count}I", data, start + 12, *(offset - length for offset in offsets))
        start = data.find(b"stco", start + 4)
    return bytes(data[length:])
