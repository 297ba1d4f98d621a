"""The command line, called in the process of the test."""

from pathlib import Path

from typer.testing import CliRunner, Result

from videoprep_nb.cli import console
from videoprep_nb.cli.main import app

WIDTH = 300


def videoprep(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """Call a command on a terminal so wide that no line is broken."""
    console.out.width = WIDTH  # it may have been made by another test, for a narrow terminal
    return CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": str(WIDTH), **(env or {})}
    )
