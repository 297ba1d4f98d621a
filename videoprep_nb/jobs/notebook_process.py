"""The process that runs one notebook: started by ``NotebookProcess``, it is never imported by the service.

It starts a kernel, lets it import what the notebook will need, and waits for a request on standard input. So the
next notebook's process can be made ready while the current one works. Every notebook has a fresh process: papermill
changes the working folder of the whole process, and a kernel that is used twice leaks state.

On standard input come lines of JSON: the request, then perhaps ``"cancel"``. When standard input ends, the parent
has died, and everything started here is killed. The outcome is a file, written last.
"""

import json
import os
import queue
import sys
import threading
from pathlib import Path

from videoprep_nb.jobs.kernel import Kernel
from videoprep_nb.jobs.process import CANCEL_GRACE_S, NotebookRequest


def main() -> None:
    """Warm up, wait for the request, run it, write the outcome."""
    outcome_file, stage = Path(sys.argv[1]), sys.argv[2]
    kernel = Kernel([f"videoprep_nb.stages.{stage}", f"videoprep_nb.viz.{stage}"] if stage else [])
    cancelled = threading.Event()
    requests: queue.SimpleQueue[NotebookRequest] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(kernel, requests, cancelled), daemon=True).start()
    # takes a while too, and the kernel is starting meanwhile
    from videoprep_nb.jobs.execute import execute

    execute(kernel, requests.get(), cancelled.is_set).write(outcome_file)


def _listen(kernel: Kernel, requests: "queue.SimpleQueue[NotebookRequest]", cancelled: threading.Event) -> None:
    """Follow what the parent says; its silence is its death."""
    if request := sys.stdin.readline():
        requests.put(NotebookRequest(**json.loads(request)))
        if sys.stdin.readline():
            cancelled.set()
            kernel.interrupt()
            killer = threading.Timer(CANCEL_GRACE_S, kernel.kill)
            killer.daemon = True
            killer.start()
            sys.stdin.read()
    kernel.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
