"""The kernel of one notebook: forked with all its imports done, interrupted politely, killed with all its children."""

import asyncio
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import run_sync

_CONNECTION_NAME = "kernel.json"
_SOCKETS_NAME = "kernel"
_ANSWER_TIMEOUT_S = 0.1


class Kernel:
    """A running kernel, forked from this process, which must have a single thread.

    Args:
        before: What the forked process does before it becomes the kernel.
        folder: Where its sockets lie, and the file that names them, for as long as it runs. When it is killed with
            everything else, they go with the folder.
    """

    def __init__(self, before: Callable[[], None], folder: Path) -> None:
        # By its descriptor, which forked processes share, the folder has a short name: that of a socket has 107 bytes.
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self.manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_id=str(uuid4()),
            client_factory=_Client,
            connection_file=str(folder / _CONNECTION_NAME),
            # every user of the machine could read at a TCP port what a kernel prints
            transport="ipc",
            ip=f"/proc/self/fd/{descriptor}/{_SOCKETS_NAME}",
        )
        self.manager.provisioner = _ForkingProvisioner(
            before, kernel_id=self.manager.kernel_id, kernel_spec=self.manager.kernel_spec, parent=self.manager
        )
        run_sync(self.manager.start_kernel)(extra_arguments=["--HistoryManager.enabled=False"])
        self._pid: int = self.manager.provisioner.pid

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, so that it can clean up."""
        self._signal(os.kill, signal.SIGINT)

    def kill(self) -> None:
        """Kill the kernel and its children, which share its process group."""
        self._signal(os.killpg, signal.SIGKILL)
        self.manager.cleanup_connection_file()
        self.manager.cleanup_ipc_files()

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        try:
            send(self._pid, number)
        except ProcessLookupError:
            return


class _Client(AsyncKernelClient):  # type: ignore[misc]
    """Knows that a kernel is ready by its answers; jupyter_client also waits for 0.2 s in which nothing comes."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Ask the kernel until its answer has come on both channels that outputs take.

        Args:
            timeout: Give up after this many seconds; None: never.

        Raises:
            RuntimeError: The kernel has died or does not answer.
        """
        give_up_s = time.monotonic() + (math.inf if timeout is None else timeout)
        while not await self._is_answered(self.kernel_info()):
            if not await self.is_alive():
                raise RuntimeError("The kernel died before it was ready.")
            if time.monotonic() > give_up_s:
                raise RuntimeError(f"The kernel was not ready after {timeout} s.")

    async def _is_answered(self, request_id: str) -> bool:
        """Whether the kernel answers soon; if it has just begun to listen, a part of the answer may be lost."""
        try:
            while True:
                message = await self.iopub_channel.get_msg(timeout=_ANSWER_TIMEOUT_S)
                is_idle = message["content"].get("execution_state") == "idle"
                if is_idle and message["parent_header"].get("msg_id") == request_id:
                    break
            await self.shell_channel.get_msg(timeout=_ANSWER_TIMEOUT_S)
        except Empty:
            return False
        return True


class _ForkingProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Starts a kernel by forking; everything else is as for one that is started by its command."""

    def __init__(self, before: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._before = before

    async def launch_kernel(self, cmd: list[str], **_: Any) -> KernelConnectionInfo:
        """Fork instead of running the command; see ``LocalProvisioner.launch_kernel``."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = _ForkedProcess(partial(_become_kernel, arguments, self._before))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class _ForkedProcess:
    """A forked process with the methods of ``subprocess.Popen`` that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, target: Callable[[], None]) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=target)
        self._process.start()
        self.pid = int(self._process.pid or 0)
        self.poll = lambda: self._process.exitcode
        self.terminate = self._process.terminate
        self.kill = self._process.kill

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def _become_kernel(arguments: list[str], before: Callable[[], None]) -> None:
    os.setsid()
    asyncio.set_event_loop(None)  # the one of the process that it was forked from is running
    before()
    from ipykernel import kernelapp
    from ipykernel.iostream import IOPubThread

    # ipykernel takes what forked processes print at a TCP port, to which every user of the machine could send
    output: Any = IOPubThread
    kernelapp.IOPubThread = lambda socket, session, **_: output(socket, session=session)  # type: ignore[attr-defined, assignment]
    os.register_at_fork(after_in_child=_print_to_descriptors)
    kernelapp.launch_new_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


def _print_to_descriptors() -> None:
    """Have a process that a cell has forked print where any program would, which the kernel reads as well."""
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
