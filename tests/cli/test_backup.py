"""``videoprep backup`` beside a service that works, and the way back."""

import shutil
from pathlib import Path

from tests.jobs.storage.test_adoption import end, remove_database, service_of, submit_upload
from tests.support.command_line import videoprep
from tests.support.store_records import rows
from tests.support.web_server import make_users
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.security.user_file import read_users


def test_backup_of_a_running_service_and_back(tmp_path: Path):
    workspace, target = Workspace(tmp_path / "workspace"), tmp_path / "backups" / "today"
    users = make_users(tmp_path)
    with service_of(workspace) as service:
        job_id = submit_upload(service, "anna")
        end(service, job_id, State.DONE)
        service.clean()
        before = service.row(job_id)
        options = ["--workspace", str(workspace.path), "--auth-file", str(users)]
        made = videoprep("backup", str(target), *options)
        assert made.exit_code == 0, made.output
        again = videoprep("backup", str(target), *options)
        assert (again.exit_code, "exists already" in again.stderr) == (2, True)
        later = submit_upload(service, "bert")
    assert {path.name for path in target.iterdir()} == {"jobs.sqlite", "clock.json", "users.json"}
    assert {path.stat().st_mode & 0o777 for path in [*target.iterdir()]} == {0o600}
    assert target.stat().st_mode & 0o777 == 0o700
    assert rows(target / "jobs.sqlite", "SELECT job_id, owner, state FROM jobs") == [(job_id, "anna", "done")]
    assert [user.name for user in read_users(target / "users.json").users] == ["root", "anna", "bert"]
    remove_database(workspace)
    shutil.copy(target / "jobs.sqlite", workspace.database)
    with service_of(workspace) as service:
        assert service.row(job_id) == before
        assert service.row(later).owner == "bert"
        assert [event.text for event in service.events(job_id)][-1] == "done"


def test_backup_of_nothing(tmp_path: Path):
    refused = videoprep("backup", str(tmp_path / "target"), "--workspace", str(tmp_path))
    assert (refused.exit_code, "not the workspace" in refused.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
