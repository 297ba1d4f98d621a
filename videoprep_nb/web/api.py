"""The REST API of a service: jobs in, progress, reports and packages out."""

import shutil
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import TypeAdapter, ValidationError

import videoprep_nb
from videoprep_nb.errors import NoSuchJob, ParameterError
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.settings import Settings, check_settings
from videoprep_nb.layout import PACKAGE_NAME
from videoprep_nb.web.access import UserJobs
from videoprep_nb.web.problems import problem_docs
from videoprep_nb.web.schemas import (
    JOB_ID,
    EventMessage,
    Freed,
    Health,
    JobList,
    JobStatus,
    JobSummary,
    Report,
    Submitted,
    Worker,
)
from videoprep_nb.web.uploads import Upload, announced_size, check_announced_size, received

# a report is shown like a page from a stranger: no scripts, no requests, no access to the rest of this site
REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    ),
    "X-Content-Type-Options": "nosniff",
}

_EVENT_INTERVAL_S = 0.5
_LARGEST_ID = 2**53
_MAX_CLIPS_PER_UNIT = 10_000
_BOOLEANS = {"true": True, "1": True, "on": True, "false": False, "0": False, "": False}
_SETTINGS = TypeAdapter(Settings)

_UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["videos"],
                    "properties": {
                        "videos": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "the raw videos, in the order that numbers them 1, 2, …",
                        },
                        "params": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "parameters that differ from the defaults, by stage and name",
                            "examples": ['{"clip": {"clip_duration_s": 10}}'],
                        },
                        "keep_scratch": {
                            "type": "boolean",
                            "default": False,
                            "description": "keep clips, frames, detections and tracks on the server",
                        },
                        "clips_per_unit": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": _MAX_CLIPS_PER_UNIT,
                            "default": 8,
                            "description": "a video of more clips is split over several units of work",
                        },
                    },
                },
                "encoding": {"videos": {"contentType": "application/octet-stream"}},
            }
        },
    }
}


def _jobs(request: Request) -> UserJobs:
    return UserJobs(request.app.state.service, request.state.user)


Jobs = Annotated[UserJobs, Depends(_jobs)]
JobId = Annotated[str, Path(description="the id of a job", examples=[JOB_ID], max_length=100)]

router = APIRouter(prefix="/api")


@router.post(
    "/jobs",
    status_code=HTTPStatus.ACCEPTED,
    responses={
        HTTPStatus.ACCEPTED: {"headers": {"Location": {"description": "the job", "schema": {"type": "string"}}}},
        **problem_docs(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.INSUFFICIENT_STORAGE,
        ),
    },
    openapi_extra=_UPLOAD_FORM,
)
async def submit_job(request: Request, response: Response, jobs: Jobs) -> Submitted:
    """Hand in videos; answered as soon as they have arrived, before any work on them.

    A video of 0 bytes, or one that is no video, fails alone: the others of its job are worked on. A form in which
    all are empty is refused.
    """
    check_announced_size(request, jobs.limits)
    await to_thread.run_sync(jobs.check_room, announced_size(request))
    async with received(request, jobs.workspace, jobs.limits) as upload:
        job_id = await to_thread.run_sync(_submit, jobs, upload)
    response.headers["Location"] = f"/api/jobs/{job_id}"
    return Submitted(job_id=job_id)


def _submit(jobs: UserJobs, upload: Upload) -> str:
    return jobs.submit(
        upload.videos,
        _params(upload.texts.get("params", "")),
        keep_scratch=_flag(upload.texts.get("keep_scratch", "")),
        clips_per_unit=_clips_per_unit(upload.texts.get("clips_per_unit", "")),
    )


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
    """Show a job: its state, its videos and units, how far they are and how long they will take."""
    return JobStatus.of_view(jobs.job(job_id), jobs.has_package(job_id))


def _known_job(job_id: JobId, jobs: Jobs) -> str:
    """Found to be missing before the answer has begun."""
    jobs.row(job_id)
    return job_id


@router.get(
    "/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def stream_events(
    request: Request,
    job_id: Annotated[str, Depends(_known_job)],
    jobs: Jobs,
    since: Annotated[int, Query(description="only what came after the event with this id", ge=0, le=_LARGEST_ID)] = 0,
    follow: Annotated[bool, Query(description="stay until the job has ended")] = True,
    last_event_id: Annotated[
        int | None, Header(description="like `since`; browsers send it when they reconnect", ge=0, le=_LARGEST_ID)
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a job by server-sent events.

    The events are `job`, `unit` and `message`, with an id and an object of `at`, `text` and `data`; after the last
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
    return Submitted(job_id=job_id)


@router.post(
    "/jobs/{job_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def retry_job(job_id: JobId, jobs: Jobs) -> Submitted:
    """Work again on a job that failed, was cancelled or has errors; only what is missing is done."""
    jobs.retry(job_id)
    return Submitted(job_id=job_id)


@router.delete(
    "/jobs/{job_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def delete_job(job_id: JobId, jobs: Jobs) -> None:
    """Delete a job that has ended, with all its files."""
    jobs.delete(job_id)


@router.get(
    "/jobs/{job_id}/package",
    response_class=FileResponse,
    responses={
        HTTPStatus.OK: {"content": {"application/zip": {}}, "description": "the package"},
        HTTPStatus.PARTIAL_CONTENT: {"content": {"application/zip": {}}, "description": "the range asked for"},
        **problem_docs(HTTPStatus.NOT_FOUND),
    },
)
def fetch_package(job_id: JobId, jobs: Jobs) -> FileResponse:
    """Fetch the package, as a whole or in ranges."""
    name = f"{PACKAGE_NAME.removesuffix('.zip')}_{job_id}.zip"
    return FileResponse(jobs.package_path(job_id), media_type="application/zip", filename=name)


@router.get("/jobs/{job_id}/reports", responses=problem_docs(HTTPStatus.NOT_FOUND))
def list_reports(job_id: JobId, jobs: Jobs) -> list[Report]:
    """List the reports of a job; `index.html` leads through the others."""
    names = jobs.report_names(job_id)
    return [Report(name=name, href=f"/api/jobs/{job_id}/reports/{name}") for name in names]


@router.get(
    "/jobs/{job_id}/reports/{name}",
    response_class=FileResponse,
    responses={
        HTTPStatus.OK: {"content": {"text/html": {}, "application/x-ipynb+json": {}}, "description": "the report"},
        **problem_docs(HTTPStatus.NOT_FOUND),
    },
)
def fetch_report(
    job_id: JobId,
    name: Annotated[str, Path(description="its file name", examples=["index.html"], max_length=200)],
    jobs: Jobs,
) -> FileResponse:
    """Fetch a report: a page to show, or a notebook to save."""
    path = jobs.report_path(job_id, name)
    if path.suffix == ".html":
        return FileResponse(path, media_type="text/html", headers=REPORT_HEADERS)
    return FileResponse(path, media_type="application/x-ipynb+json", headers=REPORT_HEADERS, filename=path.name)


@router.post("/clean")
def clean(jobs: Jobs) -> Freed:
    """Delete what is no longer needed; the service does so every hour by itself."""
    report = jobs.clean()
    return Freed(freed_bytes=report.freed_bytes, items=report.items)


@router.get("/health")
def show_health(jobs: Jobs) -> Health:
    """Say how the service is."""
    disk = shutil.disk_usage(jobs.workspace.path)
    return Health(
        version=videoprep_nb.__version__,
        workers=[Worker.model_validate(worker) for worker in jobs.workers()],
        jobs=jobs.counts(),
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
    )


def _params(text: str) -> Settings:
    try:
        return check_settings(_SETTINGS.validate_json(text or "{}"))
    except ValidationError as error:
        found = error.errors()[0]["msg"]
        raise ParameterError("params", f'wanted JSON such as {{"clip": {{"clip_duration_s": 10}}}} ({found})') from None


def _flag(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ParameterError("keep_scratch", f"wanted true or false, found {text[:100]!r}")
    return _BOOLEANS[text.lower()]


def _clips_per_unit(text: str) -> int:
    if not text:
        return 8
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 5 and 1 <= int(text) <= _MAX_CLIPS_PER_UNIT):
        raise ParameterError("clips_per_unit", f"wanted 1 to {_MAX_CLIPS_PER_UNIT}, found {text[:100]!r}")
    return int(text)
