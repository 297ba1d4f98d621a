"""The access log and the audit log of a running service."""

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.job_services import wait_until
from tests.support.logs import lines_of, lines_until, noted
from tests.support.web_server import PASSWORDS, bearer, log_in, make_users, running_server
from videoprep_nb.server.logs import JsonLines
from videoprep_nb.server.security import users as users_module
from videoprep_nb.server.security.user_file import Role, add_user, new_token, remove_user, revoke_token, set_password
from videoprep_nb.server.security.users import Users

TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}


def test_file_is_private_and_begins_anew_when_it_is_full(tmp_path: Path):
    lines = JsonLines(tmp_path / "logs" / "some.jsonl", max_bytes=1000)
    (tmp_path / "logs" / "some.jsonl").touch(0o644)
    for number in range(1000):
        lines.write(number=number, text="a\nb\u2028\ud800")
    lines.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["some.jsonl", *(f"some.jsonl.{number}" for number in range(1, 10))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 1000 for file in files)
    newest = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert newest[-1]["number"] == 999
    assert datetime.fromisoformat(newest[-1]["time"]).utcoffset() == timedelta(0)


def test_log_that_cannot_be_written_stops_nobody(tmp_path: Path):
    with running_server(tmp_path) as server:
        for file in server.service.workspace.logs_dir.iterdir():
            file.unlink()
        server.app.state.logs.close()
        for name in ("access", "audit"):
            (server.service.workspace.logs_dir / f"{name}.jsonl").symlink_to("/dev/full")
        assert server.client.get("/api/jobs").status_code == 200


def test_what_is_done_is_audited(tmp_path: Path):
    file = make_users(tmp_path)
    token = new_token(file, "bert")
    with running_server(tmp_path / "workspace", users=Users(file)) as server, log_in(server, "anna") as anna:
        job_id = anna.post("/api/jobs", files={"videos": ("x.mp4", b"no video")}).json()["job_id"]
        assert wait_until(lambda: anna.get(f"/api/jobs/{job_id}").json()["state"] == "failed")
        server.service.workspace.job_folder(job_id).package.write_bytes(b"package")
        path = f"/api/jobs/{job_id}"
        assert anna.get(f"{path}/package").content == b"package"
        assert server.client.delete(path, headers=bearer(token)).status_code == 404
        upload = anna.post("/api/uploads/", headers=TUS).headers["location"]
        assert anna.delete(upload, headers=TUS).status_code == 204
        assert anna.post(f"{path}/push").status_code == 403
        assert anna.delete(path).status_code == 204
        assert server.client.delete(path).status_code == 401  # a stranger, for the access log alone
        anna.post("/logout")
        server.client.post("/login", data={"name": "anna", "password": "a guess at the password"})
        found = [line for line in lines_of(server, "audit") if line["action"] != "users at start"]
        upload_id = upload.rpartition("/")[2]
        assert [(line["name"], line["action"], line["object"], line["outcome"]) for line in found] == [
            ("anna", "log-in", "", "good"),
            ("anna", "submit job", job_id, "done"),
            ("anna", "download package", job_id, "done"),
            ("bert", "delete job", job_id, "refused"),
            ("anna", "begin upload", upload_id, "done"),
            ("anna", "delete upload", upload_id, "done"),
            ("anna", "push job", job_id, "refused"),
            ("anna", "delete job", job_id, "done"),
            ("anna", "log-out", "", "done"),
            ("anna", "log-in", "", "wrong"),
        ]
        assert {line["address"] for line in found} == {"127.0.0.1"}
        for log in ("access", "audit"):
            text = (server.service.workspace.logs_dir / f"{log}.jsonl").read_text()
            assert not [secret for secret in (token, "guess", PASSWORDS["anna"]) if secret in text]


def test_changes_of_users_are_audited(tmp_path: Path):
    file = make_users(tmp_path)
    users = Users(file)
    with running_server(tmp_path / "workspace", users=users) as server:

        def changes() -> list[str]:
            assert server.client.get("/api/jobs").status_code == 401  # it notices when somebody comes
            noticed = lines_of(server, "audit")
            return [f"{line['object'].partition('#')[0]}: {line['action']}" for line in noticed[1:]]

        anna = users.named("anna").user_id
        assert anna in noted(server, "users at start")[0]["object"]
        add_user(file, "carl", Role.MEMBER, PASSWORDS["anna"])
        assert changes() == ["carl: user added as member"]
        new_token(file, "anna")
        assert changes()[1:] == ["anna: token created"]
        revoke_token(file, "anna")
        assert changes()[2:] == ["anna: token ended"]
        set_password(file, "bert", PASSWORDS["anna"])
        remove_user(file, "carl")
        assert changes()[3:] == ["bert: password changed", "carl: user removed"]


def test_expired_token_is_refused_and_audited(tmp_path: Path):
    file = make_users(tmp_path)
    token = new_token(file, "anna", days=1)
    late = Users(file, lambda: datetime.now(users_module.UTC) + timedelta(days=1))
    with running_server(tmp_path / "workspace", users=late) as server:
        answer = server.client.get("/api/jobs", headers=bearer(token))
        assert answer.status_code == 401
        assert "expired" in answer.json()["detail"]
        [line] = noted(server, "token")
        assert (line["name"], line["outcome"]) == ("anna", "expired")


@pytest.mark.parametrize("path", ["/api/jobs?token=a-secret", "/?next=a-secret", "/login?next=a-secret"])
def test_access_log_says_who_asked_for_what_and_no_query(path: str, tmp_path: Path):
    file = make_users(tmp_path)
    users, proxies = Users(file), ["127.0.0.1"]
    with (
        running_server(tmp_path / "workspace", users=users, trusted_proxies=proxies) as server,
        log_in(server, "anna") as anna,
    ):
        sent = anna.get(path, headers={"X-Forwarded-For": "192.0.2.1"})
        line = lines_until(server, "access", lambda line: line["address"] == "192.0.2.1")[-1]
        assert (line["name"], line["address"], line["method"]) == ("anna", "192.0.2.1", "GET")
        assert (line["path"], line["status"]) == (path.partition("?")[0], sent.status_code)
        assert line["elapsed_s"] >= 0
        if "content-length" in sent.headers and "content-encoding" not in sent.headers:
            assert line["sent_bytes"] == int(sent.headers["content-length"])
        assert "a-secret" not in json.dumps(lines_of(server, "access"))
