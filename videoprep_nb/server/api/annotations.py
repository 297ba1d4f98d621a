"""The way back of a finished job: uploaded exports of CVAT become training data."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from videoprep_nb.jobs.annotations import ImportState
from videoprep_nb.server.api.dependencies import JobId, Jobs, KnownJobId
from videoprep_nb.server.api.downloads import file_docs
from videoprep_nb.server.api.results import REPORT_HEADERS
from videoprep_nb.server.api.schemas import JOB_ID
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs

_FILES = ("report.html", "training.zip")

router = APIRouter(prefix="/api")


class AnnotationFile(BaseModel):
    """A file to fetch."""

    name: str = Field(examples=[_FILES[0]])
    href: str = Field(description="where to fetch it", examples=[f"/api/jobs/{JOB_ID}/annotations/{_FILES[0]}"])


class AnnotationStatus(BaseModel):
    """The annotations of a job."""

    state: ImportState
    problem: str = Field(description="why the last import failed, in one sentence; empty otherwise", examples=[""])
    is_outdated: bool = Field(description="whether the files were made for an older package of the job")
    files: list[AnnotationFile] = Field(
        description="report and training data, of an older import while a newer one is under way; empty: none"
    )

    @classmethod
    def of(cls, job_id: str, jobs: UserJobs) -> "AnnotationStatus":
        """The annotations as the service knows them."""
        found = jobs.annotations(job_id)
        names = _FILES if found.has_result else ()
        files = [AnnotationFile(name=name, href=f"/api/jobs/{job_id}/annotations/{name}") for name in names]
        return cls(state=found.state, problem=found.problem, is_outdated=found.is_outdated, files=files)


class AnnotationRequest(BaseModel):
    """Exports of CVAT to import."""

    model_config = ConfigDict(extra="forbid")

    uploads: list[str] = Field(
        description="ids of complete uploads, XML or ZIP; the first one decides where votes are even",
        min_length=1,
        max_length=100,
        examples=[["0123456789abcdef0123456789abcdef"]],
    )
    labels: str = Field(
        "",
        description="labels.yaml as text, which numbers the actions; empty: as the exports name them",
        max_length=100_000,
        examples=["label: person\nattributes:\n  action: [stand, walk]\n"],
    )
    formats: list[str] = Field(["ava"], description="formats to write: ava, coco or cvat", max_length=10)


@router.get("/jobs/{job_id}/annotations", responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
def show_annotations(job_id: JobId, jobs: Jobs) -> AnnotationStatus:
    """Show whether annotations of a job that has ended are imported, and where report and training data are."""
    return AnnotationStatus.of(job_id, jobs)


@router.post(
    "/jobs/{job_id}/annotations",
    status_code=HTTPStatus.ACCEPTED,
    responses=problem_docs(
        HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INSUFFICIENT_STORAGE
    ),
)
def import_annotations(job_id: KnownJobId, request: AnnotationRequest, jobs: Jobs) -> AnnotationStatus:
    """Import uploaded exports of CVAT in the background; the uploads are deleted afterwards.

    What was imported before is replaced when the new training data is complete.
    """
    jobs.import_annotations(job_id, request.uploads, request.labels, request.formats)
    return AnnotationStatus.of(job_id, jobs)


@router.head("/jobs/{job_id}/annotations/report.html", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/annotations/report.html",
    response_class=FileResponse,
    responses=file_docs("the report", "text/html"),
)
def fetch_annotation_report(job_id: JobId, jobs: Jobs) -> FileResponse:
    """Fetch the report on the annotations of a job."""
    return FileResponse(jobs.annotation_report_path(job_id), media_type="text/html", headers=REPORT_HEADERS)


@router.head("/jobs/{job_id}/annotations/training.zip", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/annotations/training.zip",
    response_class=FileResponse,
    responses=file_docs("training data and report", "application/zip"),
)
def fetch_training_data(job_id: JobId, jobs: Jobs) -> FileResponse:
    """Fetch training data and report as one ZIP, as a whole or in ranges."""
    path = jobs.training_data_path(job_id)
    return FileResponse(path, media_type="application/zip", filename=f"training_{job_id}.zip")
