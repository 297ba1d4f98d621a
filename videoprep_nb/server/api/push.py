"""The result of a finished job as a project of the CVAT server that the service was given, for administrators."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, Field

from videoprep_nb.jobs.pushes import JobPush, PushState
from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.problems import problem_docs

router = APIRouter(prefix="/api")


class PushStatus(BaseModel):
    """The project of a job on the CVAT server."""

    state: PushState = Field(
        description="waiting: for other pushes, or until the backup is written; being imported: by CVAT"
    )
    server: str = Field(description="address of the CVAT server", examples=["https://cvat.example.org"])
    uploaded_bytes: int = Field(description="how much of the backup the server has, while it is uploaded", examples=[0])
    total_bytes: int = Field(description="size of the backup, while it is uploaded; 0 before", examples=[0])
    project: str = Field(
        description="address of the project, of an older one while another push is under way; empty if there is none",
        examples=["https://cvat.example.org/projects/7"],
    )
    is_outdated: bool = Field(description="whether the project was created from an older package of the job")
    problem: str = Field(description="why the last push failed, in one sentence; empty otherwise", examples=[""])

    @classmethod
    def of(cls, push: JobPush) -> "PushStatus":
        """The project as the service knows it."""
        return cls.model_validate(vars(push))


@router.get(
    "/jobs/{job_id}/push",
    responses=problem_docs(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def show_push(job_id: JobId, jobs: Jobs) -> PushStatus:
    """Show whether a job that has ended is pushed to the CVAT server of the service, and where its project is.

    For admins, and only where the service was started with a CVAT server.
    """
    return PushStatus.of(jobs.push(job_id))


@router.post(
    "/jobs/{job_id}/push",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(
        HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.INSUFFICIENT_STORAGE
    ),
)
def push_job(job_id: KnownJobId, jobs: Jobs) -> PushStatus:
    """Create a project on the CVAT server of the service in the background; an upload that was cut goes on. For admins.

    The project is created from the job's `cvat-backup`, which is written with the labels of the job if there is none.
    """
    jobs.start_push(job_id)
    return PushStatus.of(jobs.push(job_id))
