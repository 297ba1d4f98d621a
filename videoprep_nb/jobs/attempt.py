"""The small files by which the service and a worker agree on one attempt at a unit, through the shared workspace.

The service names the attempt that it wants; a worker stops as soon as that is no longer its own. So a unit is
cancelled by taking the name away, and what a lost worker may still be running stops when the next attempt is made.
"""

import json
import os
from pathlib import Path

_WANTED_NAME = "attempt"
_STARTED_NAME = "started.json"


def want_attempt(folder: Path, attempt: str) -> None:
    """Say which attempt is wanted; any other one stops.

    Args:
        folder: The unit's folder of small files.
        attempt: Unique name of the attempt.
    """
    (folder / _WANTED_NAME).write_text(attempt, encoding="utf-8")


def withdraw_attempt(folder: Path) -> None:
    """Say that no attempt is wanted any more."""
    (folder / _WANTED_NAME).unlink(missing_ok=True)


def is_wanted(folder: Path, attempt: str) -> bool:
    """Whether an attempt is still wanted; it is not when the folder has gone, with the whole job."""
    try:
        return (folder / _WANTED_NAME).read_text(encoding="utf-8") == attempt
    except FileNotFoundError:
        return False


def begin_attempt(folder: Path, attempt: str, worker: str) -> bool:
    """Say that an attempt has started.

    Args:
        folder: The unit's folder of small files.
        attempt: Name of the attempt.
        worker: Address of the worker that runs it.

    Returns:
        Whether it is still wanted. The service withdraws first and then looks whether it has started, here it is the
        other way round: one of them always sees what the other did.
    """
    staging = folder / f"{_STARTED_NAME}.{os.getpid()}"
    try:
        staging.write_text(json.dumps({"attempt": attempt, "worker": worker}), encoding="utf-8")
        staging.replace(folder / _STARTED_NAME)
    except FileNotFoundError:  # the folder has gone
        return False
    return is_wanted(folder, attempt)


def worker_of(folder: Path, attempt: str) -> str | None:
    """Address of the worker that has started an attempt, None before."""
    try:
        started = json.loads((folder / _STARTED_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return str(started["worker"]) if started["attempt"] == attempt else None
