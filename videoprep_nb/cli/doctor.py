"""The command ``videoprep doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, out, plain


def doctor(
    folder: Annotated[Path, typer.Argument(help="Folder for the results, whose disk is checked.")] = Path(),
) -> None:
    """Check that this machine has everything that videoprep needs; exit with 1 if not."""
    from videoprep_nb.jobs.doctor import examine

    checks = examine(folder)
    for check in checks:
        mark = "[green]ok[/]     " if check.ok else "[red]missing[/]" if check.needed else "[yellow]without[/]"
        out.print(f"{mark} {check.name}: {plain(check.message)}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(EXIT_FAILED)
