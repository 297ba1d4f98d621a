"""What processes of their own find out for the server: about files, and about the machine."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from videoprep_nb.jobs.checks import Check
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.media.inspection import Inspection

_INSPECTION_TIMEOUT_S = 600.0
_CHECKUP_TIMEOUT_S = 300.0
_CHECKUP_AGE = timedelta(minutes=10)
# two read as fast as a disk can, and leave the other cores to the notebooks
_inspections = anyio.CapacityLimiter(2)


async def inspect_file(path: Path, name: str, workspace: Workspace) -> Inspection:
    """Inspect a file, in a process that ends when nobody waits for it any more.

    Args:
        path: The file.
        name: What people call it.
        workspace: Of the service; should it be killed, its next start ends the process.

    Returns:
        What was found.
    """
    try:
        async with _inspections:
            with anyio.fail_after(_INSPECTION_TIMEOUT_S):
                output = await _run_module("videoprep_nb.media.inspection", str(path), name, workspace=workspace)
    except TimeoutError:
        return Inspection(problem=f"{name} could not be inspected within {_INSPECTION_TIMEOUT_S:g} s.")
    return Inspection.model_validate_json(output) if output else Inspection(problem=f"{name} could not be inspected.")


@dataclass(frozen=True)
class CheckupResult:
    """What was found on the machine.

    Args:
        at: When.
        checks: What was found, in the order in which a job meets it.
    """

    at: datetime
    checks: list[Check]


class Checkup:
    """The findings of ``videoprep doctor``, of at most ten minutes ago. Any thread may call it.

    Args:
        workspace: The folder of the service.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._result: CheckupResult | None = None

    def result(self) -> CheckupResult | None:
        """What was found last; None while the first checkup, which takes some seconds, is under way."""
        with self._lock:
            is_old = self._result is None or datetime.now(UTC) - self._result.at > _CHECKUP_AGE
            if is_old and not (self._running and self._running.is_alive()):
                self._running = threading.Thread(target=self._run, name="checkup", daemon=True)
                self._running.start()
            return self._result

    def _run(self) -> None:
        try:
            run = subprocess.run(
                _module("videoprep_nb.jobs.doctor", str(self._workspace.path)),
                stdout=subprocess.PIPE,
                timeout=_CHECKUP_TIMEOUT_S,
                check=True,
                env=_environment(self._workspace),
            )
            checks = [Check(**found) for found in json.loads(run.stdout)]
        except (subprocess.SubprocessError, ValueError) as error:
            checks = [Check("check-up", False, f"it failed ({error}); run videoprep doctor to see more", needed=True)]
        self._result = CheckupResult(datetime.now(UTC), checks)


async def _run_module(module: str, *arguments: str, workspace: Workspace) -> bytes:
    """What a module prints; nothing when it fails, with the reason in the log of the server."""
    run = await anyio.run_process(_module(module, *arguments), stderr=None, check=False, env=_environment(workspace))
    return run.stdout if run.returncode == 0 else b""


def _module(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _environment(workspace: Workspace) -> dict[str, str]:
    return os.environ | {WORKSPACE_VARIABLE: str(workspace.path)}
