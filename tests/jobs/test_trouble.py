"""Trouble of the machine in the middle of real jobs: they go on, or fail with the true reason."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.job_services import (
    NO_LIMITS,
    package_content,
    quick_settings,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow

IN_THIS_PROCESS = EngineSettings(worker_count=1, separate_processes=False)
RESIZE = "01_resize_1"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=2.0)
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(Workspace(tmp_path_factory.mktemp("workspace")), IN_THIS_PROCESS, NO_LIMITS) as service:
        yield service


@pytest.fixture(scope="module")
def undisturbed(service: Service, video: Path) -> tuple[bytes, dict[str, list[str]]]:
    job_id = submit(service, video, params=quick_settings())
    assert wait_for_end(service, job_id).job.state is State.DONE
    return package_content(service.package_path(job_id))


def kill_readers(count: int) -> None:
    """Kill the processes that read a raw video, as many as come."""
    for _ in range(count):
        assert wait_until(kill_a_reader)


def kill_a_reader() -> bool:
    for child in psutil.Process().children(recursive=True):
        try:
            if "videoprep_nb.media.raw.child" in child.cmdline() and "convert" in child.cmdline():
                child.kill()
                child.wait(10)
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def test_reader_that_is_killed_once(service: Service, video: Path, undisturbed: tuple[bytes, dict[str, list[str]]]):
    job_id = submit(service, video, params=quick_settings())
    kill_readers(1)
    view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    assert tasks_of(service, job_id)[RESIZE].attempt == 2
    assert package_content(service.package_path(job_id)) == undisturbed
    [reason] = [event.text for event in service.events(job_id) if "SIGKILL" in event.text]
    assert "persons.mp4 was ended by signal 9" in reason


def test_reader_that_is_killed_each_time(service: Service, video: Path):
    job_id = submit(service, video, params=quick_settings())
    kill_readers(2)
    view = wait_for_end(service, job_id)
    assert view.job.state is State.FAILED
    assert "The process that reads persons.mp4 was ended by signal 9 (SIGKILL)" in view.job.message
    assert tasks_of(service, job_id)[RESIZE].attempt == 2
