"""The command ``videoprep push``: a result becomes a project of a CVAT server."""

import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.progress import Progress

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, err, out, plain, stop, warn_of_readable
from videoprep_nb.cli.export import format_options
from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import ParameterError, VideoPrepError
from videoprep_nb.exports.push_to_cvat import CvatAccount, push_backup

_FORMAT = "cvat-backup"


def push(
    source: Annotated[Path, typer.Argument(help="A final_package.zip, or the folder of a job.")],
    cvat: Annotated[str, typer.Option(metavar="URL", help="Address of the CVAT server.")],
    token_file: Annotated[Path, typer.Option(metavar="FILE", help="File that holds a personal access token of CVAT.")],
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="Option of the format cvat-backup, repeatable; @FILE reads a text, as in labels=@labels.yaml.",
            show_default="the format's defaults",
        ),
    ] = None,
) -> None:
    """Create a project on a CVAT server from a result; the same command goes on with an upload that was cut."""
    from videoprep_nb.exports.registry import create_exporters
    from videoprep_nb.exports.result import open_result
    from videoprep_nb.exports.write_export import write_export

    try:
        account = CvatAccount(cvat, token_file)
        account.check()
        warn_of_account(account)
        [exporter] = create_exporters([_FORMAT], format_options(_FORMAT, assignments or []))
        folder = source if source.is_dir() else source.parent
        with tempfile.TemporaryDirectory(dir=folder) as staging, Progress(console=err, transient=True) as bar:
            backup = Path(staging) / exporter.file_name  # equal results give equal bytes, so an upload can go on
            write_export(exporter, open_result(source), backup)
            task = bar.add_task("upload")
            address = push_backup(
                backup,
                account.server,
                account.read_token(),
                folder / f".{source.stem}.cvat-upload.json",
                lambda done, total: bar.update(task, completed=done, total=total),
            )
    except ParameterError as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(address))


def warn_of_account(account: CvatAccount) -> None:
    """Warn when others could get at the token."""
    warn_of_readable(account.token_file)
    parts = urlsplit(account.server)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        err.print("[yellow]Warning: http sends the token unencrypted; use the https address of the server.[/]")
