"""Trouble of the machine in the middle of real jobs: they go on, or fail with the true reason."""

import resource
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.support.job_services import (
    IN_THIS_PROCESS,
    NO_LIMITS,
    package_content,
    quick_settings,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow

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


def is_running(service: Service, job_id: str, key: str) -> bool:
    task = tasks_of(service, job_id).get(key)
    return task is not None and task.state is State.RUNNING


@pytest.mark.exhaustive
def test_database_that_another_program_holds(
    service: Service, video: Path, undisturbed: tuple[bytes, dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("videoprep_nb.jobs.store.database._BUSY_TIMEOUT_S", 0.2)
    job_id = submit(service, video, params=quick_settings())
    assert wait_until(lambda: is_running(service, job_id, RESIZE))
    with closing(sqlite3.connect(service.workspace.database)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        time.sleep(5.0)
        assert service.job(job_id).job.state is State.RUNNING
        holder.rollback()
    view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    assert package_content(service.package_path(job_id)) == undisturbed


@pytest.mark.exhaustive
def test_database_that_another_program_holds_for_long(service: Service, video: Path):
    job_id = submit(service, video, params=quick_settings())
    assert wait_until(lambda: is_running(service, job_id, RESIZE))
    with closing(sqlite3.connect(service.workspace.database)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        time.sleep(30.0)
        holder.rollback()
    assert wait_for_end(service, job_id).job.state is State.DONE


def test_no_free_file_descriptor(service: Service, video: Path, undisturbed: tuple[bytes, dict[str, list[str]]]):
    """In the process of the service, whose worker is a thread of it, while one task ends and the next one begins."""
    job_id = submit(service, video, params=quick_settings())
    assert wait_until(lambda: is_running(service, job_id, RESIZE))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # those that are open stay so
    try:
        assert wait_until(service.waiting, 60)
        [sentence] = service.waiting()
        assert "Waiting for the machine: " in sentence
        assert "Too many open files" in sentence
        assert service.job(job_id).job.message == sentence.partition(": ")[2]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    assert package_content(service.package_path(job_id)) == undisturbed
    assert service.waiting() == []


@pytest.mark.exhaustive
def test_workspace_that_is_gone_for_a_while(
    service: Service, video: Path, undisturbed: tuple[bytes, dict[str, list[str]]]
):
    job_id = submit(service, video, params=quick_settings())
    assert wait_until(lambda: is_running(service, job_id, "04_track_persons_1"))
    jobs, elsewhere = service.workspace.jobs_dir, service.workspace.path / "elsewhere"
    jobs.rename(elsewhere)
    try:
        assert wait_until(service.waiting, 60)
    finally:
        shutil.rmtree(jobs, ignore_errors=True)  # a notebook that was running may have written into an empty place
        elsewhere.rename(jobs)
    view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    assert package_content(service.package_path(job_id)) == undisturbed
