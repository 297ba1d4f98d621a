"""The command ``videoprep export``: the result of a job in another format."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.jobs.settings import text_or_file


def export(
    source: Annotated[Path, typer.Argument(help="A final_package.zip, or the folder of a job, which may hold more.")],
    format_name: Annotated[str, typer.Option("--format", help="The format; videoprep formats lists them.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write; for a format of several files a folder, or a ZIP if the name ends in .zip.",
            show_default="the format's own name, here",
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="Option of the format, repeatable; @FILE reads a text, as in labels=@labels.yaml.",
            show_default="the format's defaults",
        ),
    ] = None,
) -> None:
    """Write the result of a job in another format, for annotation tools or training."""
    from videoprep_nb.exports.registry import create_exporters
    from videoprep_nb.exports.result import open_result
    from videoprep_nb.exports.write_export import write_export

    try:
        [exporter] = create_exporters([format_name], format_options(format_name, assignments or []), field="--format")
        target = output or Path(exporter.download_name)
        if target.exists():
            raise InputError(f"{target} exists already; delete it or choose another name with --output.")
        write_export(exporter, open_result(source), target)
    except ParameterError as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(target))


def format_options(format_name: str, assignments: Iterable[str]) -> list[str]:
    """Options as stage 6 takes them, from ``option=value``."""
    return [f"{format_name}.{name}:{text_or_file(value)}" for name, value in map(_split, assignments)]


def _split(assignment: str) -> tuple[str, str]:
    name, equals, value = assignment.partition("=")
    if not equals:
        raise ParameterError("--set", f"got {assignment!r}, expected option=value")
    return name, value
