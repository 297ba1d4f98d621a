"""The command ``videoprep doctor``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, out, plain
from videoprep_nb.jobs.checks import Check


def doctor(
    folder: Annotated[Path, typer.Argument(help="Folder for the results, whose disk is checked.")] = Path(),
) -> None:
    """Check that this machine has everything that videoprep needs; exit with 1 if not."""
    from videoprep_nb.jobs.doctor import examine

    report_checks(examine(folder))


def report_checks(checks: Sequence[Check]) -> None:
    """Print a table of checks.

    Raises:
        typer.Exit: Something that jobs need is at fault.
    """
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = "[green]ok[/]     " if check.ok else "[red]fault[/]  " if check.needed else "[yellow]warning[/]"
        out.print(f"{mark}  {check.name:<{width}}  {plain(check.message)}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(EXIT_FAILED)
