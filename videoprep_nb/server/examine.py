"""What processes of their own find out for the server: about files, and about the machine."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from weakref import WeakValueDictionary

import anyio
from starlette.requests import ClientDisconnect, Request

from videoprep_nb.core.memory import MEMORY_VARIABLE, machine_memory_bytes
from videoprep_nb.core.turns import Turns
from videoprep_nb.jobs.checks import Check
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.media.inspection import Inspection
from videoprep_nb.media.upload_frames import SampleFrames
from videoprep_nb.server.problems import Refused
from videoprep_nb.stages.registry import STAGES

_INSPECTION_TIMEOUT_S = 600.0
_SAMPLES_TIMEOUT_S = 120.0
_MAX_SAMPLES = 50
_UNREADABLE = "could not be inspected."
_CHECKUP_TIMEOUT_S = 300.0
_INSPECTION_MEMORY_BYTES = 4 * 10**9
_SHARE_OF_MACHINE = 1 / 8
_CHECKUP_AGE = timedelta(minutes=10)
# two read as fast as a disk can, and leave the other cores to the notebooks
_INSPECTIONS_AT_A_TIME = 2
_MAX_INSPECTIONS_PER_USER = 200


class Inspections:
    """Inspects files for users, who take turns. Only for use in one event loop.

    Each may take an eighth of the memory of the machine, at most 4 GB, which is enough for videos of 8K.

    Args:
        workspace: The folder of the service; should it be killed, its next start ends the processes.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._waiting: defaultdict[str, deque[anyio.Event]] = defaultdict(deque)
        self._running: Counter[str] = Counter()
        self._turns = Turns()
        self._samples: dict[tuple[object, ...], SampleFrames] = {}
        self._samples_of: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    async def inspect(self, path: Path, name: str, owner: str, request: Request) -> Inspection:
        """Inspect a file, in a process that ends when nobody waits for it any more.

        Args:
            path: The file.
            name: What people call it.
            owner: For whom.
            request: The request that waits for it.

        Returns:
            What was found.

        Raises:
            Refused: Too many inspections for this user are waiting or running.
            ClientDisconnect: The request was closed.
        """
        try:
            output = await self._run("videoprep_nb.media.inspection", str(path), name, owner=owner, request=request)
        except TimeoutError:
            return Inspection(problem=f"{name} could not be inspected within {_INSPECTION_TIMEOUT_S:g} s.")
        if not output:
            return Inspection(problem=f"{name} {_UNREADABLE}")
        return Inspection.model_validate_json(output)

    async def frames(
        self, path: Path, name: str, times_s: Sequence[float], *, is_exact: bool, owner: str, request: Request
    ) -> SampleFrames:
        """Some frames of a file, see ``read_samples``; otherwise as ``inspect``."""
        asked = json.dumps({"times_s": list(times_s), "is_exact": is_exact})
        module = "videoprep_nb.media.upload_frames"
        try:
            output = await self._run(module, str(path), name, asked, owner=owner, request=request)
        except TimeoutError:
            output = b""
        return SampleFrames.model_validate_json(output) if output else SampleFrames(problem=f"{name} {_UNREADABLE}")

    async def samples(
        self, path: Path, name: str, times_s: Sequence[float], params: JobParams, *, owner: str, request: Request
    ) -> SampleFrames:
        """What a job would find in some frames of a file; one at a time for a user, and what was found is kept.

        Args:
            path: The file.
            name: What people call it.
            times_s: Seconds after its first frame.
            params: The parameters of the job.
            owner: For whom.
            request: The request that waits for it.

        Raises:
            Refused: Too much waits or runs for this user.
            ClientDisconnect: The request was closed.
        """
        stage = next(stage for stage in STAGES.values() if stage.sample_module)
        given = {key: value for key, value in params.given(stage.name).items() if key in stage.sample_parameters}
        asked = json.dumps({"times_s": list(times_s), "params": given}, sort_keys=True)
        status = path.stat()
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, asked)
        lock = self._samples_of.setdefault(owner, anyio.Lock())
        async with lock:
            if key not in self._samples:
                found = await self._sampled(stage.sample_module, path, name, asked, owner, request)
                if found.problem:
                    return found
                self._samples[key] = found
                if len(self._samples) > _MAX_SAMPLES:
                    self._samples.pop(next(iter(self._samples)))
            return self._samples[key]

    async def _sampled(
        self, module: str, path: Path, name: str, asked: str, owner: str, request: Request
    ) -> SampleFrames:
        try:
            output = await self._run(
                module, str(path), name, asked, owner=owner, request=request, timeout_s=_SAMPLES_TIMEOUT_S
            )
        except TimeoutError:
            return SampleFrames(problem=f"Detecting people in {name} took more than {_SAMPLES_TIMEOUT_S:g} s.")
        return SampleFrames.model_validate_json(output) if output else SampleFrames(problem=f"{name} {_UNREADABLE}")

    async def write_sample(self, file: Path, owner: str, request: Request) -> None:
        """Write the built-in sample, in a process like those that inspect.

        Args:
            file: The MP4 file to write.
            owner: For whom.
            request: The request that waits for it.

        Raises:
            Refused: It could not be made, or too much is made for this user.
            ClientDisconnect: The request was closed.
        """
        with suppress(TimeoutError):
            await self._run("videoprep_nb.media.sample", str(file), owner=owner, request=request)
        if not file.exists():
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "The sample could not be made; see the server log.")

    async def _run(
        self, module: str, *arguments: str, owner: str, request: Request, timeout_s: float = _INSPECTION_TIMEOUT_S
    ) -> bytes:
        """What a module prints, in a process that ends when nobody waits for it; nothing when it fails."""
        with anyio.CancelScope() as scope:
            closing = asyncio.create_task(_cancel_when_closed(request, scope))
            try:
                async with self._turn(owner):
                    with anyio.fail_after(timeout_s):
                        return await _run_module(module, *arguments, workspace=self._workspace)
            finally:
                closing.cancel()
        raise ClientDisconnect

    @asynccontextmanager
    async def _turn(self, owner: str) -> AsyncIterator[None]:
        """Wait until it is an owner's turn; the turn ends with the block."""
        count = len(self._waiting[owner]) + self._running[owner]
        if count >= _MAX_INSPECTIONS_PER_USER:
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, f"{count} of your files are being inspected, which is the limit; wait."
            )
        turn = anyio.Event()
        self._waiting[owner].append(turn)
        self._begin_turns()
        try:
            await turn.wait()
            yield
        finally:
            if turn.is_set():
                self._running[owner] -= 1
            else:
                self._waiting[owner].remove(turn)
            self._begin_turns()

    def _begin_turns(self) -> None:
        while self._running.total() < _INSPECTIONS_AT_A_TIME:
            waiting = [owner for owner, turns in self._waiting.items() if turns]
            if not waiting:
                return
            owner = self._turns.take(waiting, self._running)
            self._running[owner] += 1
            self._waiting[owner].popleft().set()


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


async def _cancel_when_closed(request: Request, scope: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _run_module(module: str, *arguments: str, workspace: Workspace) -> bytes:
    """What a module prints; nothing when it fails, with the reason in the log of the server."""
    memory_bytes = min(_INSPECTION_MEMORY_BYTES, int(machine_memory_bytes() * _SHARE_OF_MACHINE))
    environment = _environment(workspace) | {MEMORY_VARIABLE: str(memory_bytes)}
    run = await anyio.run_process(_module(module, *arguments), stderr=None, check=False, env=environment)
    return run.stdout if run.returncode == 0 else b""


def _module(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _environment(workspace: Workspace) -> dict[str, str]:
    return os.environ | {WORKSPACE_VARIABLE: str(workspace.path)}
