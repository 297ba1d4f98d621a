"""Fragments of an MP4 file whose clock goes back: libav takes some of them for those that it has read before."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from videoprep_nb.media.raw.boxes import Box, boxes_at, boxes_in, read_at

_FLAGS_BYTES = 4
_FREE_HEADER_BYTES = 16
_MAX_FRAGMENTS = 1 << 20


def restarts(file: IO[bytes], start: int, end: int) -> tuple[int, list[int]]:
    """Where the clock of a fragmented recording goes back.

    Args:
        file: The file.
        start: First byte of the recording.
        end: The byte behind its last one.

    Returns:
        The byte behind its index, and the first byte of each fragment with which the clock begins anew.
    """
    index_end, positions = start, []
    times: dict[int, int] = {}
    for box in boxes_in(file, start, end):
        if box.kind == b"moov" and not times:
            index_end = box.end
        elif box.kind == b"moof":
            began = dict(_times(file, box))
            if any(time < times.get(track, time) for track, time in began.items()):
                positions.append(box.position)
                times = {}
            times |= began
            if len(positions) > _MAX_FRAGMENTS:
                break
    return index_end, positions


def _times(file: IO[bytes], fragment: Box) -> Iterator[tuple[int, int]]:
    """Track and time of each part of a fragment, in ticks."""
    for part in boxes_at(file, fragment, b"traf"):
        header, time = (next(boxes_at(file, part, kind), None) for kind in (b"tfhd", b"tfdt"))
        if header and time:
            is_long = read_at(file, time.content, 1) == b"\1"
            track = read_at(file, header.content + _FLAGS_BYTES, 4)
            yield int.from_bytes(track), int.from_bytes(read_at(file, time.content + _FLAGS_BYTES, 8 if is_long else 4))


class FragmentsFile:
    """A recording without some of its fragments; what stays lies where it was, as fragments may say where they lie.

    Args:
        path: The file.
        start: First byte of the recording.
        index_end: The byte behind its index.
        first: First byte of the first fragment to keep.
        end: The byte behind the last one.
    """

    def __init__(self, path: Path, start: int, index_end: int, first: int, end: int) -> None:
        self._file = path.open("rb")
        self._start, self._end = start, end
        self._gap = range(index_end, first)
        self._cover = b"\0\0\0\1free" + len(self._gap).to_bytes(8)
        self._position = start

    def read(self, size: int) -> bytes:
        """The next bytes."""
        size = min(size, self._end - self._position)
        if self._position in self._gap:
            offset = self._position - self._gap.start
            data = self._cover[offset : offset + size] or bytes(min(size, self._gap.stop - self._position))
        else:
            limit = self._gap.start - self._position if self._position < self._gap.start else size
            data = read_at(self._file, self._position, max(0, min(size, limit)))
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position, from the beginning (0), from here (1) or from the end (2)."""
        self._position = max(self._start, offset + (self._start, self._position, self._end)[whence])
        return self.tell()

    def tell(self) -> int:
        """The position, from the beginning of the recording."""
        return self._position - self._start

    def close(self) -> None:
        """Close the file."""
        self._file.close()
