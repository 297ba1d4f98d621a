"""What processes of their own find out for the server: about files, and about the machine."""

import os
import sys
from pathlib import Path

import anyio

from videoprep_nb.jobs.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.media.look import Look

_LOOK_TIMEOUT_S = 600.0
# two read as fast as a disk can, and leave the other cores to the notebooks
_looks = anyio.CapacityLimiter(2)


async def look_at(path: Path, name: str, workspace: Workspace) -> Look:
    """Look into a file, in a process that ends when nobody waits for it any more.

    Args:
        path: The file.
        name: What people call it.
        workspace: Of the service; should it be killed, its next start ends the process.
    """
    try:
        async with _looks:
            with anyio.fail_after(_LOOK_TIMEOUT_S):
                output = await _run_module("videoprep_nb.media.look", str(path), name, workspace=workspace)
    except TimeoutError:
        return Look(problem=f"{name} could not be examined within {_LOOK_TIMEOUT_S:g} s.")
    return Look.model_validate_json(output) if output else Look(problem=f"{name} could not be examined.")


async def _run_module(module: str, *arguments: str, workspace: Workspace) -> bytes:
    """What a module prints; nothing when it fails, with the reason in the log of the server."""
    run = await anyio.run_process(
        [sys.executable, "-P", "-m", module, *arguments],
        stderr=None,
        check=False,
        env=os.environ | {WORKSPACE_VARIABLE: str(workspace.path)},
    )
    return run.stdout if run.returncode == 0 else b""
