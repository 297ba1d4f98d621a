"""A new job database from the folders of the jobs."""

from datetime import UTC, datetime

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.storage.adoption import adopt_folders
from videoprep_nb.jobs.storage.moved_files import finish_moves
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store


def rebuild_database(workspace: Workspace) -> list[str]:
    """Make a new database; the old one is put into ``lost+found``.

    Args:
        workspace: A workspace that no service uses.

    Returns:
        What was restored, a sentence each.

    Raises:
        InputError: It is no workspace, or a service uses it.
    """
    if not workspace.jobs_dir.is_dir():
        raise InputError(f"{workspace.path} is not the workspace of a service: it has no folder jobs.")
    with workspace.lock():
        now = datetime.now(UTC)
        workspace.lost_dir.mkdir(exist_ok=True)
        # the database last: with its log gone, and itself still there, it would be older than it says
        for suffix in ("-wal", "-shm", ""):
            file = workspace.database.with_name(workspace.database.name + suffix)
            if file.exists():
                file.replace(workspace.lost_dir / f"{now:%Y%m%d-%H%M%S}-{file.name}")
        finish_moves(workspace)
        store = Store(workspace.database)
        try:
            return adopt_folders(workspace, store, now)
        finally:
            store.close()
