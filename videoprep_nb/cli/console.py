"""What all commands share: where they print, and how they end."""

import io
import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.file_names import visible

EXIT_FAILED = 1
EXIT_USAGE = 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: object) -> str:
    """A text that a console prints as it is: no markup, and nothing in it that would disturb a terminal."""
    return escape(visible(str(text)))


def print_json(value: Any, indent: int | None = 1) -> None:
    """Print a value for programs, in ASCII, whatever the terminal is set to.

    Args:
        value: What JSON can hold.
        indent: Spaces of indentation; None for a single line.
    """
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")
    sys.stdout.flush()


def escape_what_terminals_lack() -> None:
    """Have a terminal or file in another encoding than UTF-8 get escapes for what it cannot show, and no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def warn_of_readable(secret: Path) -> None:
    """Warn when other users can read a file that holds a secret."""
    if secret.stat().st_mode & 0o077:
        err.print(f"[yellow]Warning: others can read {plain(secret)}; chmod 600 it.[/]")


def check_can_be_written(file: Path) -> None:
    """Check, before the work, that a file can be written; its folder is made when it is missing.

    Raises:
        InputError: It is a folder, or its own folder cannot be made or written to.
    """
    if file.is_dir():
        raise InputError(f"{file} is a folder; name a file.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}); name a file in another folder.") from None


def print_warnings_as_lines() -> None:
    """Print a warning for people (``FutureWarning``: a parameter was renamed) as one line, without a source line."""
    show_others = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, FutureWarning):
            err.print(f"[yellow]Warning: {plain(' '.join(str(message).split()))}[/]")
        else:
            show_others(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def stop(error: VideoPrepError, code: int) -> typer.Exit:
    """Print an error; raise what this returns to end the command with an exit code."""
    err.print(f"[red]{plain(error)}[/]")
    return typer.Exit(code)
