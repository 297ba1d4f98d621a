"""The process that runs one notebook: started by ``NotebookProcess``, it is never imported by the service.

It starts a kernel, lets it import what the notebook will need, and waits for a request on standard input. So the
next notebook's process can be made ready while the current one works. Every notebook has a fresh process: papermill
changes the working folder of the whole process, and a kernel that is used twice leaks state.

On standard input come lines of JSON: the request, then perhaps ``"cancel"``. When standard input ends, the parent
has died, and everything started here is killed. The outcome is a file, written last.
"""

import argparse
import importlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

# jsonschema tries to import this for a check that we never ask for, and it takes a second to build a grammar
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

import nbformat  # noqa: E402
import papermill  # noqa: E402
from jupyter_client.manager import AsyncKernelManager  # noqa: E402
from jupyter_core.utils import run_sync  # noqa: E402
from nbclient.exceptions import CellTimeoutError, DeadKernelError  # noqa: E402
from papermill.engines import NBClientEngine, papermill_engines  # noqa: E402
from papermill.exceptions import PapermillExecutionError  # noqa: E402

from videoprep_nb import errors  # noqa: E402
from videoprep_nb.jobs.process import CANCEL_GRACE_S, NotebookRequest, Outcome, OutcomeKind  # noqa: E402
from videoprep_nb.report import FAILURE_TAG, export_html  # noqa: E402
from videoprep_nb.stages.params import STAGES  # noqa: E402

_ENGINE_NAME = "videoprep"
_KERNEL_READY_TIMEOUT_S = 120

# what takes long to import and most notebooks need
_PRELOADED = (
    *(f"videoprep_nb.stages.{stage}" for stage in STAGES),
    *(f"videoprep_nb.viz.{stage}" for stage in STAGES),
)


class _RunningKernelEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's engine, given a kernel that is already running."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
        return super().execute_managed_notebook(nb_man, kernel_name, km=_kernel, **kwargs)


_kernel: AsyncKernelManager | None = None
_cancelled = threading.Event()


def main() -> None:
    """Warm up, wait for the request, run it, write the outcome, then the HTML of the report."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("outcome", type=Path)
    options = arguments.parse_args()
    papermill_engines.register(_ENGINE_NAME, _RunningKernelEngine)

    line: list[str] = []
    request_came = threading.Event()
    threading.Thread(target=_listen, args=(line, request_came), daemon=True).start()
    kernel = _start_kernel()
    importlib.import_module("nbconvert")  # the report needs it; now there is time
    request_came.wait()
    request = NotebookRequest(**json.loads(line[0]))
    outcome = _execute(kernel, request)
    _kill_kernel()
    if outcome.kind is not OutcomeKind.DONE:
        _mark_failure(request, outcome)
    export_html(Path(request.output), Path(request.output).with_suffix(".html"))
    outcome.write(options.outcome)


def _start_kernel() -> AsyncKernelManager:
    global _kernel
    _kernel = AsyncKernelManager(kernel_name="python3")
    run_sync(_kernel.start_kernel)(extra_arguments=["--HistoryManager.enabled=False"])
    # __import__ leaves no names behind: the notebook must find its namespace as empty as it is by hand
    _run_quietly(_kernel, "\n".join(f"__import__({module!r})" for module in _PRELOADED))
    return _kernel


async def _run_code(kernel: AsyncKernelManager, code: str) -> None:
    """Run code in the kernel outside the notebook."""
    client = kernel.client()
    client.start_channels()
    await client.wait_for_ready(timeout=_KERNEL_READY_TIMEOUT_S)
    reply = await client.execute(code, silent=True, store_history=False, reply=True)
    client.stop_channels()
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"].get("traceback", [])))


_run_quietly = run_sync(_run_code)


def _execute(kernel: AsyncKernelManager, request: NotebookRequest) -> Outcome:
    started_s = time.monotonic()

    def outcome(kind: OutcomeKind, message: str = "", **details: Any) -> Outcome:
        return Outcome(kind=kind, message=message, elapsed_s=time.monotonic() - started_s, **details)

    environment, folder = request.environment, request.working_folder
    _run_quietly(kernel, f"__import__('os').environ.update({environment!r})\n__import__('os').chdir({folder!r})")
    try:
        papermill.execute_notebook(
            _no_template(request.notebook),
            _no_template(request.output),
            parameters=request.parameters,
            engine_name=_ENGINE_NAME,
            progress_bar=False,
        )
    except PapermillExecutionError as error:
        if error.ename == "KeyboardInterrupt" and _cancelled.is_set():
            return outcome(OutcomeKind.CANCELLED, "Stopped on request.")
        if error.ename == "MemoryError":
            return outcome(OutcomeKind.OUT_OF_MEMORY, "The notebook ran out of memory.", cell=error.cell_index)
        sentence = error.evalue if hasattr(errors, error.ename) else f"{error.ename}: {error.evalue}"
        return outcome(OutcomeKind.FAILED, sentence, cell=error.cell_index, traceback="\n".join(error.traceback))
    except DeadKernelError:
        if _cancelled.is_set():
            return outcome(OutcomeKind.CANCELLED, "Stopped on request.")
        return outcome(OutcomeKind.DIED, "The process of the notebook was killed; the memory may have run out.")
    except CellTimeoutError as error:
        return outcome(OutcomeKind.TIMED_OUT, f"The notebook took too long and was stopped ({error}).")
    return outcome(OutcomeKind.DONE)


def _no_template(path: str) -> str:
    """Papermill fills in braces in a path; double braces are taken as they are."""
    return path.replace("{", "{{").replace("}", "}}")


def _mark_failure(request: NotebookRequest, outcome: Outcome) -> None:
    """Put the sentence on top of the report; papermill itself marks only errors raised in a cell."""
    notebook = Path(request.output)
    book = nbformat.read(notebook if notebook.exists() else request.notebook, as_version=4)
    cell = nbformat.v4.new_raw_cell(outcome.message, metadata={"tags": [FAILURE_TAG]})
    book.cells.insert(0, cell)
    nbformat.write(book, notebook)


def _listen(line: list[str], request_came: threading.Event) -> None:
    line.append(sys.stdin.readline())
    if line[0]:
        request_came.set()
        if sys.stdin.readline():
            _cancel()
            sys.stdin.read()
    _kill_kernel()  # the parent has died
    os._exit(1)


def _cancel() -> None:
    """Interrupt the cell, so that it can clean up, and kill what is left after a while."""
    _cancelled.set()
    if _kernel is not None and _kernel.provisioner is not None:
        os.kill(_kernel.provisioner.pid, signal.SIGINT)
        killer = threading.Timer(CANCEL_GRACE_S, _kill_kernel)
        killer.daemon = True
        killer.start()


def _kill_kernel() -> None:
    """Kill the kernel and its children, which share its process group."""
    provisioner = _kernel.provisioner if _kernel is not None else None
    if provisioner is None or provisioner.pid is None:
        return
    try:
        os.killpg(provisioner.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
