"""Runs the process that opens raw files, and turns its end into an answer or an error."""

import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import ChildKilled, MemoryLimitExceeded, ParameterError, ProbeError
from videoprep_nb.core.layout import disk_full_error
from videoprep_nb.core.memory import MEMORY_ADVICE, gigabytes, memory_limit_bytes
from videoprep_nb.media.child import run_child, signal_name

_SHARE_OF_TASK = 0.8
"""Of the memory that a task may take; the rest is for the notebook that waits."""

_MAX_MEMORY_BYTES = 8 * 10**9
"""No camera needs more: frames of 8K with all that decoder, filters and encoder hold take a third."""

_MODULE = "videoprep_nb.media.raw.child"
_log = logging.getLogger(__name__)


def ask_child(
    command: str,
    request: Mapping[str, Any],
    *,
    name: str,
    timeout_s: float,
    output_folder: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Have a child process read a raw file, as libraries may crash on hostile files.

    Args:
        command: ``probe``, ``frames`` or ``convert``.
        request: Its arguments.
        name: Name of the file for messages.
        timeout_s: Seconds after which it is stopped.
        output_folder: Where it writes, for the message about a full disk.
        progress: Called with frames done and expected.

    Returns:
        What it answers.

    Raises:
        ProbeError: The file cannot be processed.
        ChildKilled: The process was ended by a signal.
        MemoryLimitExceeded: That needs too much memory.
        ParameterError: A parameter does not suit the file.
        DiskFullError: The disk is full.
    """
    answers: list[str] = []
    errors: deque[str] = deque(maxlen=40)

    def read_line(line: str) -> None:
        kind, _, rest = line.partition(" ")
        if kind == "progress":
            done, total = map(int, rest.split())
            progress(done, total)
        elif kind == "answer":
            answers.append(rest)

    memory_limit = min(_MAX_MEMORY_BYTES, int(memory_limit_bytes() * _SHARE_OF_TASK))
    argv = [sys.executable, "-P", "-m", _MODULE, command, json.dumps(request)]
    try:
        status = run_child(
            argv,
            timeout_s=timeout_s,
            on_stdout=read_line,
            on_stderr=errors.append,
            memory_limit_bytes=memory_limit,
        )
    except MemoryError:
        raise _too_much_memory(name, memory_limit) from None
    except TimeoutError:
        raise ProbeError(f"{name} could not be read within {timeout_s:g} s.") from None
    if any("MemoryError" in line or "Cannot allocate memory" in line for line in errors):
        raise _too_much_memory(name, memory_limit)
    if status != 0 or not answers:
        _log.error("Reading %s ended with status %s:\n%s", name, status, "\n".join(errors))
        if status < 0:
            raise ChildKilled(f"The process that reads {name} was ended by {signal_name(status)}.")
        reason = errors[-1] if errors else status
        raise ProbeError(
            f"{name} cannot be processed: reading it failed ({reason}); this is a fault of videoprep, please report it."
        )
    answer: dict[str, Any] = json.loads(answers[-1])
    if "refusal" in answer:
        raise ProbeError(f"{name} cannot be processed: {answer['refusal']}.")
    if "field" in answer:
        raise ParameterError(answer["field"], answer["reason"])
    if "disk_full" in answer and output_folder is not None:
        raise disk_full_error(output_folder)
    return answer


def _too_much_memory(name: str, limit_bytes: int) -> MemoryLimitExceeded:
    advice = f", or {MEMORY_ADVICE}" if limit_bytes < _MAX_MEMORY_BYTES else ""
    return MemoryLimitExceeded(
        f"{name} cannot be processed: its frames need more memory than the {gigabytes(limit_bytes)} that reading "
        f"a file may take; convert it to a smaller resolution{advice}."
    )
