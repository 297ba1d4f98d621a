"""The REST API of a service: jobs in, progress, reports and packages out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from videoprep_nb.jobs.models import State
from videoprep_nb.server.api.dependencies import LARGEST_ID, JobId, Jobs, KnownJobId
from videoprep_nb.server.api.schemas import AboutChange, JobList, JobStatus, JobSummary, Submitted
from videoprep_nb.server.problems import problem_docs

router = APIRouter(prefix="/api")


@router.get("/jobs", responses=problem_docs(HTTPStatus.UNPROCESSABLE_ENTITY))
def list_jobs(
    jobs: Jobs,
    state: Annotated[State | None, Query(description="only jobs in this state")] = None,
    search: Annotated[
        str | None,
        Query(
            description="only jobs with this in their name, note, number, id, user or the name of a video",
            max_length=200,
        ),
    ] = None,
    text: Annotated[str | None, Query(description="the older name of search", max_length=200, deprecated=True)] = None,
    offset: Annotated[int, Query(description="how many to leave out", ge=0, le=LARGEST_ID)] = 0,
    limit: Annotated[int, Query(description="how many to list at most", ge=1, le=500)] = 50,
) -> JobList:
    """List jobs, newest first."""
    rows, total = jobs.jobs(state, search or text, offset, limit)
    places = jobs.queue_places(rows)
    return JobList(jobs=[JobSummary.of(row, places.get(row.job_id)) for row in rows], total=total)


@router.get("/jobs/{job_id}", responses=problem_docs(HTTPStatus.NOT_FOUND))
def show_job(job_id: JobId, jobs: Jobs) -> JobStatus:
    """Show a job: its state, its videos and tasks, how far they are and how long they will take."""
    return JobStatus.of_view(jobs.job(job_id), jobs.has_package(job_id))


@router.patch("/jobs/{job_id}", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY))
def change_job(job_id: KnownJobId, change: AboutChange, jobs: Jobs) -> JobSummary:
    """Give a job another name or note, at any time. Everybody who may see the job sees them."""
    jobs.change_about(job_id, change.of(jobs.row(job_id)))
    return JobSummary.of(jobs.row(job_id))


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def cancel_job(job_id: JobId, jobs: Jobs) -> Submitted:
    """Stop a job; it is `cancelled` a few seconds later."""
    jobs.cancel(job_id)
    return Submitted.of(jobs.row(job_id))


@router.post(
    "/jobs/{job_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def retry_job(job_id: JobId, jobs: Jobs) -> Submitted:
    """Work again on a job that failed, was cancelled or has errors; only what is missing is done."""
    jobs.retry(job_id)
    return Submitted.of(jobs.row(job_id))


@router.delete(
    "/jobs/{job_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def delete_job(job_id: JobId, jobs: Jobs) -> None:
    """Delete a job that has ended, with all its files."""
    jobs.delete(job_id)
