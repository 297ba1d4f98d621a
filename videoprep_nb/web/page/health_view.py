"""How the service is, for administrators."""

import shutil

from videoprep_nb.web.access import UserJobs
from videoprep_nb.web.page.live import Fragments
from videoprep_nb.web.page.templates import render


def health_view(jobs: UserJobs) -> Fragments:
    """Disk, workers and queue of the service.

    Raises:
        Refused: The user is no admin.
    """
    jobs.check_admin()
    disk = shutil.disk_usage(jobs.workspace.path)
    return {"health": render("health.html", disk=disk, workers=jobs.workers(), counts=jobs.counts())}
