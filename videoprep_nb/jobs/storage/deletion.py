"""The deletion of jobs on request. A service that is killed meanwhile restores none of them at its next start."""

from videoprep_nb.core.layout import STAGING_PREFIX, staging_path
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace, is_real_folder
from videoprep_nb.jobs.store.store import Store


def delete_job(workspace: Workspace, store: Store, job_id: str) -> None:
    """Forget a job and delete its files.

    Args:
        workspace: The workspace.
        store: Its store.
        job_id: A job that has ended.

    Raises:
        NoSuchJob: There is no such job; nothing was deleted.
    """
    folder = workspace.job_folder(job_id).path
    doomed = staging_path(folder)
    # first: a folder without a job would make a job again
    if is_real_folder(folder):
        folder.rename(doomed)
    try:
        store.delete_job(job_id)
    except BaseException:
        if is_real_folder(doomed):
            doomed.rename(folder)
        raise
    for path in (doomed, folder):  # the second is there when it is a link
        remove_tree(workspace, path)


def finish_deletions(workspace: Workspace, store: Store) -> None:
    """Forget the jobs whose deletion was under way when a service was killed; the janitor deletes their files.

    Args:
        workspace: A workspace that is locked, in which nobody works yet.
        store: Its store.
    """
    known = store.last_changes()
    for path in workspace.jobs_dir.glob(f"{STAGING_PREFIX}*"):
        job_id = "-".join(path.name.split("-")[-2:])
        if job_id in known and not (workspace.jobs_dir / job_id).exists():
            store.delete_job(job_id)
