"""Frames of a video that may be submitted later: an upload, or a file on the server."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field

from videoprep_nb.core.errors import ParameterError, WrongState
from videoprep_nb.core.file_names import display_name
from videoprep_nb.media.upload_frames import SampleFrames
from videoprep_nb.server.api.dependencies import InspectionsForAll, Jobs
from videoprep_nb.server.api.estimate import check_params
from videoprep_nb.server.problems import problem_docs

_MAX_FRAMES = 24
_MAX_SAMPLES = 3
_DOCS = problem_docs(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY)
_UPLOAD_DOCS = problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) | _DOCS
_IMPORT_DOCS = problem_docs(HTTPStatus.BAD_REQUEST) | _DOCS

router = APIRouter(prefix="/api")

File = tuple[Path, str]
"""A file and its name for people."""


def _uploaded(
    upload_id: Annotated[str, PathParameter(description="the id of an upload", max_length=100)], jobs: Jobs
) -> File:
    upload = jobs.uploads.get(upload_id)
    if not upload.is_complete:
        raise WrongState(f"The upload of {upload.info.name} is not complete; wait for it.")
    return upload.path, upload.info.name


def _imported(path: Annotated[str, Query(description="a file", max_length=4096)], jobs: Jobs) -> File:
    file = jobs.imports.file(path)
    return file, display_name(file.name)


Uploaded = Annotated[File, Depends(_uploaded)]
Imported = Annotated[File, Depends(_imported)]


class FramesQuery(BaseModel):
    """Which frames."""

    at_s: list[Annotated[float, Field(ge=0, le=1e9)]] = Field(
        [0.0], max_length=_MAX_FRAMES, description="seconds after the first frame", examples=[[1.5]]
    )
    is_exact: bool = Field(False, description="large images of just these frames; otherwise thumbnails from near by")


@router.get("/uploads/{upload_id}/frames", responses=_UPLOAD_DOCS)
async def show_frames_of_upload(
    request: Request, file: Uploaded, jobs: Jobs, inspections: InspectionsForAll, query: Annotated[FramesQuery, Query()]
) -> SampleFrames:
    """Show frames of an uploaded file; the rest of it is not decoded."""
    return await _frames(request, file, jobs, inspections, query)


@router.get("/imports/frames", responses=_IMPORT_DOCS)
async def show_frames_of_import(
    request: Request, file: Imported, jobs: Jobs, inspections: InspectionsForAll, query: Annotated[FramesQuery, Query()]
) -> SampleFrames:
    """Show frames of a file on the server."""
    return await _frames(request, file, jobs, inspections, query)


async def _frames(
    request: Request, file: File, jobs: Jobs, inspections: InspectionsForAll, query: FramesQuery
) -> SampleFrames:
    path, name = file
    owner = jobs.user.user_id
    return await inspections.frames(path, name, query.at_s, is_exact=query.is_exact, owner=owner, request=request)


class DetectionsRequest(BaseModel):
    """Where to detect people, and how."""

    at_s: list[Annotated[float, Field(ge=0, le=1e9)]] = Field(
        min_length=1, max_length=_MAX_SAMPLES, description="seconds after the first frame", examples=[[1.5]]
    )
    params: dict[str, Any] = Field({}, description="parameters of the job, by stage and name")


@router.post(
    "/uploads/{upload_id}/detections", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) | _DOCS
)
async def detect_in_upload(
    request: Request, file: Uploaded, jobs: Jobs, inspections: InspectionsForAll, asked: DetectionsRequest
) -> SampleFrames:
    """Detect people in some frames of an uploaded file, as a job with these parameters would; boxes are drawn."""
    return await _detections(request, file, jobs, inspections, asked)


@router.post("/imports/detections", responses=_IMPORT_DOCS)
async def detect_in_import(
    request: Request, file: Imported, jobs: Jobs, inspections: InspectionsForAll, asked: DetectionsRequest
) -> SampleFrames:
    """Detect people in some frames of a file on the server."""
    return await _detections(request, file, jobs, inspections, asked)


async def _detections(
    request: Request, file: File, jobs: Jobs, inspections: InspectionsForAll, asked: DetectionsRequest
) -> SampleFrames:
    checked = await to_thread.run_sync(check_params, asked.params, jobs)
    for problem in checked.problems:
        raise ParameterError(problem.field, problem.detail)
    path, name = file
    owner = jobs.user.user_id
    return await inspections.samples(path, name, asked.at_s, checked.params, owner=owner, request=request)
