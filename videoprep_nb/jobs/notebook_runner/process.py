"""A notebook in a process of its own, seen from the outside: start, watch, cancel, kill."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import IO, Annotated, Any

import psutil
from pydantic import AfterValidator

from videoprep_nb.core.file_names import visible_lines
from videoprep_nb.core.records import Record
from videoprep_nb.tracking.ultralytics_env import cache_dir

CANCEL_GRACE_S = 4.0
"""How long an interrupted notebook may take to clean up before it is killed."""

_FORK_TIMEOUT_S = 60.0
_PAGE_TIMEOUT_S = 600.0
_CHUNK_BYTES = 1 << 16
_LOG_TAIL_BYTES = 4000


class OutcomeKind(StrEnum):
    """How a notebook ended; an error in a cell, a dead kernel and a timeout are three different things.

    ``FAILED`` is the fault of the input or of our code: the same would happen again. ``DIED``: one of its processes was
    ended by a signal. ``LOST``: its worker was. ``DISK_FULL`` (the disk of the workspace), ``SCRATCH_FULL`` (that of a
    worker's own scratch folder) and ``TROUBLE`` are those of the machine.
    """

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    LOST = "worker lost"
    DISK_FULL = "disk full"
    SCRATCH_FULL = "scratch folder full"
    OUT_OF_MEMORY = "out of memory"
    TROUBLE = "trouble of the machine"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


class Outcome(Record):
    """How a notebook ended.

    Args:
        kind: What happened.
        message: One sentence; empty when all went well.
        elapsed_s: Wall time in seconds.
        cell: Zero-based index of the failing cell.
        traceback: The traceback of the failing cell.
    """

    kind: OutcomeKind
    message: Annotated[str, AfterValidator(visible_lines)]
    elapsed_s: float
    cell: int | None = None
    traceback: str = ""


@dataclass(frozen=True)
class NotebookRequest:
    """What a notebook process is asked to run.

    Args:
        notebook: The notebook, an absolute path.
        output: Where the executed notebook goes, an absolute path; its page goes beside it.
        parameters: Values for its parameters cell.
        working_folder: Current folder of the kernel.
        environment: Variables to set in the kernel.
        pages_first: Executed notebooks whose pages are written before the outcome is said, those that are missing;
            that of this notebook is written after it otherwise.
    """

    notebook: str
    output: str
    parameters: dict[str, Any]
    working_folder: str
    environment: dict[str, str]
    pages_first: tuple[str, ...] = ()


class NotebookProcess:
    """The process of a notebook that has been started.

    Args:
        request: The notebook and its parameters.
        environment: Variables that the fork server has on top of this process's own, and so the notebook too.

    Raises:
        OSError: The machine has no file descriptor or process for it.
    """

    def __init__(self, request: NotebookRequest, environment: Mapping[str, str]) -> None:
        with ExitStack() as started:
            self._channel, theirs = socket.socketpair()
            started.enter_context(self._channel)  # once that is closed, the process ends
            self._received = b""
            with theirs:
                self._log = started.enter_context(tempfile.TemporaryFile())
                fork_server(environment).fork(theirs, self._log)
            self._head = self._find_process()
            self._send(json.dumps(asdict(request)))
            self._channel.setblocking(False)
            started.pop_all()

    def poll(self, timeout_s: float) -> Outcome | None:
        """The outcome, None while the notebook runs.

        Args:
            timeout_s: How long to wait for it.
        """
        _wait_for_input(self._channel, timeout_s)
        has_ended = True
        try:
            while received := self._channel.recv(_CHUNK_BYTES):
                self._received += received
        except BlockingIOError:
            has_ended = False
        except ConnectionResetError:
            pass
        outcome, end, _ = self._received.partition(b"\n")
        if end:
            return Outcome.model_validate_json(outcome)
        return self._died() if has_ended else None

    def takes_more_memory_than(self, limit_bytes: int) -> bool:
        """Whether the process and all that it started take more memory; what forked processes share counts once."""
        family = self._family()
        # the second look, which is right, takes a hundred times as long as the first, which counts shared pages twice
        return all(
            sum(look(member) for member in family) > limit_bytes for look in (_resident_bytes, _proportional_bytes)
        )

    def cancel(self) -> None:
        """Ask the notebook to stop; it is killed if it does not within a few seconds."""
        self._send('"cancel"')

    def close_after_page(self) -> None:
        """Let a process that has said its outcome write the page of its report; returns at once."""
        try:
            threading.Thread(target=self._close_at_end, name="page", daemon=True).start()
        except RuntimeError:  # there can be no further thread
            self.close()

    def _close_at_end(self) -> None:
        with closing(self), suppress(OSError):
            self._channel.settimeout(_PAGE_TIMEOUT_S)
            while self._channel.recv(_CHUNK_BYTES):
                pass

    def close(self) -> None:
        """Kill the process and all that it started, if they still run."""
        with self._channel, self._log:  # when the first is closed the process kills its kernel and ends, too
            for member in self._family():
                _kill(member)

    def _find_process(self) -> psutil.Process | None:
        """The process, which first says its id; None when it was killed before.

        Raises:
            OSError: It could not be forked.
        """
        line = b""
        self._channel.settimeout(_FORK_TIMEOUT_S)
        while not line.endswith(b"\n"):
            try:
                received = self._channel.recv(1)
            except TimeoutError:
                _kill_fork_server()
                return None
            if not received:
                return None
            line += received
        number = int(line)
        if number < 0:
            raise OSError(-number, os.strerror(-number))
        try:
            return psutil.Process(number)
        except psutil.NoSuchProcess:
            return None

    def _died(self) -> Outcome:
        self._log.seek(0)
        log = self._log.read()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        if self._head is None:
            kind, message = OutcomeKind.TROUBLE, "The process for the notebook could not be started."
        else:
            kind, message = OutcomeKind.DIED, "The process that runs the notebook was killed."
        return Outcome(kind=kind, message=message, elapsed_s=0.0, traceback=log)

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._head, *self._head.children(recursive=True)] if self._head else []
        except psutil.NoSuchProcess:
            return []

    def _send(self, line: str) -> None:
        try:
            self._channel.sendall(line.encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            return  # it has died; poll() reports that


class ForkServer:
    """The process that forks the notebook processes of this one; see ``fork_server.py``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "videoprep_nb.jobs.notebook_runner.fork_server"],
                stdin=theirs.fileno(),
                env=os.environ | _own_folders() | self.environment,
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone, which then cancels
            )

    def fork(self, standard_input: socket.socket, log: IO[bytes]) -> None:
        """Fork a notebook process; it says its id on its standard input, or, below 0, the error that kept it away."""
        socket.send_fds(self._requests, [b"f"], [standard_input.fileno(), log.fileno()])

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it; what it has not forked yet never will be."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it; notebook processes go on."""
        self._requests.close()
        self._process.wait()


def _own_folders() -> dict[str, str]:
    """Variables that keep what libraries write out of the user's home, and what users set up there out of a job."""
    return {"IPYTHONDIR": str(cache_dir() / "ipython"), "MPLCONFIGDIR": str(cache_dir() / "matplotlib")}


_fork_server: ForkServer | None = None
_fork_server_lock = threading.Lock()


def fork_server(environment: Mapping[str, str]) -> ForkServer:
    """The fork server of this process, started if there is none with such an environment."""
    global _fork_server
    with _fork_server_lock:
        if _fork_server is None or not _fork_server.is_alive() or _fork_server.environment != environment:
            if _fork_server is not None:
                _fork_server.close()
            _fork_server = ForkServer(environment)
        return _fork_server


def close_fork_server() -> None:
    """End the fork server of this process, if there is one."""
    global _fork_server
    with _fork_server_lock:
        if _fork_server is not None:
            _fork_server.close()
            _fork_server = None


def _wait_for_input(channel: socket.socket, timeout_s: float) -> None:
    """Wait until something can be read; ``select`` cannot wait for a descriptor beyond the first thousand."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    poll.poll(timeout_s * 1000)


def _kill_fork_server() -> None:
    """Have the next notebook process forked by another one; this one hangs."""
    with _fork_server_lock:
        if _fork_server is not None:
            _fork_server.kill()


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
