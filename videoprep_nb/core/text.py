"""Counts and sentences in messages."""

import math

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
