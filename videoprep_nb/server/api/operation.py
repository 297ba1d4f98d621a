"""Health, cleaning and metrics, for administrators."""

import shutil
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import videoprep_nb
from videoprep_nb.server.api.dependencies import Jobs
from videoprep_nb.server.api.schemas import Alive, Freed, Health, HealthDetails, Ready, Worker
from videoprep_nb.server.health import ALIVE, LIVE_PATH, READY_PATH, Readiness
from videoprep_nb.server.problems import Refused, problem_docs

_NOT_READY = "The service is not ready; whoever has logged in sees why."

router = APIRouter()


def _readiness(request: Request) -> Readiness:
    readiness: Readiness = request.app.state.readiness
    return readiness


ServiceReadiness = Annotated[Readiness, Depends(_readiness)]


@router.get(LIVE_PATH)
async def show_alive() -> Alive:
    """Answer while the process can, without database or workers; nobody has to log in."""
    return Alive(**ALIVE)


@router.get(READY_PATH, responses=problem_docs(HTTPStatus.SERVICE_UNAVAILABLE))
async def show_ready(request: Request, readiness: ServiceReadiness) -> Ready:
    """Answer 503 while the service cannot take jobs or work on them; nobody has to log in.

    The database must be writable, a worker connected, the disk not full, and the service not about to stop. Only who
    has logged in gets the reasons.
    """
    reasons = await readiness.wait_for_reasons()
    if reasons:
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, " ".join(reasons) if request.state.user else _NOT_READY)
    return Ready(ready=True)


@router.post("/api/clean", responses=problem_docs(HTTPStatus.FORBIDDEN))
def clean(jobs: Jobs) -> Freed:
    """Delete unused files; the service does this every hour as well. For admins."""
    report = jobs.clean()
    return Freed(freed_bytes=report.freed_bytes, items=report.items)


@router.get("/api/health")
def show_health(jobs: Jobs, readiness: ServiceReadiness) -> Health:
    """Show version, workers, jobs and disk, and whether the service is ready."""
    disk = shutil.disk_usage(jobs.workspace.path)
    reasons = readiness.reasons()
    return Health(
        version=videoprep_nb.__version__,
        ready=not reasons,
        reasons=reasons,
        workers=[Worker.of(worker) for worker in jobs.workers()],
        jobs=jobs.counts(),
        disk_total_bytes=disk.total,
        disk_free_bytes=disk.free,
        waiting=jobs.waiting(),
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
