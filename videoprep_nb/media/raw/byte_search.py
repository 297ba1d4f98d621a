"""Search for byte patterns in a file of any size."""

import re
from collections.abc import Iterator
from typing import IO

_CHUNK_BYTES = 1 << 22
_OVERLAP_BYTES = 1 << 10


def find_pattern(file: IO[bytes], pattern: re.Pattern[bytes], start: int = 0, end: int | None = None) -> Iterator[int]:
    """Positions at which a pattern matches; some are given twice.

    Args:
        file: The file.
        pattern: What to find, at most 1,024 bytes.
        start: Where to begin.
        end: The byte behind the last one to search; None for the end of the file.
    """
    file.seek(start)
    position, kept = start, b""
    while chunk := file.read(_CHUNK_BYTES if end is None else min(_CHUNK_BYTES, max(0, end - position))):
        window = kept + chunk
        for match in pattern.finditer(window):
            yield position - len(kept) + match.start()
        position += len(chunk)
        kept = window[-_OVERLAP_BYTES:]
        file.seek(position)
