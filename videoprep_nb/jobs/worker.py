"""What a Dask worker does: one unit of work is one notebook in a process of its own."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from videoprep_nb.jobs.fingerprints import read_done_marker, write_done_marker
from videoprep_nb.jobs.process import CANCEL_GRACE_S, NotebookProcess, NotebookRequest, Outcome, OutcomeKind
from videoprep_nb.progress import PROGRESS_FILE_VARIABLE

STARTED_NAME = "started"
CANCEL_NAME = "cancel"
PROGRESS_NAME = "progress.json"
DONE_NAME = "done.json"

_POLL_INTERVAL_S = 0.05
_MEMORY_CHECK_INTERVAL_S = 0.5

_ready: list[NotebookProcess] = []
_ready_lock = threading.Lock()


@dataclass(frozen=True)
class UnitTask:
    """A unit of work as it is sent to a worker; all paths lie in the shared workspace.

    Args:
        folder: The unit's folder of small files.
        notebook: The notebook.
        output: Where the executed notebook goes; its HTML goes beside it.
        parameters: Values for its parameters cell.
        fingerprint: What the unit is made from, for its done marker.
        processes_folder: Folder for the files of notebook processes.
        environment: Variables for the notebook process.
        timeout_s: The unit is stopped after this many seconds.
        memory_limit_bytes: The unit is stopped when its processes together take more.
        warm_up_next: Whether another unit will follow, whose process can be made ready meanwhile.
    """

    folder: Path
    notebook: Path
    output: Path
    parameters: dict[str, Any]
    fingerprint: str
    processes_folder: Path
    environment: dict[str, str]
    timeout_s: float
    memory_limit_bytes: int
    warm_up_next: bool


def run_unit(task: UnitTask) -> Outcome:
    """Run a unit to its end; one that is done already (its worker died just after) is not run again.

    Args:
        task: The unit.

    Returns:
        How it ended, also when it failed, was cancelled or stopped.
    """
    marker = read_done_marker(task.folder / DONE_NAME, task.fingerprint)
    if marker is not None:
        return marker.outcome
    process = _take_process(task)
    try:
        process.start(_request(task))
        (task.folder / STARTED_NAME).touch()
        if task.warm_up_next:
            _make_ready(task)
        outcome = _watch(process, task)
    finally:
        process.close()
    if outcome.kind is OutcomeKind.DONE:
        write_done_marker(task.folder / DONE_NAME, task.fingerprint, outcome, datetime.now(UTC))
    return outcome


def close_ready_processes() -> None:
    """Kill the processes that wait for a notebook."""
    with _ready_lock:
        while _ready:
            _ready.pop().close()


def _request(task: UnitTask) -> NotebookRequest:
    return NotebookRequest(
        notebook=str(task.notebook),
        output=str(task.output),
        parameters=task.parameters,
        working_folder=str(task.folder),
        environment={PROGRESS_FILE_VARIABLE: str(task.folder / PROGRESS_NAME)},
    )


def _take_process(task: UnitTask) -> NotebookProcess:
    with _ready_lock:
        while _ready:
            process = _ready.pop()
            if process.is_usable():
                return process
            process.close()
    return _new_process(task)


def _make_ready(task: UnitTask) -> None:
    process = _new_process(task)
    with _ready_lock:
        _ready.append(process)


def _new_process(task: UnitTask) -> NotebookProcess:
    return NotebookProcess(task.processes_folder / token_hex(8), task.environment)


def _watch(process: NotebookProcess, task: UnitTask) -> Outcome:
    """Wait for the outcome; stop the unit when it is cancelled, takes too long or too much memory."""
    started_s = time.monotonic()
    memory_checked_s = started_s
    give_up_s = started_s + task.timeout_s
    stopped: Outcome | None = None
    while (outcome := process.poll()) is None:
        now_s = time.monotonic()
        if stopped is None and (task.folder / CANCEL_NAME).exists():
            stopped = Outcome(kind=OutcomeKind.CANCELLED, message="Stopped on request.", elapsed_s=now_s - started_s)
            process.cancel()
            give_up_s = now_s + 2 * CANCEL_GRACE_S
        if now_s > give_up_s:
            return stopped or _too_long(task, now_s - started_s)
        if now_s - memory_checked_s > _MEMORY_CHECK_INTERVAL_S:
            memory_checked_s = now_s
            if process.memory_bytes() > task.memory_limit_bytes:
                return _too_much_memory(task, now_s - started_s)
        time.sleep(_POLL_INTERVAL_S)
    return outcome


def _too_long(task: UnitTask, elapsed_s: float) -> Outcome:
    message = f"Stopped because it took longer than {task.timeout_s:.0f} s; raise the limit or split the video."
    return Outcome(kind=OutcomeKind.TIMED_OUT, message=message, elapsed_s=elapsed_s)


def _too_much_memory(task: UnitTask, elapsed_s: float) -> Outcome:
    limit_gb = task.memory_limit_bytes / 1e9
    message = f"Stopped because it ran out of memory: it took more than the {limit_gb:.1f} GB it may have."
    return Outcome(kind=OutcomeKind.OUT_OF_MEMORY, message=message, elapsed_s=elapsed_s)
