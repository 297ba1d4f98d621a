"""The REST API of a service: jobs in, progress, reports and packages out."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Literal

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.api.schemas import (
    EventMessage,
    JobList,
    JobStatus,
    JobSummary,
    Submitted,
)
from videoprep_nb.server.problems import problem_docs

_EVENT_INTERVAL_S = 0.5
_LARGEST_ID = 2**53

router = APIRouter(prefix="/api")


@router.get("/jobs", responses=problem_docs(HTTPStatus.UNPROCESSABLE_ENTITY))
def list_jobs(
    jobs: Jobs,
    state: Annotated[State | None, Query(description="only jobs in this state")] = None,
    text: Annotated[
        str | None, Query(description="only jobs with this in their id or in the name of a video", max_length=200)
    ] = None,
    offset: Annotated[int, Query(description="how many to leave out", ge=0, le=_LARGEST_ID)] = 0,
    limit: Annotated[int, Query(description="how many to list at most", ge=1, le=500)] = 50,
) -> JobList:
    """List jobs, newest first."""
    rows, total = jobs.jobs(state, text, offset, limit)
    return JobList(jobs=[JobSummary.of(row) for row in rows], total=total)


@router.get("/jobs/{job_id}", responses=problem_docs(HTTPStatus.NOT_FOUND))
def show_job(job_id: JobId, jobs: Jobs) -> JobStatus:
    """Show a job: its state, its videos and tasks, how far they are and how long they will take."""
    return JobStatus.of_view(jobs.job(job_id), jobs.has_package(job_id))


@router.get(
    "/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def stream_events(
    request: Request,
    job_id: KnownJobId,
    jobs: Jobs,
    since: Annotated[int, Query(description="only what came after the event with this id", ge=0, le=_LARGEST_ID)] = 0,
    follow: Annotated[bool, Query(description="stay until the job has ended")] = True,
    last_event_id: Annotated[
        Annotated[int, Field(ge=0, le=_LARGEST_ID)] | Literal[""],
        Header(description="like `since`; browsers send it when they reconnect"),
    ] = "",
) -> AsyncIterator[ServerSentEvent]:
    """Follow a job by server-sent events.

    The events are `job`, `task` and `message`, with an id and an object of `at`, `text` and `data`; after the last
    one comes `end`, with the state of the job. How many frames are done is in `GET /api/jobs/{job_id}`.
    """
    last_id = max(since, last_event_id or 0)
    while not request.app.state.stopping:
        try:
            # the state first: when it says that the job has ended, no event comes after those that are read now
            view = await to_thread.run_sync(jobs.job, job_id)
            events = await to_thread.run_sync(jobs.events, job_id, last_id)
        except NoSuchJob:
            return  # it was deleted meanwhile
        for event in events:
            last_id = event.id
            yield ServerSentEvent(event=event.kind, id=str(event.id), data=EventMessage.of(event))
        if not follow or view.job.state in ENDED:
            yield ServerSentEvent(event="end", data={"state": view.job.state})
            return
        await anyio.sleep(_EVENT_INTERVAL_S)


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
