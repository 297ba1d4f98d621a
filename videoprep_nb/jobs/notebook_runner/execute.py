"""Runs one notebook with papermill on a kernel that is already running, and says how it ended."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# jsonschema tries to import this for a check that we never ask for, and it takes a second to build a grammar
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

import nbconvert  # noqa: E402, F401  # write_page needs it; a process that waits for its notebook has time now
import nbformat  # noqa: E402
import papermill  # noqa: E402
from nbclient.exceptions import CellTimeoutError, DeadKernelError  # noqa: E402
from papermill.exceptions import PapermillExecutionError  # noqa: E402

from videoprep_nb.core import errors  # noqa: E402
from videoprep_nb.core.layout import staged_file, sync  # noqa: E402
from videoprep_nb.core.memory import MEMORY_ADVICE, MEMORY_VARIABLE, gigabytes  # noqa: E402
from videoprep_nb.jobs.notebook_runner.engine import ENGINE  # noqa: E402
from videoprep_nb.jobs.notebook_runner.kernel import Kernel  # noqa: E402
from videoprep_nb.jobs.notebook_runner.process import NotebookRequest, Outcome, OutcomeKind  # noqa: E402
from videoprep_nb.jobs.notebook_runner.trouble import kind_of_cell_error  # noqa: E402
from videoprep_nb.jobs.reports.pages import page_of  # noqa: E402
from videoprep_nb.jobs.reports.render import FAILURE_TAG  # noqa: E402


def execute(kernel: Kernel, request: NotebookRequest, is_cancelled: Callable[[], bool]) -> Outcome:
    """Run a notebook, and keep it with its error when it fails; a page of an earlier run goes.

    Args:
        kernel: A kernel that has run nothing yet; it is dead afterwards.
        request: The notebook and its parameters.
        is_cancelled: Whether somebody has asked to stop it.

    Returns:
        How it ended.
    """
    page_of(Path(request.output)).unlink(missing_ok=True)
    started_s = time.monotonic()
    kind, message, details = _run(kernel, request, is_cancelled)
    outcome = Outcome(kind=kind, message=message, elapsed_s=time.monotonic() - started_s, **details)
    kernel.kill()
    if kind is not OutcomeKind.DONE:
        _mark_failure(request, message)
    sync(Path(request.output))
    return outcome


def _run(
    kernel: Kernel, request: NotebookRequest, is_cancelled: Callable[[], bool]
) -> tuple[OutcomeKind, str, dict[str, Any]]:
    output = Path(request.output)
    os.chdir(output.parent)  # papermill writes the path into the notebook, which can hold only text
    try:
        papermill.execute_notebook(
            _no_template(request.notebook),
            _no_template(output.name),
            parameters=request.parameters,
            engine_name=ENGINE,
            progress_bar=False,
            km=kernel.manager,
        )
    except PapermillExecutionError as error:
        if error.ename == "KeyboardInterrupt" and is_cancelled():
            return OutcomeKind.CANCELLED, "Stopped on request.", {}
        traceback = "\n".join(error.traceback)
        kind = kind_of_cell_error(error.ename, error.evalue, traceback)
        if kind is OutcomeKind.OUT_OF_MEMORY:
            limit = gigabytes(int(request.environment[MEMORY_VARIABLE]))
            message = f"It needs more memory than the {limit} that a task may take; {MEMORY_ADVICE}."
            return kind, message, {"cell": error.cell_index}
        sentence = error.evalue if hasattr(errors, error.ename) else f"{error.ename}: {error.evalue}"
        return kind, sentence, {"cell": error.cell_index, "traceback": traceback}
    except (DeadKernelError, RuntimeError):  # the second when it died before it was ready
        if is_cancelled():
            return OutcomeKind.CANCELLED, "Stopped on request.", {}
        return OutcomeKind.DIED, "The process of the notebook was killed.", {}
    except CellTimeoutError as error:
        return OutcomeKind.TIMED_OUT, f"The notebook took too long and was stopped ({error}).", {}
    return OutcomeKind.DONE, "", {}


def _no_template(path: str) -> str:
    """Papermill fills in braces in a path; double braces are taken as they are."""
    return path.replace("{", "{{").replace("}", "}}")


def _mark_failure(request: NotebookRequest, message: str) -> None:
    """Put the sentence on top of the report; papermill itself marks only errors raised in a cell."""
    notebook = Path(request.output)
    book = nbformat.read(notebook if notebook.exists() else request.notebook, as_version=4)
    cell = nbformat.v4.new_raw_cell(message, metadata={"tags": [FAILURE_TAG]})
    book.cells.insert(0, cell)
    with staged_file(notebook) as staging:
        nbformat.write(book, staging)
