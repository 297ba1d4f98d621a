"""A process that has imported everything and forks the processes of notebooks, so that these start in no time.

Started by ``process.py`` on each worker, it is never imported by the service. It stays single-threaded, as forking
demands. Its standard input is a socket, on which come requests: any byte, with the standard input and the log of the
process to fork as file descriptors. It ends with its parent.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NoReturn

from videoprep_nb.stages.registry import STAGES

_DESCRIPTORS = 2
_IMPORTED_BY_KERNELS = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
)
"""What every kernel imports when it starts, or when it shows its first result."""


def main() -> None:
    """Fork whenever asked to; import while nobody asks."""
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forked processes
    steps = preparation()
    step = next(steps, None)
    while True:
        if select.select([requests], [], [], None if step is None else 0)[0]:
            asked, descriptors, *_ = socket.recv_fds(requests, 1, _DESCRIPTORS)
            if not asked:
                return
            if _fork_for(descriptors) == 0:
                requests.close()
                _become_notebook_process(*descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
        elif step is not None:
            # without a free descriptor, say, also that of a library; a notebook then does it itself
            with suppress(OSError, ImportError):
                step()
            step = next(steps, None)


def _fork_for(descriptors: list[int]) -> int:
    """Fork a process with this standard input and log; when there can be none, its standard input says why."""
    if len(descriptors) != _DESCRIPTORS:  # this process may have no more; the others are closed, so nobody waits
        return -1
    try:
        return os.fork()
    except OSError as error:
        os.write(descriptors[0], f"-{error.errno}\n".encode())
        return -1


def preparation() -> Iterator[Callable[[], object]]:
    """What to do while nobody asks, the most urgent first."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # every kernel would load a debugger that nobody can use
    modules = [
        "videoprep_nb.jobs.notebook_runner.notebook_process",
        "ipykernel.kernelapp",
        *_IMPORTED_BY_KERNELS,
        "matplotlib_inline.backend_inline",
    ]
    for stage in STAGES.values():
        modules += [*stage.preload, f"{stage.package}.view"]
    for name in modules:
        yield partial(importlib.import_module, name)
    yield _find_members
    yield _compile_what_notebooks_need
    yield _read_the_fonts
    yield gc.freeze  # a collection in a forked process would copy all of the memory


def _find_members() -> None:
    """Trackers, detectors and exports, for which the entry points of every installed package are read."""
    from videoprep_nb.exports.registry import EXPORTERS
    from videoprep_nb.tracking.detectors import DETECTORS
    from videoprep_nb.tracking.trackers import TRACKERS

    for registry in (TRACKERS, DETECTORS, EXPORTERS):
        len(registry)


def _compile_what_notebooks_need() -> None:
    """Templates, schemas and regular expressions, which are compiled when they are first used."""
    import nbformat

    from videoprep_nb.jobs.reports.render import render_html

    cells = [nbformat.v4.new_markdown_cell("# A &amp; B"), nbformat.v4.new_code_cell("a = 1")]
    example = nbformat.v4.new_notebook(cells=cells)
    nbformat.validate(example)
    render_html(example, "example")


def _read_the_fonts() -> None:
    """Those of charts and of images, which are found and read when the first text is written."""
    import numpy as np

    from videoprep_nb.viz import charts, images

    charts.image(charts.figure(1.0, "a title")[0], "a chart")
    surface = np.zeros((30, 60, 3), np.uint8)
    for weight in (400, 600):
        images.text(surface, "0123456789", 0, 20, 16, (0, 0, 0), weight)


def _become_notebook_process(standard_input: int, log: int) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor, target in ((standard_input, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    os.close(standard_input)
    os.close(log)
    from videoprep_nb.jobs.notebook_runner.notebook_process import run_notebook

    run_notebook()
    os._exit(0)


if __name__ == "__main__":
    main()
