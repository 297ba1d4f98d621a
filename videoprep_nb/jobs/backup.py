"""A copy of what a service knows, taken while it runs."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_folder
from videoprep_nb.jobs.storage.workspace import Workspace

_PRIVATE = 0o600  # it holds hashes of passwords


def back_up(workspace: Workspace, target: Path, further: Sequence[Path] = ()) -> list[Path]:
    """Copy the job database and small files into a new folder; it appears when it is complete.

    Args:
        workspace: The workspace of a service, which may run.
        target: The folder.
        further: Files from elsewhere, such as the user file.

    Returns:
        The copies.

    Raises:
        InputError: There is no database, it is damaged, a file cannot be read, or the folder exists.
        DiskFullError: The disk was full.
    """
    if target.exists():
        raise InputError(f"{target} exists already; name a new folder.")
    if not workspace.database.is_file():
        raise InputError(f"{workspace.path} is not the workspace of a service: it has no {workspace.database.name}.")
    names = ("sessions.json", "known_clients.json", "shares.json", workspace.clock_file.name)
    own = [path for path in (workspace.path / name for name in names) if path.exists()]
    try:
        with staged_folder(target) as staging:
            staging.chmod(0o700)
            _copy_database(workspace.database, staging / workspace.database.name)
            for file in [*own, *further]:
                shutil.copyfile(file, staging / file.name)
            for copy in staging.iterdir():
                copy.chmod(_PRIVATE)
    except sqlite3.Error as error:
        raise InputError(f"{workspace.database} cannot be copied ({error}).") from error
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}: {error.filename}).") from error
    return sorted(target.iterdir())


def _copy_database(source: Path, target: Path) -> None:
    """Copy by SQLite itself: a plain copy of the file lacks what a running service wrote last."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # all of it in one file
        (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise InputError(f"{source} is damaged ({found}); run videoprep jobs rebuild.")
