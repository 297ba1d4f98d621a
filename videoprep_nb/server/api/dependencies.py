"""What routes are given."""

from typing import Annotated

from fastapi import Depends, Path, Request

from videoprep_nb.server.api.schemas import JOB_ID
from videoprep_nb.server.examine import Inspections
from videoprep_nb.server.security.access import UserJobs

LARGEST_ID = 2**53
"""Programs in JavaScript know no larger whole numbers."""


def _jobs(request: Request) -> UserJobs:
    return UserJobs(request.app.state.service, request.state.user)


def _inspections(request: Request) -> Inspections:
    inspections: Inspections = request.app.state.inspections
    return inspections


InspectionsForAll = Annotated[Inspections, Depends(_inspections)]
"""The inspections of the service, which users share."""

Jobs = Annotated[UserJobs, Depends(_jobs)]
"""The jobs and uploads of whoever sends the request; routes reach the service in no other way."""


def _job_id(
    job_id: Annotated[str, Path(description="the number or the id of a job", examples=["32", JOB_ID], max_length=100)],
    jobs: Jobs,
) -> str:
    return jobs.job_id_of(job_id)


JobId = Annotated[str, Depends(_job_id)]
"""The id of the job in the path, which may name it by its number."""


def _known_job(job_id: JobId, jobs: Jobs) -> str:
    jobs.row(job_id)
    return job_id


KnownJobId = Annotated[str, Depends(_known_job)]
"""The same; a job that the user may not see is refused before the body is checked and the answer begins."""
