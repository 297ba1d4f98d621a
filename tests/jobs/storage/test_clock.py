"""A clock that jumps ahead deletes nothing of today.

The clock of the machine cannot be set here. Instead everything that a service has written is moved into the past: to
the next service it looks as if the clock had jumped ahead.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.jobs.storage.test_adoption import NOBODY_WORKS, end, service_of, submit_upload
from tests.support.job_services import NO_LIMITS
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.database import Database
from videoprep_nb.jobs.store.rows import time_text

JUMP = timedelta(days=91)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def move_into_the_past(workspace: Workspace, jump: timedelta) -> None:
    """Times in the database, of files and of the last reading of the clock."""
    database = Database(workspace.database)
    for table, column in [("jobs", "created_at"), ("jobs", "started_at"), ("jobs", "ended_at"), ("events", "at")]:
        with database.transaction() as cursor:
            for rowid, text in cursor.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
                moved = text and time_text(datetime.fromisoformat(text) - jump)
                cursor.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [moved, rowid])
    database.close()
    for path in workspace.path.rglob("*"):
        time_s = path.stat().st_mtime - jump.total_seconds()
        os.utime(path, (time_s, time_s))
    if workspace.clock_file.exists():
        look = json.loads(workspace.clock_file.read_text())
        look["trusted_at"] = (datetime.fromisoformat(look["trusted_at"]) - jump).isoformat()
        workspace.clock_file.write_text(json.dumps(look))


def change_look(workspace: Workspace, **changes: object) -> None:
    workspace.clock_file.write_text(json.dumps(json.loads(workspace.clock_file.read_text()) | changes))


def make_results(workspace: Workspace) -> tuple[str, Path]:
    """A job that is done, and an upload."""
    with service_of(workspace) as service:
        job_id = submit_upload(service, "anna")
        end(service, job_id, State.DONE)
        upload = workspace.new_upload_path()
        upload.mkdir()
        (upload / "content.bin").write_bytes(b"video")
        service.clean()
        assert service.notices() == []
    return job_id, upload


@pytest.mark.parametrize(
    ("is_known", "boot_id"),
    [
        pytest.param(True, None, id="while the machine runs"),
        pytest.param(True, "of another start", id="while the machine was off"),
        pytest.param(False, None, id="first look"),
    ],
)
def test_jump_deletes_nothing_of_today(workspace: Workspace, is_known: bool, boot_id: str | None):
    job_id, upload = make_results(workspace)
    if boot_id:
        change_look(workspace, boot_id=boot_id)
    if not is_known:
        workspace.clock_file.unlink()
    move_into_the_past(workspace, JUMP)
    for _ in range(2):
        with service_of(workspace) as service:
            for _ in range(2):
                assert service.clean().items == []
            assert service.package_path(job_id).is_file()
            assert (upload / "content.bin").read_bytes() == b"video"
            (notice,) = service.notices()
            assert "91.0 days ahead" in notice


def test_clock_that_stays_ahead_is_believed(workspace: Workspace):
    """A machine that was off for three months, once it has run for a week."""
    job_id, upload = make_results(workspace)
    move_into_the_past(workspace, JUMP)
    with service_of(workspace) as service:
        assert service.clean().items == []
    change_look(workspace, ahead_for_s=6.9 * 86400)
    with service_of(workspace) as service:
        assert service.clean().items == []
    change_look(workspace, ahead_for_s=7.1 * 86400)
    with service_of(workspace) as service:
        assert service.clean().items
        assert service.row(job_id).results_deleted_at
        assert not upload.exists()
        assert service.notices() == []


def test_jump_that_is_undone_leaves_no_trace(workspace: Workspace):
    job_id, _ = make_results(workspace)
    move_into_the_past(workspace, JUMP)
    with service_of(workspace) as service:
        service.clean()
    move_into_the_past(workspace, -JUMP)
    with service_of(workspace) as service:
        assert service.clean().items == []
        assert service.notices() == []
        assert service.package_path(job_id).is_file()
    look = json.loads(workspace.clock_file.read_text())
    assert abs(datetime.fromisoformat(look["trusted_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_is_old_by_all_clocks_is_deleted(workspace: Workspace):
    job_id, _ = make_results(workspace)
    with Service(workspace, NOBODY_WORKS, NO_LIMITS) as service:
        look = json.loads(workspace.clock_file.read_text())
    move_into_the_past(workspace, JUMP)
    workspace.clock_file.write_text(json.dumps(look))
    with Service(workspace, NOBODY_WORKS, NO_LIMITS) as service:
        service.clean()
        assert service.row(job_id).results_deleted_at


def test_clock_file_that_cannot_be_written_does_not_stop_the_cleaning(workspace: Workspace):
    with service_of(workspace) as service:
        workspace.clock_file.mkdir()
        upload = workspace.new_upload_path()
        upload.mkdir()
        os.utime(upload, (0, 0))
        assert len(service.clean().items) == 1
        assert not upload.exists()
