"""Jobs and uploads belong to a user, not to a name: whoever gets the name of a removed user inherits nothing."""

import json
from pathlib import Path

import httpx

from tests.support.job_services import wait_until
from tests.support.web_server import PASSWORDS, RunningServer, log_in, make_users, running_server
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.security.user_file import Role, add_user, remove_user
from videoprep_nb.server.security.users import Users

TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}


def submit(client: httpx.Client) -> str:
    job_id = client.post("/api/jobs", files={"videos": ("x.mp4", b"no video")}).json()["job_id"]
    assert wait_until(lambda: client.get(f"/api/jobs/{job_id}").json()["state"] == "failed")
    return job_id


def replace(user_file: Path, name: str) -> None:
    remove_user(user_file, name)
    add_user(user_file, name, Role.MEMBER, PASSWORDS[name])


def listed(server: RunningServer, name: str) -> list[tuple[str, str]]:
    """Id and owner of the jobs that a user sees."""
    with log_in(server, name) as client:
        return [(job["job_id"], job["owner"]) for job in client.get("/api/jobs").json()["jobs"]]


def test_next_user_of_a_name_inherits_nothing(tmp_path: Path):
    user_file = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server:
        with log_in(server, "anna") as anna:
            job_id = submit(anna)
            upload = anna.post("/api/uploads/", headers=TUS).headers["location"]
        assert listed(server, "anna") == [(job_id, "anna")]
        replace(user_file, "anna")
        with log_in(server, "anna") as anna:
            assert anna.get("/api/jobs").json()["total"] == 0
            assert anna.get("/api/uploads/").json() == []
            assert anna.get(f"/api/jobs/{job_id}").status_code == 404
            assert anna.head(upload, headers=TUS).status_code == 404
            assert anna.delete(f"/api/jobs/{job_id}").status_code == 404
            own = submit(anna)
        assert listed(server, "anna") == [(own, "anna")]
        assert listed(server, "root") == [(own, "anna"), (job_id, "anna")]


def of_version_0_1(user_file: Path, workspace: Workspace) -> None:
    """Have users and jobs know each other by names."""
    users = json.loads(user_file.read_text())["users"]
    kept = ("name", "role", "password_hash")
    user_file.write_text(json.dumps({"users": [{name: user[name] for name in kept} for user in users]}))
    for folder in workspace.job_paths():
        spec = JobSpec.read(folder / "job.json")
        spec.model_copy(update={"owner": spec.owner.partition("#")[0]}).write(folder / "job.json")
    for file in workspace.uploads_dir.glob("*/upload.json"):
        file.write_text(file.read_text().replace(json.loads(file.read_text())["owner"], "anna"))
    for file in workspace.path.glob("jobs.sqlite*"):  # what is adopted knows the owner as its folder does
        file.unlink()


def test_jobs_of_version_0_1_stay_with_their_users(tmp_path: Path):
    user_file = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server, log_in(server, "anna") as anna:
        job_id = submit(anna)
        upload = anna.post("/api/uploads/", headers=TUS).headers["location"]
    of_version_0_1(user_file, Workspace(tmp_path / "workspace"))
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server:
        assert listed(server, "anna") == listed(server, "root") == [(job_id, "anna")]
        assert listed(server, "bert") == []
        with log_in(server, "anna") as anna:
            assert anna.head(upload, headers=TUS).headers["upload-offset"] == "0"
        replace(user_file, "anna")
        assert listed(server, "anna") == []


def test_owner_survives_a_lost_database(tmp_path: Path):
    user_file = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server, log_in(server, "anna") as anna:
        job_id = submit(anna)
    replace(user_file, "bert")
    for file in (tmp_path / "workspace").glob("jobs.sqlite*"):
        file.unlink()
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server:
        assert listed(server, "anna") == [(job_id, "anna")]
        replace(user_file, "anna")
        assert listed(server, "anna") == []
