"""The command ``videoprep report``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop
from videoprep_nb.core.errors import InputError, VideoPrepError


def report(
    notebook: Annotated[Path, typer.Argument(help="A notebook that papermill or Jupyter has run.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page to write.", show_default="beside the notebook")
    ] = None,
) -> None:
    """Write an executed notebook as one web page that works offline, as the reports of jobs are."""
    from videoprep_nb.jobs.reports.render import export_html

    page = output or notebook.with_suffix(".html")
    try:
        export_html(notebook, page)
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(f"Wrote {page}"))
