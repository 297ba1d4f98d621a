"""The name and note of a job, wherever they are kept: in its folder, its report and the store."""

from contextlib import suppress

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.models import JobAbout, JobSpec
from videoprep_nb.jobs.reports.job_page import rename_job_page
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store


def change_about(workspace: Workspace, store: Store, job_id: str, about: JobAbout) -> None:
    """Give a job another name and note.

    Not while the job ends or is deleted: only the dispatcher may call this, or what it is asked to do.

    Args:
        workspace: The workspace.
        store: Its store.
        job_id: The job.
        about: Name and note.

    Raises:
        NoSuchJob: There is no such job.
        DiskFullError: The disk was full.
    """
    store.job(job_id)
    folder = workspace.job_folder(job_id)
    with suppress(InputError):  # its files were deleted or are damaged: only the store knows the name then
        spec = JobSpec.read(folder.spec).model_copy(update={"about": about})
        spec.write(folder.spec)
        rename_job_page(folder, spec)
    store.set_about(job_id, about)
