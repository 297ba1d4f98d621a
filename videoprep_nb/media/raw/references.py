"""Whether the frames of a file lie in another file, as the containers of editing programs allow."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from videoprep_nb.media.raw.boxes import Box, boxes_at, boxes_in, read_at

ELSEWHERE = "its frames lie in another file, which is not opened; export it as one file"
"""Why such a file is refused."""

_TRACK_TYPE_AT = 8
_TABLE_HEADER_BYTES = 8
_IS_INSIDE = 1
_MAX_REFERENCE_BYTES = 1024

_HEAD_BYTES = 1 << 20
_MXF_SET = bytes.fromhex("060e2b34025301010d01010101010100")
_MXF_ESSENCE = _MXF_SET[:-2] + b"\x23\x00"
_MXF_LOCATORS = (_MXF_SET[:-2] + b"\x32\x00", _MXF_SET[:-2] + b"\x33\x00")


def lies_elsewhere(path: Path) -> bool:
    """Whether the video of a QuickTime, MP4 or MXF file lies in another file."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if _MXF_SET[:4] in head[: 1 << 16]:
            return _MXF_ESSENCE not in head and any(locator in head for locator in _MXF_LOCATORS)
        indexes = (box for box in boxes_in(file, 0, path.stat().st_size) if box.kind == b"moov")
        index = next(indexes, None)
        return index is not None and _names_other_file(file, index)


def _names_other_file(file: IO[bytes], index: Box) -> bool:
    if next(boxes_at(file, index, b"rmra"), None):  # a movie that consists of an address only
        return True
    return any(
        _is_other_file(file, reference)
        for track in boxes_at(file, index, b"trak")
        if _is_video(file, track)
        for reference in _references(file, track)
    )


def _is_video(file: IO[bytes], track: Box) -> bool:
    handler = next(boxes_at(file, track, b"mdia", b"hdlr"), None)
    return handler is not None and read_at(file, handler.content + _TRACK_TYPE_AT, 4) == b"vide"


def _references(file: IO[bytes], track: Box) -> Iterator[Box]:
    for table in boxes_at(file, track, b"mdia", b"minf", b"dinf", b"dref"):
        yield from boxes_in(file, table.content + _TABLE_HEADER_BYTES, table.end)


def _is_other_file(file: IO[bytes], reference: Box) -> bool:
    """A reference that neither is marked as this file nor is empty."""
    content = read_at(file, reference.content, min(reference.end - reference.content, _MAX_REFERENCE_BYTES))
    return not int.from_bytes(content[:4]) & _IS_INSIDE and any(content[4:])
