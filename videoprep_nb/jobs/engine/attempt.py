"""The small files by which the service and a worker agree on one attempt at a task, through the shared workspace.

The service names the attempt that it expects; a worker stops as soon as that is no longer its own. So a task is
cancelled by taking the name away, and what a lost worker may still be running stops when the next attempt is made.
"""

import os
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from videoprep_nb.core.records import Record

_REQUESTED_NAME = "attempt"
_STARTED_NAME = "started.json"


class Start(Record):
    """Says that a worker has started an attempt.

    Args:
        attempt: Name of the attempt.
        worker: Address of the worker.
        at: When, by the clock of the worker.
    """

    attempt: str
    worker: str
    at: datetime


def request_attempt(folder: Path, attempt: str) -> None:
    """Request an attempt; any other one stops.

    Args:
        folder: The task's folder of small files.
        attempt: Unique name of the attempt.
    """
    (folder / _REQUESTED_NAME).write_text(attempt, encoding="utf-8")


def withdraw_attempt(folder: Path) -> None:
    """Request no attempt any more."""
    (folder / _REQUESTED_NAME).unlink(missing_ok=True)


def is_requested(folder: Path, attempt: str) -> bool:
    """Whether an attempt is still requested; it is not when the folder has gone, with the whole job.

    As long as that cannot be read, it is.
    """
    try:
        return (folder / _REQUESTED_NAME).read_text(encoding="utf-8") == attempt
    except FileNotFoundError:
        return False
    except OSError:
        return True


def begin_attempt(folder: Path, start: Start) -> bool:
    """Say that an attempt has started.

    Args:
        folder: The task's folder of small files.
        start: The attempt, who has started it, and when.

    Returns:
        Whether it is still requested. The service withdraws first and then checks whether it has started; here it is
        the other way round, so one of them always sees what the other did.
    """
    staging = folder / f"{_STARTED_NAME}.{os.getpid()}"
    try:
        staging.write_text(start.model_dump_json(), encoding="utf-8")
        staging.replace(folder / _STARTED_NAME)
    except FileNotFoundError:  # the folder has gone
        return False
    return is_requested(folder, start.attempt)


def start_of(folder: Path, attempt: str) -> Start | None:
    """How an attempt has started, None before."""
    path = folder / _STARTED_NAME
    try:
        start = Start.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):  # the second when a disk was full, or lost its last moments
        return None
    return start if start.attempt == attempt else None
