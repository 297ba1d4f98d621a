"""How the service is, over HTTP, for those who look after it."""

import shutil

from fastapi import APIRouter

import videoprep_nb
from videoprep_nb.web.dependencies import Jobs
from videoprep_nb.web.schemas import Freed, Health, Worker

router = APIRouter(prefix="/api")


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
