"""Submission of jobs: a form that contains the videos, or JSON that names videos on the server."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.file_names import display_name
from videoprep_nb.core.text import quoted
from videoprep_nb.jobs.models import JobAbout
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.media.inspection import Inspection
from videoprep_nb.server.api.dependencies import InspectionsForAll, Jobs
from videoprep_nb.server.api.schemas import ImportFile, JobRequest, Submitted
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.uploads.form import (
    Upload,
    announced_size,
    check_announced_size,
    content_type,
    read_small,
    received,
)
from videoprep_nb.server.uploads.old_fields import old_options

_MAX_JSON_BYTES = 1024 * 1024


def _inlined_schema() -> dict[str, Any]:
    """The schema of a job request in one piece, as it stands alone in the document."""
    schema = JobRequest.model_json_schema()
    schema["properties"]["videos"]["items"] = schema.pop("$defs")["VideoSource"]
    return schema


_UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _inlined_schema()},
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
                        "options": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "how the job is run",
                            "examples": ['{"keep_scratch": true}'],
                        },
                        **JobAbout.model_json_schema()["properties"],
                    },
                },
                "encoding": {"videos": {"contentType": "application/octet-stream"}},
            },
        },
    }
}

_Model = TypeVar("_Model", bound=BaseModel)

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
    """Submit videos; answered as soon as they have arrived, before any processing.

    A form contains the videos. JSON names complete uploads and files in the import folders.

    A file of 0 bytes, or one that is not a video, fails alone: the other videos of the job are processed. A form in
    which all files are empty is refused.
    """
    submit = _submit_sources if content_type(request) == b"application/json" else _submit_form
    job_id = await submit(request, jobs)
    response.headers["Location"] = f"/api/jobs/{job_id}"
    return Submitted.of(await to_thread.run_sync(jobs.row, job_id))


async def _submit_sources(request: Request, jobs: UserJobs) -> str:
    try:
        submission = JobRequest.model_validate_json(await read_small(request, _MAX_JSON_BYTES))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    return await to_thread.run_sync(_queue_sources, jobs, submission)


def _queue_sources(jobs: UserJobs, submission: JobRequest) -> str:
    return jobs.submit_sources(submission.videos, submission.params, submission.options, submission.about)


async def _submit_form(request: Request, jobs: UserJobs) -> str:
    check_announced_size(request, jobs.limits)
    await to_thread.run_sync(jobs.check_room, announced_size(request))
    async with received(request, jobs.workspace, jobs.limits, jobs.check_free) as upload:
        return await to_thread.run_sync(_queue_form, jobs, upload)


def _queue_form(jobs: UserJobs, upload: Upload) -> str:
    return jobs.submit(
        upload.videos,
        _read_field(JobParams, upload.texts, "params", '{"clip": {"clip_duration_s": 10}}'),
        _options_of(upload.texts),
        _about_of(upload.texts),
    )


@router.get("/imports", responses=problem_docs(HTTPStatus.BAD_REQUEST))
def list_imports(
    jobs: Jobs,
    path: Annotated[str | None, Query(description="a folder; omitted: all import folders", max_length=4096)] = None,
) -> list[ImportFile]:
    """List an import folder on the server, folders first. Its videos need no upload."""
    return [ImportFile.of(entry) for entry in jobs.imports.entries(path)]


@router.get("/imports/probe", responses=problem_docs(HTTPStatus.BAD_REQUEST, HTTPStatus.TOO_MANY_REQUESTS))
async def probe_import(
    request: Request,
    jobs: Jobs,
    inspections: InspectionsForAll,
    path: Annotated[str, Query(description="a file", max_length=4096)],
) -> Inspection:
    """Inspect a file on the server; the answer has a thumbnail."""
    file = await to_thread.run_sync(jobs.imports.file, path)
    found = await inspections.inspect(file, display_name(file.name), jobs.user.user_id, request)
    if not found.problem:
        await to_thread.run_sync(jobs.note_length, file, found)
    return found


def _about_of(texts: Mapping[str, str]) -> JobAbout:
    try:
        return JobAbout.model_validate({name: texts[name] for name in JobAbout.model_fields if name in texts})
    except ValidationError as error:
        first = error.errors()[0]
        raise ParameterError(str(first["loc"][0]), first["msg"]) from None


def _options_of(texts: Mapping[str, str]) -> JobOptions:
    options = _read_field(JobOptions, texts, "options", '{"keep_scratch": true}')
    try:
        return JobOptions.model_validate(old_options(texts) | options.model_dump(exclude_unset=True))
    except ValidationError as error:
        first = error.errors()[0]
        raise ParameterError(str(first["loc"][0]), f"got {quoted(first['input'])}; {first['msg']}") from None


def _read_field(model: type[_Model], texts: Mapping[str, str], name: str, example: str) -> _Model:
    """A text field of the form that holds JSON; the defaults when it was not sent."""
    try:
        return model.model_validate_json(texts.get(name) or "{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or name
        raise ParameterError(place, f"{first['msg']}; expected JSON such as {example} in the field {name}") from None
