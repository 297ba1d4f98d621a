"""The pages of executed notebooks, each written once, by whoever comes first.

A worker writes the page of a task while the next task runs. It may be killed before; what is missing when a job ends
is written then, by ``python -m videoprep_nb.jobs.reports.pages NOTEBOOK …``.
"""

import logging
import sys
from collections.abc import Iterable
from pathlib import Path

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.jobs.reports.render import export_html
from videoprep_nb.media.child import run_child

_TIMEOUT_S = 600.0
_log = logging.getLogger(__name__)


def page_of(notebook: Path) -> Path:
    """Where the page of an executed notebook belongs."""
    return notebook.with_suffix(".html")


def write_page(notebook: Path) -> None:
    """Write the page of an executed notebook, unless there is one.

    Raises:
        InputError: There is no such notebook.
        DiskFullError: The disk was full.
    """
    if not page_of(notebook).exists():
        export_html(notebook, page_of(notebook), replace=False)


def write_missing_pages(notebooks: Iterable[Path]) -> None:
    """Write the pages of executed notebooks that have none, in a process of its own: it loads what renders them.

    Those that cannot be written are reported in the log.
    """
    missing = [str(notebook) for notebook in notebooks if notebook.exists() and not page_of(notebook).exists()]
    if not missing:
        return
    try:
        run_child(
            [sys.executable, "-P", "-m", __name__, *missing],
            timeout_s=_TIMEOUT_S,
            on_stdout=_log.warning,
            on_stderr=_log.warning,
        )
    except (OSError, MemoryError) as error:  # TimeoutError is one of the former
        _log.warning("reports of %s are not all written: %s", Path(missing[0]).parent, type(error).__name__)


def _main(*notebooks: str) -> None:
    for notebook in notebooks:
        try:
            write_page(Path(notebook))
        except (VideoPrepError, OSError) as error:
            print(f"{notebook}: {error}")  # noqa: T201 - for the log of the parent process


if __name__ == "__main__":
    _main(*sys.argv[1:])
