"""The process that runs one notebook: forked for ``NotebookProcess``, it is never imported by the service.

Every notebook has a fresh process: papermill changes the working folder of the whole process, and a kernel that is
used twice leaks state.

Standard input is a socket. It says the id of this process, and in the end the outcome; on it come the request and
perhaps ``"cancel"``, a line of JSON each. When it ends, the parent has died, and everything started here is killed.
After the outcome the report is written as a page, in time that the next notebook leaves over.
"""

import json
import os
import socket
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.memory import limit_memory, memory_limit_bytes
from videoprep_nb.jobs.notebook_runner.execute import execute
from videoprep_nb.jobs.notebook_runner.kernel import Kernel
from videoprep_nb.jobs.notebook_runner.process import CANCEL_GRACE_S, NotebookRequest, Outcome, OutcomeKind
from videoprep_nb.jobs.notebook_runner.trouble import outcome_of_error
from videoprep_nb.jobs.reports.pages import write_page

_PAGE_NICENESS = 10


def run_notebook() -> None:
    """Run the notebook that is asked for, and say how it ended."""
    parent = socket.socket(fileno=os.dup(0))
    orders = parent.makefile("r", encoding="utf-8")
    parent.sendall(f"{os.getpid()}\n".encode())
    request = NotebookRequest(**json.loads(orders.readline()))
    try:

        def before() -> None:
            orders.close()
            parent.close()
            os.environ.update(request.environment)
            limit_memory(memory_limit_bytes())
            os.chdir(request.working_folder)

        kernel = Kernel(before, Path(request.working_folder))  # forks, so before any thread is started
        outcome = _execute(kernel, request, orders)
        # nobody may be there to see a page that comes after a failure
        for notebook in request.pages_first if outcome.kind is OutcomeKind.DONE else (request.output,):
            write_page(Path(notebook))
    except Exception as error:
        outcome = outcome_of_error(error, traceback.format_exc())
    parent.sendall(outcome.model_dump_json().encode() + b"\n")
    if outcome.kind is OutcomeKind.DONE:
        os.nice(_PAGE_NICENESS)
        with suppress(VideoPrepError, OSError):  # it is written again before the job ends
            write_page(Path(request.output))


def _execute(kernel: Kernel, request: NotebookRequest, orders: TextIO) -> Outcome:
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(kernel, orders, cancelled), daemon=True).start()
    return execute(kernel, request, cancelled.is_set)


def _listen(kernel: Kernel, orders: TextIO, cancelled: threading.Event) -> None:
    """Follow what the parent says; its silence is its death."""
    if orders.readline():
        cancelled.set()
        kernel.interrupt()
        killer = threading.Timer(CANCEL_GRACE_S, kernel.kill)
        killer.daemon = True
        killer.start()
        orders.read()
    kernel.kill()
    os._exit(1)
