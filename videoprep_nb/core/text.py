"""Counts, values and sentences in messages."""

import math
import reprlib
from typing import Any

MAX_QUOTED = 80
"""Characters of a value in a message."""

_PLURALS = {"person": "people", "entry": "entries", "box": "boxes"}


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    Args:
        count: How many there are.
        noun: What is counted, in the singular; the last word takes the plural.

    Example:
        >>> plural(1, "clip"), plural(2, "clip"), plural(0, "person"), plural(1200, "duplicate frame")
        ('1 clip', '2 clips', '0 people', '1,200 duplicate frames')
    """
    if count == 1:
        return f"1 {noun}"
    before, space, last = noun.rpartition(" ")
    return f"{count:,} {before}{space}{_PLURALS.get(last, f'{last}s')}"


def format_size(size_bytes: float) -> str:
    """Bytes for people.

    Example:
        >>> format_size(829_500), format_size(2_400_000_000)
        ('830 KB', '2.4 GB')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{math.ceil(size_bytes / 1e3)} KB"


def reason_of(error: Exception) -> str:
    """Why something failed, without the path that Python puts behind it.

    Example:
        >>> reason_of(FileNotFoundError(2, "No such file or directory", "a.yaml"))
        'No such file or directory'
    """
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def shortened(text: str, max_length: int) -> str:
    """A text that is not longer than some number of characters; an ellipsis shows that something was cut off.

    Example:
        >>> shortened("a long story", 6), shortened("short", 6)
        ('a lon…', 'short')
    """
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def quoted(value: Any) -> str:
    """A value that somebody gave, for a message: as Python writes it, at most ``MAX_QUOTED`` characters of it.

    Whatever it is, large or nested, little of it is read.

    Example:
        >>> quoted("fast"), quoted([1, None]), len(quoted(10**6 * "x"))
        ("'fast'", '[1, None]', 80)
    """
    return shortened(_QUOTING.repr(value), MAX_QUOTED)


class _Quoting(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = self.maxlong = 4 * MAX_QUOTED

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write more than 4,300 digits, and takes long for fewer
        return repr(x) if x.bit_length() < 1000 else "a number of more than 300 digits"


_QUOTING = _Quoting()
