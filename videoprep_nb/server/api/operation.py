"""Health, cleaning and metrics, for administrators."""

import shutil
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import videoprep_nb
from videoprep_nb.server.api.dependencies import Jobs
from videoprep_nb.server.api.schemas import Freed, Health, HealthDetails, Worker
from videoprep_nb.server.problems import problem_docs

router = APIRouter()


@router.post("/api/clean", responses=problem_docs(HTTPStatus.FORBIDDEN))
def clean(jobs: Jobs) -> Freed:
    """Delete unused files; the service does this every hour as well. For admins."""
    report = jobs.clean()
    return Freed(freed_bytes=report.freed_bytes, items=report.items)


@router.get("/api/health")
def show_health(jobs: Jobs) -> Health:
    """Show version, workers, jobs and disk."""
    disk = shutil.disk_usage(jobs.workspace.path)
    return Health(
        version=videoprep_nb.__version__,
        workers=[Worker.of(worker) for worker in jobs.workers()],
        jobs=jobs.counts(),
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
    )


@router.get("/api/health/details", responses=problem_docs(HTTPStatus.FORBIDDEN))
def show_health_details(request: Request, jobs: Jobs) -> HealthDetails:
    """Show the checks of the machine, at most ten minutes old, and the use of the disk. For admins."""
    jobs.check_admin()
    return HealthDetails.of(request.app.state.checkup.result(), jobs.disk_usage(), jobs.notices())


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        HTTPStatus.OK: {"content": {"text/plain": {}}, "description": "measurements for Prometheus"},
        **problem_docs(HTTPStatus.FORBIDDEN),
    },
)
def show_metrics(request: Request, jobs: Jobs) -> Response:
    """Measure the service, in the text format of Prometheus. For admins, and so for programs with their token."""
    jobs.check_admin()
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
