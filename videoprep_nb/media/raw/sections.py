"""Recordings that lie one behind the other in a file: where each begins and ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from videoprep_nb.media.raw.ts_programs import video_changes

MAX_SECTIONS = 500
_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 128
_HEADER_BYTES = 512  # a signature that comes again within the header begins nothing new
_BOX_HEADER_BYTES = 16
_RIFF_HEADER_BYTES = 12

_SIGNATURES = {
    "apng": rb"\x89PNG\r\n\x1a\n",
    "asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
    "flv": rb"FLV\x01[\x00\x01\x04\x05]\x00\x00\x00\x09",
    "ivf": rb"DKIF\x00\x00\x20\x00",
    "matroska,webm": rb"\x1aE\xdf\xa3.{1,64}?B\x82.{1,2}?(?:matroska|webm)",
    "mxf": rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02[\x01-\x04]\x00",
    "nut": rb"nut/multimedia container\x00",
    "ogg": rb"OggS\x00\x02",
    "rm": rb"\.RMF\x00\x00\x00\x12",
    "smjpeg": rb"\x00\nSMJPEG",
    "wtv": rb"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d",
    "yuv4mpegpipe": rb"YUV4MPEG2 ",
}
"""How a recording begins, for containers whose demuxer does not read on behind its end."""


@dataclass(frozen=True)
class Section:
    """A recording in a file.

    Args:
        start: Its first byte.
        end: The byte behind its last one; None for the end of the file.
    """

    start: int = 0
    end: int | None = None


WHOLE_FILE = Section()


def find_sections(path: Path, format_name: str) -> list[Section]:
    """Find the recordings in a file.

    Args:
        path: A raw file.
        format_name: Its container, as libav names it.
    """
    starts = [0]
    for start in _later_starts(path, format_name):
        if start - starts[-1] > _HEADER_BYTES and len(starts) < MAX_SECTIONS:
            starts.append(start)
    return [Section(start, end) for start, end in pairwise([*starts, None])]  # type: ignore[arg-type]


def has_whole_index(path: Path) -> bool:
    """Whether an MP4 file has its index (``moov``), up to its end."""
    file_bytes = path.stat().st_size
    with path.open("rb") as file:
        return any(kind == b"moov" and position + size <= file_bytes for position, kind, size in _boxes(file))


def _later_starts(path: Path, format_name: str) -> Iterator[int]:
    with path.open("rb") as file:
        if format_name == "mpegts":
            yield from video_changes(file)
        elif format_name.startswith("mov,"):
            yield from _second_file_types(file)
        elif format_name == "avi":
            yield from _second_riffs(file)
        elif format_name in _SIGNATURES:
            yield from _matches(file, re.compile(_SIGNATURES[format_name], re.DOTALL))


def _second_file_types(file: IO[bytes]) -> Iterator[int]:
    """Boxes ``ftyp`` of an MP4 file behind its data."""
    has_data = False
    for position, kind, _ in _boxes(file):
        if kind == b"ftyp" and has_data:
            yield position
        has_data |= kind in (b"mdat", b"moov")


def _boxes(file: IO[bytes]) -> Iterator[tuple[int, bytes, int]]:
    """Position, kind and size of each outer box of an MP4 file."""
    position = 0
    while len(header := _read_at(file, position, _BOX_HEADER_BYTES)) == _BOX_HEADER_BYTES:
        size, kind = int.from_bytes(header[:4]), header[4:8]
        size = int.from_bytes(header[8:]) if size == 1 else size
        yield position, kind, size
        if size < len(kind):  # 0: up to the end of the file
            return
        position += size


def _second_riffs(file: IO[bytes]) -> Iterator[int]:
    """Chunks ``RIFF`` of an AVI file that do not continue the one before."""
    position = 0
    while (header := _read_at(file, position, _RIFF_HEADER_BYTES))[:4] == b"RIFF":
        if position and header[8:] == b"AVI ":
            yield position
        size = int.from_bytes(header[4:8], "little")
        position += 8 + size + size % 2


def _matches(file: IO[bytes], signature: re.Pattern[bytes]) -> Iterator[int]:
    position, kept = 0, b""
    while chunk := file.read(_CHUNK_BYTES):
        window = kept + chunk
        for match in signature.finditer(window):
            yield position - len(kept) + match.start()
        position += len(chunk)
        kept = window[-_OVERLAP_BYTES:]


def _read_at(file: IO[bytes], position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
