"""The kernel of one notebook: started early, interrupted politely, killed with all its children."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

_READY_TIMEOUT_S = 120


class KernelNotReady(Exception):
    """The kernel died, or did not answer, before it was ready."""


class Kernel:
    """A running kernel.

    Args:
        preload: Modules that it imports at once, while nobody waits for it.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self.manager = AsyncKernelManager(kernel_name="python3")
        # __import__ leaves no names behind: a notebook must find its namespace as empty as it is by hand
        lines = [f"__import__({module!r})" for module in preload]
        arguments = ["--HistoryManager.enabled=False", *(f"--IPKernelApp.exec_lines={line}" for line in lines)]
        run_sync(self.manager.start_kernel)(extra_arguments=arguments)
        self._pid: int = self.manager.provisioner.pid

    def prepare(self, environment: Mapping[str, str], working_folder: str) -> None:
        """Set environment variables and the current folder, when the kernel is ready; leaves no names behind.

        Raises:
            KernelNotReady: The kernel died before it was ready.
        """
        run_sync(self._run)(
            f"__import__('os').environ.update({dict(environment)!r})\n__import__('os').chdir({working_folder!r})"
        )

    async def _run(self, code: str) -> None:
        client = self.manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=_READY_TIMEOUT_S)
        except RuntimeError as error:
            raise KernelNotReady(str(error)) from error
        reply = await client.execute(code, silent=True, store_history=False, reply=True)
        client.stop_channels()
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"].get("traceback", [])))

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, so that it can clean up."""
        self._signal(os.kill, signal.SIGINT)

    def kill(self) -> None:
        """Kill the kernel and its children, which share its process group."""
        self._signal(os.killpg, signal.SIGKILL)

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        try:
            send(self._pid, number)
        except ProcessLookupError:
            return
