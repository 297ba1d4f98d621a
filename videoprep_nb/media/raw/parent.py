"""Runs the process that opens raw files, and turns its end into an answer or an error."""

import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import ChildKilled, ParameterError, ProbeError
from videoprep_nb.core.layout import disk_full_error
from videoprep_nb.media.child import run_child, signal_name

_MEMORY_LIMIT_BYTES = 8 << 30
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
        command: ``probe`` or ``convert``.
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

    argv = [sys.executable, "-P", "-m", _MODULE, command, json.dumps(request)]
    try:
        status = run_child(
            argv,
            timeout_s=timeout_s,
            on_stdout=read_line,
            on_stderr=errors.append,
            memory_limit_bytes=_MEMORY_LIMIT_BYTES,
        )
    except TimeoutError:
        raise ProbeError(f"{name} could not be read within {timeout_s:g} s.") from None
    if status != 0 or not answers:
        _log.error("Reading %s ended with status %s:\n%s", name, status, "\n".join(errors))
        if status < 0 and not _lacked_memory(errors):
            raise ChildKilled(f"The process that reads {name} was ended by {signal_name(status)}.")
        raise ProbeError(f"{name} cannot be processed: {_reason(status, errors)}.")
    answer: dict[str, Any] = json.loads(answers[-1])
    if "refusal" in answer:
        raise ProbeError(f"{name} cannot be processed: {answer['refusal']}.")
    if "field" in answer:
        raise ParameterError(answer["field"], answer["reason"])
    if "disk_full" in answer and output_folder is not None:
        raise disk_full_error(output_folder)
    return answer


def _lacked_memory(errors: deque[str]) -> bool:
    return any("MemoryError" in line or "Cannot allocate memory" in line for line in errors)


def _reason(status: int, errors: deque[str]) -> str:
    if _lacked_memory(errors):
        return f"reading it needs more memory than {_MEMORY_LIMIT_BYTES >> 30} GB"
    return f"reading it failed ({errors[-1] if errors else status}); this is a fault of videoprep, please report it"
