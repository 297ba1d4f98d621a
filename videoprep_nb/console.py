"""What all commands share: where they print, and how they end."""

import typer
from rich.console import Console
from rich.markup import escape

from videoprep_nb.errors import VideoPrepError

EXIT_FAILED = 1
EXIT_USAGE = 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def stop(error: VideoPrepError, code: int) -> typer.Exit:
    """Print an error; raise what this returns to end the command with an exit code."""
    err.print(f"[red]{escape(str(error))}[/]")
    return typer.Exit(code)
