"""What lies behind the last frame that libav reads of a recording, though it is neither index nor padding nor sound."""

from contextlib import suppress
from pathlib import Path
from typing import IO

import av

from videoprep_nb.media.raw.boxes import boxes_in, read_at
from videoprep_nb.media.raw.open_raw import open_raw
from videoprep_nb.media.raw.sections import Section

_MAX_REST_BYTES = {
    "apng": 64,
    "asf": 1 << 16,  # a packet of it may be as large
    "gif": 64,
    "gxf": 1 << 10,
    "ivf": 64,
    "mpjpeg": 64,
    "smjpeg": 64,
    "yuv4mpegpipe": 64,
}
"""Container whose demuxer stops at bytes that it cannot read → how many bytes may follow the last frame anyway."""

_MAX_UNUSED_BYTES = 1 << 12
_CHUNK_HEADER_BYTES = 8
_READ_BYTES = 1 << 20
_COPYRIGHT = 0xA9  # in names of QuickTime


def unread_bytes_behind(path: Path, section: Section, position: int, format_name: str) -> int:
    """Bytes behind the last frame that hold something which is not read.

    Args:
        path: A raw file.
        section: Where the recording lies.
        position: The byte behind its last frame.
        format_name: Its container, as libav names it.
    """
    end = section.end_in(path)
    with path.open("rb") as file:
        if not _unread_bytes(file, section.start, position, end, format_name):
            return 0
        # it may be the sound or the data of a video that ends earlier
        position = max(position, section.origin + _end_of_all_streams(path, section))
        return _unread_bytes(file, section.start, position, end, format_name)


def _unread_bytes(file: IO[bytes], start: int, position: int, end: int, format_name: str) -> int:
    if format_name.startswith("mov,"):
        return _unread_media(file, start, position, end)
    if format_name == "avi":
        return _behind_chunks(file, position + (position - start) % 2, end)
    return _size_of_data(file, position + _MAX_REST_BYTES.get(format_name, end), end)


def _unread_media(file: IO[bytes], start: int, position: int, end: int) -> int:
    """Bytes of boxes ``mdat`` behind a position, and bytes that are no boxes."""
    unread_bytes, behind = 0, start
    for box in boxes_in(file, start, end):
        if not _is_name(box.kind):
            break
        behind = min(box.end, end)
        first = max(box.content, position)
        if box.kind == b"mdat" and behind - first > _MAX_UNUSED_BYTES:
            unread_bytes += _size_of_data(file, first, behind)
    return unread_bytes + _size_of_data(file, behind, end)


def _behind_chunks(file: IO[bytes], position: int, end: int) -> int:
    """Bytes behind the last chunk of an AVI file; the last one may be cut off."""
    while position < end:
        header = read_at(file, position, _CHUNK_HEADER_BYTES)
        if not _is_name(header[:4]):
            return _size_of_data(file, position, end)
        size = int.from_bytes(header[4:], "little")
        position += _CHUNK_HEADER_BYTES + size + size % 2
    return 0


def _is_name(kind: bytes) -> bool:
    return all(0x20 <= letter < 0x7F or letter == _COPYRIGHT for letter in kind)


def _size_of_data(file: IO[bytes], start: int, end: int) -> int:
    """Size of a part of a file; 0 if it holds only zeros."""
    for position in range(start, end, _READ_BYTES):
        if any(read_at(file, position, min(_READ_BYTES, end - position))):
            return end - start
    return 0


def _end_of_all_streams(path: Path, section: Section) -> int:
    """The byte behind the last packet of any stream, from the beginning of the recording."""
    end = 0
    with open_raw(path, section) as container, suppress(av.FFmpegError):
        for packet in container.demux():
            end = max(end, (packet.pos or 0) + packet.size)
    return end
