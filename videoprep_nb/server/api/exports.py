"""The result of a job in further formats: what there is, writing one, fetching it."""

from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from videoprep_nb.exports.registry import EXPORTERS
from videoprep_nb.jobs.exports import ExportState, JobExport
from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.api.downloads import file_docs
from videoprep_nb.server.api.schemas import JOB_ID
from videoprep_nb.server.problems import problem_docs

_EXAMPLE = next(iter(EXPORTERS.values()))()
"""A format for examples."""

_OptionName = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]

router = APIRouter(prefix="/api")


class ExportStatus(BaseModel):
    """A format of a job."""

    format: str = Field(examples=[_EXAMPLE.name])
    title: str = Field(description="its name for people", examples=[_EXAMPLE.title])
    help: str = Field(description="what it is, in one line")
    state: ExportState
    file_name: str = Field(
        description="the file to fetch, an older one while the format is written again; empty if there is none",
        examples=[_EXAMPLE.download_name],
    )
    href: str = Field(
        description="where to fetch it; empty if there is none",
        examples=[f"/api/jobs/{JOB_ID}/exports/{_EXAMPLE.download_name}"],
    )
    size_bytes: int = Field(description="size of the file", examples=[73_400_320])
    problem: str = Field(
        description="why it failed or is not possible, in one sentence; empty otherwise", examples=[""]
    )

    @classmethod
    def of(cls, job_id: str, export: JobExport) -> "ExportStatus":
        """The format as the service knows it."""
        values = {name: value for name, value in vars(export).items() if name in cls.model_fields}
        href = f"/api/jobs/{job_id}/exports/{export.file_name}" if export.file_name else ""
        return cls.model_validate({"format": export.name, "href": href, **values})


class ExportRequest(BaseModel):
    """A format to write."""

    model_config = ConfigDict(extra="forbid")

    format: str = Field(description="its name", max_length=100, examples=[_EXAMPLE.name])
    labels: str = Field(
        "",
        description="labels and attributes for annotation tools, as YAML; empty: those of the job",
        max_length=100_000,
        examples=["label: person\nattributes:\n  action: [stand, walk]\n"],
    )
    options: dict[_OptionName, str | int | float | bool] = Field(
        {}, description="options of the format that differ from the defaults, by name", max_length=100, examples=[{}]
    )


@router.get("/jobs/{job_id}/exports", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
def list_exports(job_id: JobId, jobs: Jobs) -> list[ExportStatus]:
    """List the formats of a job that has ended: what is written, being written, or can be written."""
    return [ExportStatus.of(job_id, export) for export in jobs.exports(job_id)]


@router.post(
    "/jobs/{job_id}/exports",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(
        HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INSUFFICIENT_STORAGE
    ),
)
def write_export(job_id: KnownJobId, request: ExportRequest, jobs: Jobs) -> ExportStatus:
    """Write a format of a job that has ended. It is written in the background; follow it in the list.

    A format that was written before is replaced when the new one is complete.
    """
    jobs.start_export(job_id, request.format, request.labels, request.options)
    export = next(export for export in jobs.exports(job_id) if export.name == request.format)
    return ExportStatus.of(job_id, export)


@router.head("/jobs/{job_id}/exports/{name}", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/exports/{name}",
    response_class=FileResponse,
    responses=file_docs("the file", "application/octet-stream"),
)
def fetch_export(
    job_id: JobId,
    name: Annotated[
        str, Path(description="its file name", examples=[_EXAMPLE.download_name], min_length=1, max_length=200)
    ],
    jobs: Jobs,
) -> FileResponse:
    """Fetch the file of a format, as a whole or in ranges."""
    path = jobs.export_path(job_id, name)
    saved_as = PurePath(name).with_stem(f"{PurePath(name).stem}_{job_id}").name
    return FileResponse(path, media_type="application/octet-stream", filename=saved_as)
