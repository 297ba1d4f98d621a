"""The built-in sample, for whoever tries the service before they have a video at hand."""

from http import HTTPStatus
from pathlib import Path

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Request

from videoprep_nb.core.layout import staging_path
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.server.api.dependencies import InspectionsForAll, Jobs
from videoprep_nb.server.api.schemas import UploadStatus
from videoprep_nb.server.problems import problem_docs
from videoprep_nb.server.security.access import UserJobs

_NAME = "sample.mp4"

router = APIRouter(prefix="/api")


@router.post(
    "/sample",
    status_code=HTTPStatus.CREATED,
    responses=problem_docs(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INSUFFICIENT_STORAGE
    ),
)
async def make_sample(request: Request, jobs: Jobs, inspections: InspectionsForAll) -> UploadStatus:
    """Get a sample video with people as an upload of your own; nothing is sent, and it takes some seconds."""
    folder = staging_path(jobs.workspace.new_upload_path())
    folder.mkdir()
    try:
        file = folder / _NAME
        await inspections.write_sample(file, jobs.user.user_id, request)
        return await to_thread.run_sync(_take_over, jobs, file)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(remove_tree, jobs.workspace, folder)


def _take_over(jobs: UserJobs, file: Path) -> UploadStatus:
    info = jobs.uploads.take_over(_NAME, file)
    return UploadStatus.of(jobs.uploads.get(info.upload_id))
