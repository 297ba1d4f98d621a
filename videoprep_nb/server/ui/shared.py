"""What somebody sees who has a link to one job: plain HTML without scripts, and the files of its results.

The paths below a link are those of the API, so that the same pieces of HTML and the same reports fit in.
"""

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse

from videoprep_nb.server.api.results import package_answer, preview_answer, report_answer, reports_answer
from videoprep_nb.server.api.shares import shares_of
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.server_paths import ServerPaths
from videoprep_nb.server.security.shares import SHARED_PATH
from videoprep_nb.server.security.sharing import SharedJob
from videoprep_nb.server.ui.job_view import results_view
from videoprep_nb.server.ui.login import PLAIN_HEADERS
from videoprep_nb.server.ui.routes import STATIC_FOLDER, STYLES
from videoprep_nb.server.ui.templates import render

_COOKIE = "videoprep_share"
_READ = ["GET", "HEAD"]
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; frame-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)

router = APIRouter(prefix=SHARED_PATH + "{share_id}", include_in_schema=False)


def _shared_job(request: Request, share_id: str) -> SharedJob:
    return shares_of(request).open(request, share_id, request.cookies.get(_COOKIE, ""))


Shared = Annotated[SharedJob, Depends(_shared_job)]
"""The job of the link whose cookie the browser has."""


@router.get("")
def enter(request: Request, share_id: str, key: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Take the key out of the address, so that it stays in no history and no screenshot."""
    try:
        share = shares_of(request).enter(request, share_id, key).share
    except Refused as refusal:
        return _refused(refusal)
    response = RedirectResponse(f"{share.path}/", HTTPStatus.SEE_OTHER)
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        _COOKIE, key, expires=share.expires_at, path=share.path, httponly=True, samesite="lax", secure=is_secure
    )
    return response


@router.get("/")
def show(request: Request, share_id: str) -> Response:
    """Show what came out of the job."""
    try:
        shared = _shared_job(request, share_id)
    except Refused as refusal:
        return _refused(refusal)
    view = results_view(shared, shared.share.job_id)
    html = render("shared.html", style=_style(), expires_at=shared.share.expires_at, **view)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


@router.api_route("/api/jobs/{job_id}/package", methods=_READ)
@router.api_route("/api/jobs/{job_id}/final_package.zip", methods=_READ)
def fetch_package(job_id: str, shared: Shared) -> FileResponse:
    """Fetch the package."""
    return package_answer(shared, job_id)


@router.api_route("/api/jobs/{job_id}/reports/{name}", methods=_READ)
def fetch_report(job_id: str, name: str, shared: Shared) -> FileResponse:
    """Fetch a report."""
    return report_answer(shared, job_id, name)


@router.get("/api/jobs/{job_id}/reports.zip")
def fetch_all_reports(request: Request, job_id: str, shared: Shared) -> StreamingResponse:
    """Fetch all reports as one ZIP."""
    paths: ServerPaths = request.app.state.server_paths
    return reports_answer(shared, job_id, paths.hide)


@router.api_route("/api/jobs/{job_id}/preview/{name}", methods=_READ)
def fetch_preview(job_id: str, name: str, shared: Shared) -> FileResponse:
    """Fetch a preview video or image."""
    return preview_answer(shared, job_id, name)


def _refused(refusal: Refused) -> HTMLResponse:
    html = render("link_ended.html", message=str(refusal))
    return HTMLResponse(html, refusal.status, PLAIN_HEADERS | (refusal.headers or {}))


def _style() -> str:
    """The style of the page; without scripts, it is the browser that knows whether it is dark."""
    css = "".join((STATIC_FOLDER / name).read_text(encoding="utf-8") for name in STYLES)
    return re.sub(r"\.dark \{(.*?)\}", r"@media (prefers-color-scheme: dark) { :root {\1} }", css, flags=re.DOTALL)
