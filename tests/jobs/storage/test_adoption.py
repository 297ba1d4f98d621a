"""A database that was lost, emptied or is older than the folders: nothing is deleted, and the jobs come back."""

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.job_services import NO_LIMITS
from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED, JobResult, JobSpec, State, TaskResult, VideoInput
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store

NOBODY_WORKS = EngineSettings(scheduler="tcp://127.0.0.1:9")
STRANGE_ID = "20260131-fedcba9876543210"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def service_of(workspace: Workspace) -> Service:
    return Service(workspace, NOBODY_WORKS, NO_LIMITS)


def submit_upload(service: Service, owner: str, options: JobOptions | None = None) -> str:
    upload = service.workspace.new_upload_path()
    upload.mkdir()
    (upload / "claimed.bin").write_bytes(bytes(1000))
    return service.submit([("Über.mp4", upload / "claimed.bin")], options=options, owner=owner)


def end(service: Service, job_id: str, state: State, message: str = "") -> None:
    """Files and rows of a job that has ended, as a dispatcher leaves them."""
    folder = service.workspace.job_folder(job_id)
    ended_at = datetime.now(UTC)
    report = "01_resize_1.ipynb"
    (folder.reports / report).write_text("{}")
    if state is State.DONE:
        folder.package.write_bytes(b"package of " + job_id.encode())
    tasks = [TaskResult(stage="resize", video_id="1", state=state, message=message, elapsed_s=2, report=report)]
    JobResult(
        job_id=job_id,
        state=state,
        message=message,
        folder=folder.path,
        package=folder.package if folder.package.exists() else None,
        videos=[],
        tasks=tasks,
        elapsed_s=5,
        ended_at=ended_at,
    ).write(folder.result)
    with closing(Store(service.workspace.database)) as store:
        store.set_job_state(job_id, State.RUNNING, "", ended_at - timedelta(seconds=5))
        store.set_job_state(job_id, state, message, ended_at)


def remove_database(workspace: Workspace) -> None:
    for file in workspace.path.glob("jobs.sqlite*"):
        file.unlink()


def empty_database(workspace: Workspace) -> None:
    remove_database(workspace)
    workspace.database.touch()


def files_of(workspace: Workspace) -> dict[str, bytes]:
    files = [path for path in workspace.path.rglob("*") if path.is_file() and path.parent != workspace.path]
    return {str(path.relative_to(workspace.path)): path.read_bytes() for path in files}


@pytest.fixture
def three_jobs(workspace: Workspace) -> list[str]:
    """A job of anna that is done, a queued one of bert, and a failed one of anna; number 3 was deleted."""
    with service_of(workspace) as service:
        jobs = [submit_upload(service, owner) for owner in ("anna", "bert", "carla", "anna")]
        end(service, jobs[0], State.DONE)
        end(service, jobs[2], State.CANCELLED)
        end(service, jobs[3], State.FAILED, "Über.mp4: no video.")
        service.delete(jobs.pop(2))
    return jobs


@pytest.mark.parametrize("lose", [remove_database, empty_database])
def test_lost_database(workspace: Workspace, three_jobs: list[str], lose, caplog: pytest.LogCaptureFixture):
    with service_of(workspace) as service:
        before = [service.row(job_id) for job_id in three_jobs]
        assert service.notices() == []
    files = files_of(workspace)
    lose(workspace)
    with caplog.at_level(logging.WARNING), service_of(workspace) as service:
        service.clean()
        assert [service.row(job_id) for job_id in three_jobs] == before
        assert [row.job_id for row in service.jobs()[0]] == three_jobs[::-1]
        assert service.job(three_jobs[2]).tasks[0].report == "01_resize_1.ipynb"
        assert service.package_path(three_jobs[0]).read_bytes().endswith(three_jobs[0].encode())
        assert service.notices() == [
            "The job database did not know 3 jobs, restored from the job folders: Job 1, Job 2, Job 4."
        ]
        number = service.row(submit_upload(service, "anna")).number
    assert number > 4
    assert files_of(workspace).items() >= files.items()
    assert all(job_id in caplog.text for job_id in three_jobs)


def test_older_backup(workspace: Workspace, tmp_path: Path):
    """Its jobs are as they were then; what ended, failed or came later is as the folders say."""
    with service_of(workspace) as service:
        done, retried, deleted = [submit_upload(service, "anna") for _ in range(3)]
        end(service, deleted, State.FAILED, "gone")
        end(service, retried, State.FAILED, "first")
    shutil.copy(workspace.database, tmp_path / "backup")
    with service_of(workspace) as service:
        service.retry(retried)
        end(service, done, State.DONE)
        end(service, retried, State.DONE)
        service.delete(deleted)
        later = submit_upload(service, "bert")
        end(service, later, State.DONE)
        expected = [service.row(job_id) for job_id in (done, retried, later)]
    remove_database(workspace)
    shutil.copy(tmp_path / "backup", workspace.database)
    with service_of(workspace) as service:
        service.clean()
        assert [service.row(job_id) for job_id in (done, retried, later)] == expected
        assert all(service.package_path(row.job_id).is_file() for row in expected)
        assert len(service.notices()) == 2
    with service_of(workspace) as service:
        assert service.notices() == []


def test_retry_is_not_taken_back(workspace: Workspace):
    """The result of the try before is older than the retry."""
    with service_of(workspace) as service:
        job_id = submit_upload(service, "")
        end(service, job_id, State.FAILED, "first")
        service.retry(job_id)
    with service_of(workspace) as service:
        assert service.row(job_id).state is State.QUEUED
        assert service.notices() == []


def test_work_under_way_goes_on(workspace: Workspace, three_jobs: list[str]):
    """The scratch folder of a job that was being retried holds finished tasks."""
    scratch = workspace.job_folder(three_jobs[2]).scratch
    scratch.mkdir()
    remove_database(workspace)
    with service_of(workspace) as service:
        assert service.row(three_jobs[2]).state is State.QUEUED
    assert scratch.exists()


def test_jobs_of_older_versions(workspace: Workspace, three_jobs: list[str]):
    """They have neither number nor owner, and are numbered in the order of their submission."""
    for job_id in three_jobs:
        file = workspace.job_folder(job_id).spec
        content = json.loads(file.read_text())
        del content["number"], content["owner"]
        file.write_text(json.dumps(content))
    with service_of(workspace) as service:
        newest = submit_upload(service, "anna")
    remove_database(workspace)
    with service_of(workspace) as service:
        jobs = [service.row(job_id) for job_id in (*three_jobs, newest)]
        assert [(job.number, job.owner) for job in jobs] == [(1, ""), (2, ""), (3, ""), (5, "anna")]


def make_strange_folders(workspace: Workspace, outside: Path) -> Iterator[Path]:
    """Folders that have the name of a job and are none."""
    jobs = workspace.jobs_dir
    for number, content in enumerate([None, b"", b"{}", b"\xff", b"[" * 100_000]):
        folder = JobFolder(jobs / f"20260131-{number:016x}")
        folder.input.mkdir(parents=True)
        (folder.input / "000.mp4").write_bytes(b"video")
        if content is not None:
            folder.spec.write_bytes(content)
        yield folder.path
    copied = jobs / STRANGE_ID
    video = VideoInput(video_id="1", original_name="a.mp4", path=outside)
    JobSpec(job_id="20260131-0000000000000099", created_at=datetime.now(UTC), version="0", videos=[video]).write(
        JobFolder(copied).spec
    )
    yield copied
    (jobs / "20260131-00000000000000ff").symlink_to(outside)
    yield jobs / "20260131-00000000000000ff"


def test_what_is_no_job_is_put_aside(workspace: Workspace, three_jobs: list[str], tmp_path: Path):
    outside = tmp_path / "outside"
    shutil.copytree(workspace.job_folder(three_jobs[0]).path, outside)
    (workspace.jobs_dir / "notes of the administrator").mkdir()
    names = [path.name for path in make_strange_folders(workspace, outside)]
    workspace.lost_dir.mkdir()
    (workspace.lost_dir / names[0]).write_bytes(b"from an earlier start")
    with service_of(workspace) as service:
        notices = service.notices()
        service.clean()
        assert service.jobs()[1] == 3
    lost = {path.name for path in workspace.lost_dir.iterdir()}
    assert lost == {*names, f"{names[0]}-2"}
    assert (workspace.lost_dir / f"{names[0]}-2" / "input" / "000.mp4").read_bytes() == b"video"
    assert (workspace.lost_dir / names[0]).read_bytes() == b"from an earlier start"
    assert (outside / "final_package.zip").is_file()
    assert (workspace.jobs_dir / "notes of the administrator").is_dir()
    assert all(any(f"jobs/{name} " in sentence for sentence in notices) for name in names)
    with service_of(workspace) as service:
        assert len(service.notices()) == 1
        assert names[0] in service.notices()[0]


def test_deletion_that_was_cut_short_is_finished(workspace: Workspace, three_jobs: list[str]):
    """Killed between the files and the row, or between the row and the files: the job does not come back."""
    first, _, last = three_jobs
    for job_id in (first, last):
        workspace.job_folder(job_id).path.rename(workspace.jobs_dir / f".partial-7-{job_id}")
    with closing(Store(workspace.database)) as store:
        store.delete_job(last)
    with service_of(workspace) as service:
        for job_id in (first, last):
            with pytest.raises(NoSuchJob):
                service.row(job_id)
        assert service.jobs()[1] == 1


def test_full_disk_keeps_a_job_that_was_to_be_deleted(workspace: Workspace, three_jobs: list[str]):
    with service_of(workspace) as service:
        with closing(sqlite3.connect(workspace.database)) as connection:
            connection.execute("CREATE TRIGGER stop BEFORE DELETE ON jobs BEGIN SELECT raise(ABORT, 'no'); END")
        with pytest.raises(sqlite3.Error):
            service.delete(three_jobs[0])
        assert service.package_path(three_jobs[0]).is_file()
        assert service.row(three_jobs[0]).state in ENDED
