"""Results of a job: package, reports, preview videos and images."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, StreamingResponse

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.jobs.reports.links import without_moments
from videoprep_nb.server.api.dependencies import JobId, Jobs
from videoprep_nb.server.api.downloads import file_docs
from videoprep_nb.server.api.schemas import PreviewFile, Report
from videoprep_nb.server.api.zip_stream import zip_pieces
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.reading import JobReader
from videoprep_nb.server.security.server_paths import ServerPaths

# A report is shown like a page from a stranger: no scripts, no forms, no requests. allow-same-origin lets browsers send
# the session along when a link in a framed report is followed; where nothing runs it gives away nothing.
REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-same-origin allow-downloads; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "font-src data:; frame-ancestors 'self'"
    ),
}
_PREVIEW_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}

router = APIRouter(prefix="/api")


# reports link to the package beside them, by its own name
@router.get("/jobs/{job_id}/final_package.zip", include_in_schema=False)
@router.head("/jobs/{job_id}/package", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/package",
    response_class=FileResponse,
    responses=file_docs("the package", "application/zip"),
)
def fetch_package(job_id: JobId, jobs: Jobs) -> FileResponse:
    """Fetch the package, as a whole or in ranges."""
    return package_answer(jobs, job_id)


def package_answer(jobs: JobReader, job_id: str) -> FileResponse:
    """The package of a job, to be saved under a name of its own."""
    name = f"{PACKAGE_NAME.removesuffix('.zip')}_{job_id}.zip"
    return FileResponse(jobs.package_path(job_id), media_type="application/zip", filename=name)


@router.get("/jobs/{job_id}/reports", responses=problem_docs(HTTPStatus.NOT_FOUND))
def list_reports(job_id: JobId, jobs: Jobs) -> list[Report]:
    """List the reports of a job; `index.html` leads through the others."""
    names = jobs.report_names(job_id)
    return [Report(name=name, href=f"/api/jobs/{job_id}/reports/{name}") for name in names]


@router.head("/jobs/{job_id}/reports/{name}", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/reports/{name}",
    response_class=FileResponse,
    responses=file_docs("the report", "text/html", "application/x-ipynb+json"),
)
def fetch_report(
    job_id: JobId,
    name: Annotated[str, Path(description="its file name", examples=["index.html"], max_length=200)],
    jobs: Jobs,
) -> FileResponse:
    """Fetch a report: a page to show, or a notebook to save."""
    return report_answer(jobs, job_id, name)


def report_answer(jobs: JobReader, job_id: str, name: str) -> FileResponse:
    """A report of a job, in a sandbox."""
    path = jobs.report_path(job_id, name)
    if path.suffix == ".html":
        return FileResponse(path, media_type="text/html", headers=REPORT_HEADERS)
    return FileResponse(path, media_type="application/x-ipynb+json", headers=REPORT_HEADERS, filename=path.name)


@router.get(
    "/jobs/{job_id}/reports.zip",
    response_class=StreamingResponse,
    responses=file_docs("all reports", "application/zip", ranges=False),
)
def fetch_all_reports(request: Request, job_id: JobId, jobs: Jobs) -> StreamingResponse:
    """Fetch all reports as one ZIP; it is made while it is sent."""
    paths: ServerPaths = request.app.state.server_paths
    return reports_answer(jobs, job_id, bytes if jobs.user.is_admin else paths.hide)


def reports_answer(jobs: JobReader, job_id: str, change: Callable[[bytes], bytes]) -> StreamingResponse:
    """All reports of a job as a ZIP.

    Args:
        jobs: Who may see the job.
        job_id: The job.
        change: What becomes of the content of a report.
    """
    # in a folder, as in the folder of a run by hand
    change_text = partial(_alone, change)
    files = {f"reports/{name}": jobs.report_path(job_id, name) for name in jobs.report_names(job_id)}
    if not files:
        raise NoSuchJob(f"{jobs.row(job_id).title} has no reports (yet).")
    headers = {"Content-Disposition": f'attachment; filename="reports_{job_id}.zip"'}
    return StreamingResponse(zip_pieces(files, change_text), media_type="application/zip", headers=headers)


def _alone(change: Callable[[bytes], bytes], content: bytes) -> bytes:
    """A report as it leaves the server without the preview videos."""
    return change(without_moments(content))


@router.get("/jobs/{job_id}/preview", responses=problem_docs(HTTPStatus.NOT_FOUND))
def list_previews(job_id: JobId, jobs: Jobs) -> list[PreviewFile]:
    """List the preview videos and images of the result so far.

    `1.mp4` is video 1 with its tracks, `1.jpg` its latest tracked frame, `1_2.jpg` the second of its sample frames.
    """
    names = jobs.preview_names(job_id)
    return [PreviewFile(name=name, href=f"/api/jobs/{job_id}/preview/{name}") for name in names]


@router.head("/jobs/{job_id}/preview/{name}", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/preview/{name}",
    response_class=FileResponse,
    responses=file_docs("the video or image", *_PREVIEW_TYPES.values()),
)
def fetch_preview(
    job_id: JobId,
    name: Annotated[str, Path(description="its file name", examples=["1.mp4"], max_length=200)],
    jobs: Jobs,
) -> FileResponse:
    """Fetch a preview video or image, as a whole or in ranges; the latest frame changes while the job runs."""
    return preview_answer(jobs, job_id, name)


def preview_answer(jobs: JobReader, job_id: str, name: str) -> FileResponse:
    """A preview video or image of a job."""
    path = jobs.preview_path(job_id, name)
    return FileResponse(path, media_type=_PREVIEW_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})
