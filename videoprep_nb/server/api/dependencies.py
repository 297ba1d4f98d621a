"""What routes are given."""

from typing import Annotated

from fastapi import Depends, Path, Request

from videoprep_nb.server.api.schemas import JOB_ID
from videoprep_nb.server.security.access import UserJobs


def _jobs(request: Request) -> UserJobs:
    return UserJobs(request.app.state.service, request.state.user)


Jobs = Annotated[UserJobs, Depends(_jobs)]
"""The jobs and uploads of whoever sends the request; routes reach the service in no other way."""

JobId = Annotated[str, Path(description="the id of a job", examples=[JOB_ID], max_length=100)]
