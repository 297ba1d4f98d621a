"""The command ``videoprep backup``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop
from videoprep_nb.core.errors import InputError, VideoPrepError


def backup(
    target: Annotated[Path, typer.Argument(help="New folder for the copies.")],
    workspace: Annotated[Path, typer.Option(help="Folder of the service, which may run.")] = Path(
        "videoprep-workspace"
    ),
    auth_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="User file, copied as well.", show_default="none"),
    ] = None,
) -> None:
    """Copy the job database, sessions and users of a service; the folders of the jobs are for any backup program."""
    from videoprep_nb.jobs.backup import back_up
    from videoprep_nb.jobs.storage.workspace import Workspace

    try:
        copies = back_up(Workspace(workspace), target, [auth_file] if auth_file else [])
    except VideoPrepError as error:
        raise stop(error, EXIT_USAGE if isinstance(error, InputError) else EXIT_FAILED) from None
    for copy in copies:
        out.print(plain(copy))
