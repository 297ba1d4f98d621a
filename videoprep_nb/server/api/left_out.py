"""Clips that a selection left out of the package of a job: which ones, why, and brought back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from videoprep_nb.core.records import LeftOutClip
from videoprep_nb.jobs.params import MAX_CLIPS_PER_TASK
from videoprep_nb.server.api.dependencies import JobId, Jobs
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs

router = APIRouter(prefix="/api")


class LeftOutClipStatus(BaseModel):
    """A clip that is not in the package."""

    clip_id: str = Field(examples=["1_clip_003"])
    start_s: float = Field(description="where it begins, in seconds of the standard video", examples=[45.0])
    end_s: float = Field(description="where it ends", examples=[60.0])
    frame_count: int = Field(description="frames extracted from it", examples=[15])
    reason: str = Field(description="why it was left out", examples=["no persons found"])

    @classmethod
    def of(cls, clip: LeftOutClip) -> "LeftOutClipStatus":
        """The clip as the service knows it."""
        return cls(**clip.model_dump())


class LeftOutStatus(BaseModel):
    """What a selection left out of a package."""

    clips: list[LeftOutClipStatus] = Field(description="the clips that are not in the package, in order")
    is_running: bool = Field(description="whether the package is being made again")
    problem: str = Field(description="why the last attempt failed; empty otherwise", examples=[""])

    @classmethod
    def of(cls, job_id: str, jobs: UserJobs) -> "LeftOutStatus":
        """What was left out, as the service knows it."""
        found = jobs.left_out(job_id)
        clips = [LeftOutClipStatus.of(clip) for clip in found.clips]
        return cls(clips=clips, is_running=found.is_running, problem=found.problem)


@router.get("/jobs/{job_id}/left-out", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
def show_left_out(job_id: JobId, jobs: Jobs) -> LeftOutStatus:
    """Show which clips a selection left out of the package of a job that has ended, and why."""
    return LeftOutStatus.of(job_id, jobs)


@router.post(
    "/jobs/{job_id}/left-out",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(
        HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INSUFFICIENT_STORAGE
    ),
)
def bring_clips_back(
    job_id: JobId,
    jobs: Jobs,
    clip: Annotated[
        list[str], Query(description="a clip, may be repeated; none: all of them", max_length=MAX_CLIPS_PER_TASK)
    ] = [],  # noqa: B006 - FastAPI copies it
) -> LeftOutStatus:
    """Bring clips back into the package, in the background; the old package stays until then.

    Nothing is detected or extracted again. Formats that were written before have to be written again.
    """
    jobs.bring_back(job_id, clip)
    return LeftOutStatus.of(job_id, jobs)
