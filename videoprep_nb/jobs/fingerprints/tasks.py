"""What a task of work was made from, and the marker that it is done: a later attempt repeats only what has changed."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import Record
from videoprep_nb.jobs.notebook_runner.process import Outcome

_SAMPLE_BYTES = 1 << 20


class DoneMarker(Record):
    """Says that a task is done; written after everything else that the task writes.

    Args:
        fingerprint: What the task was made from.
        outcome: How its notebook ended.
        finished_at: When.
    """

    fingerprint: str
    outcome: Outcome
    finished_at: datetime


def task_fingerprint(stage: str, parameters: Mapping[str, Any], upstream: Sequence[str], version: str) -> str:
    """Fingerprint of a task: equal for equal work.

    Args:
        stage: The stage.
        parameters: Values as JSON knows them, without the files and folders that the job sets: the same work in
            another folder has the same fingerprint.
        upstream: Fingerprints of the tasks and files that it reads, in a fixed order.
        version: The code and notebook of the stage, see ``code.stage_fingerprint``.

    Returns:
        SHA-256 in hexadecimal.
    """
    content = {"stage": stage, "parameters": parameters, "upstream": list(upstream), "version": version}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_fingerprint(path: Path) -> str:
    """Fingerprint of a submitted file; its name does not matter.

    It is made of size, time of change and the first and last MiB. To read the whole of a 2 GB video would take
    seconds at each start of a task, and inside a job folder nobody exchanges the middle of a file unseen.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.sha256(f"{status.st_size}:{status.st_mtime_ns}:".encode())
        digest.update(file.read(_SAMPLE_BYTES))
        file.seek(max(0, status.st_size - _SAMPLE_BYTES))
        digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def write_done_marker(path: Path, fingerprint: str, outcome: Outcome, finished_at: datetime) -> None:
    """Write the marker of a task that is done; it appears whole.

    Raises:
        DiskFullError: The disk was full.
    """
    DoneMarker(fingerprint=fingerprint, outcome=outcome, finished_at=finished_at).write(path)


def read_done_marker(path: Path, fingerprint: str) -> DoneMarker | None:
    """The marker of a task, None unless it is there, readable and of the same fingerprint."""
    try:
        marker = DoneMarker.read(path)
    except InputError:  # missing, or not ours: the task is not known to be done
        return None
    return marker if marker.fingerprint == fingerprint else None
