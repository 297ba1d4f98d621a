"""The boxes that MP4 and QuickTime files consist of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import IO

from videoprep_nb.media.raw.byte_search import find_pattern

FILE_TYPE = rb"\x00\x00\x00[\x10-\xff]ftyp[ -~]{4}"
"""How an MP4 file begins."""

_HEADER_BYTES = 8
_LONG_HEADER_BYTES = 16
_MAX_BOXES = 1 << 20
_MAX_INDEXES = 500
_TABLE_HEADER_BYTES = 8


@dataclass(frozen=True)
class Box:
    """A box of a file.

    Args:
        position: Its first byte.
        kind: Its four letters.
        size: Its bytes, header included.
        content: The first byte behind its header.
        is_open: It says no size and goes on to the end of the file.
    """

    position: int
    kind: bytes
    size: int
    content: int
    is_open: bool = False

    @property
    def end(self) -> int:
        """The byte behind its last one."""
        return self.position + self.size


def boxes_in(file: IO[bytes], start: int, end: int) -> Iterator[Box]:
    """The boxes in a part of a file, up to the first one that is none; the last one may end behind the part.

    Args:
        file: The file.
        start: First byte of the part.
        end: The byte behind its last one.
    """
    position = start
    while position + _HEADER_BYTES <= end:
        header = read_at(file, position, _LONG_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return
        size, kind, content = int.from_bytes(header[:4]), header[4:8], position + _HEADER_BYTES
        if size == 1:
            size, content = int.from_bytes(header[8:]), position + _LONG_HEADER_BYTES
        is_open = size == 0
        size = end - position if is_open else size
        if position + size < content:
            return
        yield Box(position, kind, size, content, is_open)
        position += size


def boxes_at(file: IO[bytes], box: Box, *path: bytes) -> Iterator[Box]:
    """The boxes in a box that lie at the end of a path of kinds."""
    for inner in boxes_in(file, box.content, box.end):
        if inner.kind == path[0]:
            if len(path) == 1:
                yield inner
            else:
                yield from boxes_at(file, inner, *path[1:])


def read_at(file: IO[bytes], position: int, count: int) -> bytes:
    """Bytes of a file from a position on."""
    file.seek(position)
    return file.read(count)


def has_whole_index(path: Path) -> bool:
    """Whether an MP4 file has its index (``moov``), up to its end."""
    file_bytes = path.stat().st_size
    with path.open("rb") as file:
        return any(box.kind == b"moov" and box.end <= file_bytes for box in boxes_in(file, 0, file_bytes))


def later_movies(file: IO[bytes], file_bytes: int) -> Iterator[int]:
    """Where further recordings begin.

    Most begin with a box ``ftyp``. In old QuickTime files an index says where: it counts from the beginning of its
    recording to the first frame, which lies at the beginning of the data.

    Args:
        file: A file that libav reads as MP4.
        file_bytes: Its size.
    """
    boxes = list(islice(_all_boxes(file, file_bytes), _MAX_BOXES))
    has_type = [0, *_later_types(boxes), len(boxes)]
    for first, end in pairwise(has_type):
        recording = boxes[first:end]
        if first:
            yield recording[0].position
        yield from _later_indexes(file, recording)


def _all_boxes(file: IO[bytes], file_bytes: int) -> Iterator[Box]:
    """The outer boxes of a file, those behind data that were cut off too."""
    position: int | None = 0
    while position is not None:
        data, end = position + 1, None
        for box in boxes_in(file, position, file_bytes):
            yield box
            data = box.content if box.kind == b"mdat" else data
            end = None if box.is_open else box.end
        is_whole = end == file_bytes
        position = None if is_whole else next(find_pattern(file, re.compile(FILE_TYPE), data), None)


def _later_types(boxes: Sequence[Box]) -> Iterator[int]:
    """Indexes of the boxes ``ftyp`` behind the data of another recording."""
    has_data = False
    for number, box in enumerate(boxes):
        if box.kind == b"ftyp" and has_data:
            has_data = False
            yield number
        has_data |= box.kind in (b"mdat", b"moov")


def _later_indexes(file: IO[bytes], boxes: Sequence[Box]) -> Iterator[int]:
    """Where recordings without ``ftyp`` begin, by the second and further indexes."""
    starts = {box.position for box in boxes}
    data = [box for box in boxes if box.kind == b"mdat"]
    last = boxes[0].position if boxes else 0
    for index in [box for box in boxes if box.kind == b"moov"][1:_MAX_INDEXES]:
        first_frame = _first_frame(file, index)
        begins = [box.content - first_frame for box in data]
        begins = [start for start in begins if last < start <= index.position and start in starts]
        if begins:
            last = begins[-1]
            yield last


def _first_frame(file: IO[bytes], index: Box) -> int:
    """Bytes from the beginning of a recording to its first frame or sound, as its index says."""
    firsts = [0]
    for kind, count in ((b"stco", 4), (b"co64", 8)):
        for table in boxes_at(file, index, b"trak", b"mdia", b"minf", b"stbl", kind):
            firsts.append(int.from_bytes(read_at(file, table.content + _TABLE_HEADER_BYTES, count)))
    return min(filter(None, firsts), default=0)
