"""Run a program that reads hostile files: bounded in time and memory, and gone when its parent is gone."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from videoprep_nb.core.memory import limit_memory, resident_bytes
from videoprep_nb.core.memory import memory_limit_bytes as default_limit_bytes

OutputHandler = Callable[[str], None]
"""Called with one line of output, without its line end."""

_PR_SET_PDEATHSIG = 1
_MAX_LINE_BYTES = 1 << 20
_MEMORY_CHECK_INTERVAL_S = 0.1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def run_child(
    argv: Sequence[str],
    *,
    timeout_s: float,
    on_stdout: OutputHandler,
    on_stderr: OutputHandler,
    memory_limit_bytes: int | None = None,
) -> int:
    """Run a program without a shell and pass on its output, line by line.

    The child is killed when anything is raised here (a cancelled notebook raises KeyboardInterrupt), and on Linux
    also when this process dies without having a chance to do so.

    Args:
        argv: The program and its arguments.
        timeout_s: Seconds after which it is killed.
        on_stdout: Receives the lines of its standard output.
        on_stderr: Receives the lines of its error output.
        memory_limit_bytes: Memory that it may take; it is killed when it takes more. None: as much as a task.

    Returns:
        Its exit status; negative: the signal that ended it.

    Raises:
        TimeoutError: It took too long.
        MemoryError: It took too much memory.
    """
    limit_bytes = memory_limit_bytes or default_limit_bytes()
    deadline_s = time.monotonic() + timeout_s
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_limits_of_child(os.getpid(), limit_bytes),
    )
    with process:
        try:
            for _ in _read_pipes(process, deadline_s, on_stdout, on_stderr):
                if resident_bytes(process.pid) > limit_bytes:
                    raise MemoryError
            return process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        finally:
            process.kill()


def signal_name(status: int) -> str:
    """The signal that ended a child, such as ``signal 9 (SIGKILL)``.

    Args:
        status: A negative exit status.
    """
    known = {number.value: f" ({number.name})" for number in signal.Signals}  # those of real time have no name
    return f"signal {-status}{known.get(-status, '')}"


def _limits_of_child(parent_pid: int, limit_bytes: int) -> Callable[[], None]:
    def apply() -> None:
        limit_memory(limit_bytes)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent_pid:  # the parent died before the request was in place
                os._exit(1)

    return apply


def _read_pipes(
    process: subprocess.Popen[bytes], deadline_s: float, on_stdout: OutputHandler, on_stderr: OutputHandler
) -> Iterator[None]:
    """Pass on the output until it ends, with a step at least every tenth of a second.

    Raises:
        TimeoutError: The time is over.
    """
    with selectors.DefaultSelector() as selector:
        for pipe, handler in ((process.stdout, on_stdout), (process.stderr, on_stderr)):
            assert pipe is not None
            selector.register(pipe, selectors.EVENT_READ, _LineSplitter(handler))
        while selector.get_map():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            for key, _ in selector.select(min(left_s, _MEMORY_CHECK_INTERVAL_S)):
                chunk = os.read(key.fd, 1 << 16)
                key.data.feed(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            yield


class _LineSplitter:
    """Cuts a stream of bytes into lines; an endless line is cut at a limit."""

    def __init__(self, handler: OutputHandler) -> None:
        self._handler = handler
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; no bytes mean the end of the stream."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (not chunk or len(self._rest) > _MAX_LINE_BYTES):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._handler(line.decode(errors="replace").rstrip("\r"))
