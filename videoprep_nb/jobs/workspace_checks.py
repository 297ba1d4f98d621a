"""Check that the folder of a service is whole, private and its own; nothing in it is changed."""

import os
import pwd
import socket
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from videoprep_nb.core.layout import STAGING_PREFIX
from videoprep_nb.jobs.checks import Check, CheckFailed, run_checks
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.schema import MIGRATIONS, version_of

RUNNING_SERVICE = "running service"
"""Name of the check that fails while a service uses the workspace."""

_NOT_YET = "not there yet; the first start makes it"


def examine_folder(workspace: Workspace) -> list[Check]:
    """Check the folder itself, also while a service uses it.

    Args:
        workspace: The workspace, which need not exist yet.
    """
    needed = {"workspace owner": lambda: _owner(workspace.path), "sockets": lambda: _sockets(workspace.path)}
    useful = {"private workspace": lambda: check_private(workspace.path, "700")}
    return run_checks(needed, needed=True) + run_checks(useful, needed=False)


def examine_start(workspace: Workspace) -> list[Check]:
    """Check what the next start of a service depends on.

    Args:
        workspace: The workspace, which need not exist yet.
    """
    return run_checks({"job database": lambda: _database(workspace.database)}, needed=True) + run_checks(
        {RUNNING_SERVICE: lambda: _no_service(workspace)}, needed=False
    )


def check_private(path: Path, mode: str) -> str:
    """Check that nobody but its owner can read a file or folder.

    Args:
        path: The file or folder.
        mode: The mode to advise.

    Raises:
        CheckFailed: Others can.
    """
    if not path.exists():
        return _NOT_YET
    found = path.stat().st_mode & 0o777
    if found & 0o077:
        raise CheckFailed(f"{path} has mode {found:o}, so that others can read it; chmod {mode} it")
    return f"{path}, mode {found:o}"


def _owner(path: Path) -> str:
    if not path.exists():
        return _NOT_YET
    owner, own = path.stat().st_uid, os.geteuid()
    if owner != own:
        raise CheckFailed(
            f"{path} belongs to {_user_name(owner)}, and you are {_user_name(own)}: files that you make in it cannot "
            f"be used by {_user_name(owner)}; run videoprep as that user, or chown the workspace"
        )
    return _user_name(owner)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # as in a container
        return f"user {uid}"


def _sockets(path: Path) -> str:
    """Notebooks and their kernels talk through sockets in the workspace, which not every file system has."""
    if not path.exists():
        return _NOT_YET
    try:
        with (
            tempfile.TemporaryDirectory(dir=path, prefix=STAGING_PREFIX) as folder,
            socket.socket(socket.AF_UNIX) as listener,
        ):
            folder_fd = os.open(folder, os.O_PATH)
            try:
                listener.bind(f"/proc/self/fd/{folder_fd}/socket")  # the path itself may be too long
            finally:
                os.close(folder_fd)
    except OSError as error:
        raise CheckFailed(
            f"{path} cannot hold a Unix socket ({error.strerror}); put the workspace on a file system of Linux"
        ) from None
    return "Unix sockets can be made"


def _database(path: Path) -> str:
    if not path.exists():
        return _NOT_YET
    # while nobody has it open there is no log; without "immutable" SQLite would leave an empty one
    unchanged = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro{unchanged}", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            version = version_of(connection)
    except sqlite3.Error as error:
        found, version = str(error), 0
    if found != "ok":
        raise CheckFailed(
            f"{path} is damaged or cannot be read ({' '.join(found.split())}); stop the service and run "
            f"videoprep jobs rebuild --workspace {path.parent}"
        )
    if version > len(MIGRATIONS):
        raise CheckFailed(
            f"{path} has version {version}, expected {len(MIGRATIONS)} or less; use the version of videoprep that "
            "wrote it, or a newer one"
        )
    return f"whole, version {version}" + (
        "" if version == len(MIGRATIONS) else f", which the next start brings to {len(MIGRATIONS)}; make a backup first"
    )


def _no_service(workspace: Workspace) -> str:
    try:
        user = workspace.user()
    except OSError as error:
        raise CheckFailed(f"the lock of {workspace.path} cannot be read ({error.strerror})") from None
    if user:
        raise CheckFailed(f"{workspace.path} is used by a service ({user}); stop that one before you start another")
    return "none uses the workspace"
