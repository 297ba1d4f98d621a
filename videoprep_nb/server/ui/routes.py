"""What the page's own scripts ask for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.models import State
from videoprep_nb.server.api.dependencies import Jobs
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.ui.compare_view import compare_view
from videoprep_nb.server.ui.health_view import health_view
from videoprep_nb.server.ui.job_view import job_view
from videoprep_nb.server.ui.jobs_view import JobsQuery, jobs_view
from videoprep_nb.server.ui.live import Fragments, LiveViews
from videoprep_nb.server.ui.templates import render

STATIC_FOLDER = Path(__file__).parent / "static"
STYLES = ("page.css", "parts.css", "jobs.css", "compare.css")
_LARGEST_PAGE = 10**9

router = APIRouter(prefix="/page", include_in_schema=False)


def _live_views(request: Request) -> LiveViews:
    views: LiveViews = request.app.state.live_views
    return views


@router.get("/header")
def show_header(request: Request) -> HTMLResponse:
    """The top of the page, with what its user may see."""
    return HTMLResponse(render("header.html", user=request.state.user), headers={"Cache-Control": "no-store"})


@router.get("/live")
async def show_changes(
    request: Request,
    jobs: Jobs,
    views: Annotated[LiveViews, Depends(_live_views)],
    view: Literal["jobs", "job", "compare", "health"],
    since: Annotated[int, Query(ge=0)] = 0,
    job: Annotated[str, Query(max_length=100)] = "",
    other: Annotated[str, Query(alias="with", max_length=100)] = "",
    state: State | Literal[""] = "",
    search: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=0, le=_LARGEST_PAGE)] = 0,
) -> Response:
    """The pieces of a view that have changed since a version, 204 when none has."""
    query = JobsQuery(state or None, search.strip(), page)
    renders: dict[str, Callable[[], Fragments]] = {
        "jobs": partial(jobs_view, jobs, query),
        "job": partial(job_view, jobs, job, request.app.state.shares),
        "compare": partial(compare_view, jobs, job, other),
        "health": partial(health_view, jobs, request.app.state.checkup, request.app.state.readiness),
    }
    shown = {"jobs": query, "job": job, "compare": (job, other), "health": None}[view]
    changes = await views.changes((jobs.user, view, shown), partial(_pieces_or_problem, renders[view]), since)
    return Response(changes, media_type="application/json") if changes else Response(status_code=204)


def _pieces_or_problem(make: Callable[[], Fragments]) -> Fragments:
    """The pieces of a view, or the reason why there are none."""
    try:
        return make()
    except (NoSuchJob, Refused) as error:
        return {"problem": render("problem.html", message=str(error))}
