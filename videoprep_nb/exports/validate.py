"""The check of a package from anywhere, in a process of its own, with the export formats that are installed."""

import json
import signal
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from videoprep_nb.core.memory import gigabytes, memory_limit_bytes
from videoprep_nb.exports.registry import package_entries
from videoprep_nb.exports.validation.findings import Finding
from videoprep_nb.media.child import run_child

_MODULE = "videoprep_nb.exports.validation.child"
_TIMEOUT_S = 24 * 3600.0  # the child limits its time of processor, which no load of the machine prolongs
_MIN_MEMORY_BYTES, _MAX_MEMORY_BYTES = 8 * 10**8, 4 * 10**9
_MEMORY_PER_BYTE = 2
_OUT_OF_MEMORY = 256  # no exit status


def validate(path: str | Path, exports: Iterable[str] | None = None) -> list[Finding]:
    """Check a package entirely: entries, pickle, every box and every frame.

    A child process does it. A package that is made to exhaust memory or time, or to crash, is a finding.

    Args:
        path: The package.
        exports: Formats whose entries it may hold; an empty list allows the default entries only, None those of all
            formats that are installed.

    Returns:
        Everything that is wrong, at most 20 findings of a kind and a count of the others; empty for a good package.

    Raises:
        ParameterError: A format is unknown, or cannot be added to a package.

    Example:
        >>> validate("final_package.zip")
        []
        >>> for finding in validate("no_such_file.zip"):
        ...     print(finding.code)
        not-a-zip
    """
    size_bytes = Path(path).stat().st_size if Path(path).is_file() else 0
    limit_bytes = min(_MIN_MEMORY_BYTES + _MEMORY_PER_BYTE * size_bytes, _MAX_MEMORY_BYTES, memory_limit_bytes())
    printed: list[str] = []
    errors: deque[str] = deque(maxlen=1)
    try:
        status = run_child(
            [sys.executable, "-P", "-m", _MODULE, str(path), *package_entries(exports)],
            timeout_s=_TIMEOUT_S,
            on_stdout=printed.append,
            on_stderr=errors.append,
            memory_limit_bytes=limit_bytes,
        )
    except MemoryError:
        status = _OUT_OF_MEMORY
    if printed and printed[-1] == "done":
        return [Finding(**json.loads(line)) for line in printed[:-1]]
    return [_unfinished(path, status, "".join(errors), limit_bytes)]


def _unfinished(path: str | Path, status: int, error: str, limit_bytes: int) -> Finding:
    """Why the check did not come to its end."""
    if status == _OUT_OF_MEMORY or error.startswith("MemoryError"):
        return Finding(
            "too-much-memory", str(path), f"needs more memory than {gigabytes(limit_bytes)}, as no real one of its size"
        )
    if status == -signal.SIGXCPU:
        return Finding("too-much-time", str(path), "takes much longer to check than a real one of its size")
    reason = f"signal {-status}" if status < 0 else error or f"status {status}"
    return Finding("check-ended", str(path), f"ended its check ({reason}), as no real one does")
