"""Fixtures that several tests of jobs share."""

from pathlib import Path

import pytest

from tests.support.job_services import CLIP_DURATION_S, NO_LIMITS, quick_settings, submit, wait_until
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import JobView, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample


@pytest.fixture
def no_video(tmp_path: Path) -> Path:
    """A file whose first task fails, which is quick."""
    path = tmp_path / "no video.mp4"
    path.write_bytes(b"This is no video." * 1000)
    return path


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that becomes two clips."""
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=3.0)
    return path


@pytest.fixture(scope="session")
def undisturbed(video: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[JobView], Path]:
    """A job whose video is not split: how it went, and its package."""
    workspace = Workspace(tmp_path_factory.mktemp("undisturbed"))
    with Service(workspace, EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, video, params=quick_settings(CLIP_DURATION_S))
        views: list[JobView] = []

        def has_ended() -> bool:
            views.append(service.job(job_id))
            return views[-1].job.state in ENDED

        assert wait_until(has_ended)
        assert views[-1].job.state is State.DONE, views[-1].job.message
        return views, service.package_path(job_id)
