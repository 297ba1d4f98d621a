"""How the service is, for administrators."""

from videoprep_nb.server.examine import Checkup
from videoprep_nb.server.health import Readiness
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.ui.live import Fragments
from videoprep_nb.server.ui.templates import render


def health_view(jobs: UserJobs, checkup: Checkup, readiness: Readiness) -> Fragments:
    """Whether the service is ready, disk, workers, queue and what was found on the machine.

    Raises:
        Refused: The user is no admin.
    """
    jobs.check_admin()
    result = checkup.result()
    return {
        "health": render(
            "health.html",
            reasons=readiness.reasons(),
            disk=jobs.disk_usage(),
            workers=jobs.workers(),
            counts=jobs.counts(),
            waiting=jobs.waiting(),
            checkup=result,
            notices=jobs.notices(),
        ),
    }
