"""A new job from another one: its videos and settings, without another upload."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, Field

from videoprep_nb.jobs.params import JobParams
from videoprep_nb.server.api.dependencies import JobId, Jobs
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.uploads.sources import SourceAgain

router = APIRouter(prefix="/api")


class SourceStatus(BaseModel):
    """A video of the job, as `POST /api/jobs` takes it."""

    name: str = Field(examples=["street.mp4"])
    size_bytes: int = Field(examples=[73_400_320])
    upload_id: str = Field(description="an upload that has arrived; empty for a file on the server")
    server_path: str = Field(description="a file in an import folder; empty for an upload")

    @classmethod
    def of(cls, source: SourceAgain) -> "SourceStatus":
        """The video as the service finds it."""
        return cls.model_validate(vars(source))


class AgainStatus(BaseModel):
    """What a new job begins with."""

    videos: list[SourceStatus] = Field(description="the videos that are still there, in order")
    missing: list[str] = Field(description="names of the videos that are not")
    params: JobParams = Field(description="parameters that differ from the defaults")


@router.post(
    "/jobs/{job_id}/again",
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INSUFFICIENT_STORAGE),
)
def take_job_again(job_id: JobId, jobs: Jobs) -> AgainStatus:
    """Get the videos of a job as uploads of your own, and its settings, to submit a new job with other ones.

    Nothing is uploaded: the uploads share the bytes of the job, also after it is deleted. Like other uploads, they are
    deleted when no job uses them.
    """
    again = jobs.take_again(job_id)
    videos = [SourceStatus.of(source) for source in again.sources]
    return AgainStatus(videos=videos, missing=list(again.missing), params=again.params)
