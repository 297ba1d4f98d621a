"""Finished jobs pushed to a CVAT server over HTTP: by admins only, on a real socket, with cuts and kills."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.server.api.test_exports import delete, finished_job, wait_for, write
from tests.support.cvat_server import TOKEN, CvatServer, cvat_server
from tests.support.job_services import wait_until
from tests.support.web_server import (
    RunningServer,
    assert_problem,
    free_port,
    log_in,
    make_users,
    running_server,
    server_process,
)
from videoprep_nb.exports import push_to_cvat
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.server.security.users import Users

pytest.importorskip("cvat_sdk", reason="the extra cvat is not installed")


@pytest.fixture(scope="module")
def cvat_of_module() -> Iterator[CvatServer]:
    with cvat_server() as running:
        yield running


@pytest.fixture
def cvat(cvat_of_module: CvatServer, monkeypatch: pytest.MonkeyPatch) -> CvatServer:
    """The server as if it had just been started; a backup is sent in several pieces."""
    monkeypatch.setattr(push_to_cvat, "_CHUNK_BYTES", 4000)
    monkeypatch.setattr(push_to_cvat, "_PAUSE_S", 0.01)
    monkeypatch.setattr(push_to_cvat, "_POLL_S", 0.05)
    cvat_of_module.reset()
    return cvat_of_module


@pytest.fixture(scope="module")
def account(cvat_of_module: CvatServer, tmp_path_factory: pytest.TempPathFactory) -> CvatAccount:
    file = tmp_path_factory.mktemp("account") / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    return CvatAccount(cvat_of_module.address, file)


@pytest.fixture(scope="module")
def server(account: CvatAccount, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("push"), cvat=account) as running:
        yield running


def push(client: httpx.Client, job_id: str) -> httpx.Response:
    return client.post(f"/api/jobs/{job_id}/push")


def status(client: httpx.Client, job_id: str) -> dict:
    answer = client.get(f"/api/jobs/{job_id}/push")
    assert answer.status_code == 200, answer.text
    return answer.json()


def pushed(client: httpx.Client, job_id: str) -> dict:
    """Push a job and wait for the end."""
    assert push(client, job_id).status_code == 202
    assert wait_until(lambda: status(client, job_id)["state"] in ("pushed", "failed"))
    return status(client, job_id)


def test_job_becomes_a_project(server: RunningServer, cvat: CvatServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    job_id = finished_job(server, package={"labels": "label: rider"})
    assert status(server.client, job_id) == {
        "state": "not pushed",
        "server": cvat.address,
        "uploaded_bytes": 0,
        "total_bytes": 0,
        "project": "",
        "is_outdated": False,
        "problem": "",
    }
    found = pushed(server.client, job_id)
    assert (found["state"], found["problem"]) == ("pushed", "")
    assert found["project"] == f"{cvat.address}/projects/7"
    [content] = cvat.projects
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert b'"rider"' in archive.read("project.json")
    assert set(cvat.tokens) == {f"Bearer {TOKEN}"}
    said = (
        server.client.get(f"/api/jobs/{job_id}/push").text + server.client.get(f"/page/live?view=job&job={job_id}").text
    )
    assert TOKEN not in said
    assert TOKEN not in caplog.text
    assert all(TOKEN.encode() not in path.read_bytes() for path in server.service.workspace.path.rglob("*.json"))
    assert not list(server.service.workspace.path.glob(".partial-*"))


def test_backup_that_the_job_has_is_pushed(server: RunningServer, cvat: CvatServer):
    job_id = finished_job(server)
    write(server, job_id, format="cvat-backup", options={"media": "clips"})
    backup = server.client.get(wait_for(server, job_id, "cvat-backup")["href"]).content
    assert pushed(server.client, job_id)["state"] == "pushed"
    assert cvat.projects == [backup]


def test_project_of_an_older_package_is_marked(server: RunningServer, cvat: CvatServer):
    job_id = finished_job(server)
    assert pushed(server.client, job_id)["is_outdated"] is False
    package = server.service.workspace.job_folder(job_id).package
    package.write_bytes(package.read_bytes())  # as a retry publishes one
    assert status(server.client, job_id)["is_outdated"] is True
    assert pushed(server.client, job_id)["is_outdated"] is False
    assert len(cvat.projects) == 2


def test_cut_upload_goes_on(server: RunningServer, cvat: CvatServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(push_to_cvat, "_ATTEMPTS", 1)
    job_id = finished_job(server)
    cvat.breaks_left = 1
    found = pushed(server.client, job_id)
    assert (found["state"], found["project"]) == ("failed", "")
    assert "push again, it goes on from there" in found["problem"]
    [upload] = cvat.uploads.values()
    arrived = bytes(upload)
    assert arrived
    sent_before = len(cvat.tokens)
    assert pushed(server.client, job_id)["state"] == "pushed"
    [content] = cvat.projects
    assert content.startswith(arrived)
    assert len(cvat.tokens) - sent_before < 4 + len(content) // 4000, "nothing is sent twice"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_push_survives_a_kill_of_the_service(cvat: CvatServer, account: CvatAccount, tmp_path: Path):
    workspace, port = tmp_path / "service", free_port()
    with running_server(workspace) as server:
        job_id = finished_job(server)
    options = ("--cvat", cvat.address, "--cvat-token-file", str(account.token_file))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
        cvat.stalls = True
        with server_process(workspace, port, *options) as process:
            assert push(client, job_id).status_code == 202
            assert cvat.stalled.wait(60)
            under_way = status(client, job_id)
            assert (under_way["state"], under_way["uploaded_bytes"]) == ("uploading", 0)
            assert under_way["total_bytes"] > 0
            process.kill()
        cvat.go_on.set()
        [upload] = cvat.uploads.values()
        arrived = bytes(upload)
        with server_process(workspace, port, *options):
            left = status(client, job_id)
            assert (left["state"], left["project"]) == ("failed", "")
            assert "goes on where it stopped" in left["problem"]
            assert pushed(client, job_id)["project"] == f"{cvat.address}/projects/7"
    [content] = cvat.projects
    assert content.startswith(arrived)
    assert len(content) == under_way["total_bytes"]
    assert len(arrived) == len(content) // 3
    assert cvat.uploads == {}, "a second upload was begun"


def test_formats_do_not_wait_for_a_slow_server(server: RunningServer, cvat: CvatServer):
    job_id, other = finished_job(server), finished_job(server)
    cvat.stalls = True
    push(server.client, job_id)
    assert cvat.stalled.wait(60)
    assert status(server.client, job_id)["state"] == "uploading"
    assert_problem(push(server.client, job_id), 409, "is being written already")
    push(server.client, other)
    assert status(server.client, other)["state"] == "waiting"
    write(server, other, format="cvat-backup")
    assert wait_for(server, other, "cvat-backup")["state"] == "written"
    cvat.go_on.set()
    assert wait_until(lambda: status(server.client, other)["state"] == "pushed")
    assert len(cvat.projects) == 2


def test_job_that_is_deleted_meanwhile_stays_deleted(server: RunningServer, cvat: CvatServer):
    job_id, other = finished_job(server), finished_job(server)
    cvat.stalls = True
    push(server.client, job_id)
    assert cvat.stalled.wait(60)
    delete(server, job_id)
    cvat.go_on.set()
    assert pushed(server.client, other)["state"] == "pushed"  # so the first one has ended
    assert len(cvat.projects) == 1
    assert not server.service.workspace.job_folder(job_id).path.exists()


def test_token_is_read_when_it_is_needed(server: RunningServer, cvat: CvatServer, account: CvatAccount):
    job_id = finished_job(server)
    account.token_file.write_text("an-older-one")
    found = pushed(server.client, job_id)
    assert "refused the token" in found["problem"]
    assert "an-older-one" not in str(found)
    account.token_file.write_text("")
    assert "does not hold a token" in pushed(server.client, job_id)["problem"]
    account.token_file.write_text(TOKEN)
    assert pushed(server.client, job_id)["state"] == "pushed"


def test_token_goes_nowhere_else(server: RunningServer, cvat: CvatServer):
    job_id = finished_job(server)
    with cvat_server() as other:
        cvat.redirect_to = other.address
        assert "too many redirects" in pushed(server.client, job_id)["problem"]
        cvat.redirect_to = ""
        cvat.upload_host = other.address
        assert pushed(server.client, job_id)["state"] == "pushed"
        assert other.tokens == []


def test_import_that_fails_says_why(server: RunningServer, cvat: CvatServer):
    job_id = finished_job(server)
    cvat.import_fails = True
    found = pushed(server.client, job_id)
    assert (found["state"], found["project"]) == ("failed", "")
    assert "could not import the backup: No such label" in found["problem"]
    cvat.import_fails = False
    assert pushed(server.client, job_id)["state"] == "pushed"


def test_only_admins_push(account: CvatAccount, cvat: CvatServer, tmp_path: Path):
    (tmp_path / "users").mkdir()
    with ExitStack() as stack:
        users = Users(make_users(tmp_path / "users"))
        server = stack.enter_context(running_server(tmp_path / "service", users=users, cvat=account))
        anna, bert, root = (stack.enter_context(log_in(server, name)) for name in ("anna", "bert", "root"))
        server.client = anna
        job_id = finished_job(server)
        for method in ("GET", "POST"):
            assert_problem(anna.request(method, f"/api/jobs/{job_id}/push"), 403, "Only administrators")
            assert_problem(bert.request(method, f"/api/jobs/{job_id}/push"), 404, "There is no job")
            assert server.fresh_client().request(method, f"/api/jobs/{job_id}/push").status_code == 401
        assert cvat.tokens == []
        of_member, of_admin = (user.get(f"/page/live?view=job&job={job_id}").text for user in (anna, root))
        assert cvat.address not in of_member
        assert "vp-push" not in of_member
        assert cvat.address in of_admin
        assert pushed(root, job_id)["state"] == "pushed"
        assert f"{cvat.address}/projects" not in anna.get(f"/page/live?view=job&job={job_id}").text
    assert len(cvat.projects) == 1


def test_jobs_that_cannot_be_pushed(server: RunningServer):
    running = server.client.post("/api/jobs", files=[("videos", (f"{n}.mp4", b"no video")) for n in range(5)]).json()
    for answer in (push(server.client, running["job_id"]), server.client.get(f"/api/jobs/{running['number']}/push")):
        assert_problem(answer, 409, "when it has ended")
    server.client.post(f"/api/jobs/{running['job_id']}/cancel")
    assert wait_until(lambda: server.client.get(f"/api/jobs/{running['job_id']}").json()["state"] == "cancelled")
    assert_problem(push(server.client, running["job_id"]), 404, "has no package")
    assert_problem(push(server.client, "987654"), 404, "There is no job")


def test_service_without_a_server_says_so(tmp_path: Path):
    with running_server(tmp_path) as server:
        job_id = finished_job(server)
        for method in ("GET", "POST"):
            answer = server.client.request(method, f"/api/jobs/{job_id}/push")
            assert_problem(answer, 404, "--cvat", "--cvat-token-file")
        assert "vp-push" not in server.client.get(f"/page/live?view=job&job={job_id}").text
