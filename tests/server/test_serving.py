"""``videoprep serve`` and the commands that talk to it, as real processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner, Result

from tests.support.web_server import PASSWORDS, make_users
from videoprep_nb.cli.main import app
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE
from videoprep_nb.server.security.user_file import new_token

ROOT = Path(__file__).resolve().parents[2]
CLI = ["-m", "videoprep_nb.cli.main"]
TO_CVAT = ["--cvat", "http://127.0.0.1", "--cvat-token-file"]
HEAVY = {"torch", "cv2", "openvino", "decord", "av", "matplotlib", "ultralytics"}


@contextmanager
def serving(
    workspace: Path, *options: str, program: tuple[str, ...] = (*CLI, "serve"), status: int = 0
) -> Iterator[tuple[str, int]]:
    """A service in a process of its own, which ends with a status: its address and process id."""
    command = [sys.executable, *program, "--port", "0", "--workspace", str(workspace), "--workers", "1", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://\S+", line)
        assert match, line + (process.stderr.read() if process.stderr else "")
        yield match[0], process.pid
    finally:
        process.terminate()
        _, printed = process.communicate(timeout=30)
    assert process.returncode == status, printed
    assert "Traceback" not in printed


def jobs_command(address: str, *arguments: str, token: str = "") -> Result:
    environment = {"VIDEOPREP_SERVER": address, "VIDEOPREP_TOKEN": token, "NO_PROXY": "*"}
    return CliRunner().invoke(app, ["jobs", *arguments], env=environment)


def processes_of(workspace: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(WORKSPACE_VARIABLE) == str(workspace) and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def mapped_libraries(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("program", [(*CLI, "serve"), ("app_gradio.py",)], ids=["videoprep serve", "app_gradio.py"])
def test_server_starts_and_stays_light(program: tuple[str, ...], tmp_path: Path):
    with serving(tmp_path, program=program) as (address, pid):
        assert httpx.get(f"{address}/api/health", trust_env=False).status_code == 200
        end_s = time.monotonic() + 20
        while not httpx.get(f"{address}/api/health", trust_env=False).json()["workers"]:
            assert time.monotonic() < end_s
            time.sleep(0.1)
        maps = mapped_libraries(pid)
        assert not [name for name in HEAVY if f"/site-packages/{name}/" in maps]


def test_application_imports_nothing_heavy():
    code = f"import sys, videoprep_nb.server.serving; print(*(sys.modules.keys() & {HEAVY}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == []


@pytest.mark.slow
def test_stopped_server_leaves_no_process_and_goes_on_later(tmp_path: Path):
    workspace = tmp_path / "workspace"
    videos = [("videos", (f"{number}.mp4", b"no video")) for number in range(2)]
    with serving(workspace) as (address, pid):
        job_id = httpx.post(f"{address}/api/jobs", files=videos, trust_env=False).json()["job_id"]
        end_s = time.monotonic() + 30
        while httpx.get(f"{address}/api/jobs/{job_id}", trust_env=False).json()["state"] != "running":
            assert time.monotonic() < end_s
            time.sleep(0.02)
        follower = subprocess.Popen(
            [sys.executable, *CLI, "jobs", "--server", address, "events", "--follow", job_id], stdout=subprocess.PIPE
        )
        assert follower.stdout is not None
        assert follower.stdout.readline()
        stopped_s = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        follower.communicate(timeout=15)
    assert time.monotonic() - stopped_s < 15
    assert processes_of(workspace) == []
    with serving(workspace) as (address, _):
        assert jobs_command(address, "events", "--follow", job_id).exit_code == 0
        shown = json.loads(jobs_command(address, "show", job_id, "--json").stdout)
    assert shown["state"] == "failed"
    assert {video["state"] for video in shown["videos"]} == {"failed"}


@pytest.mark.slow
def test_commands_and_their_exit_codes(tmp_path: Path):
    users = make_users(tmp_path)
    token = new_token(users, "root")
    with serving(tmp_path / "workspace", "--auth-file", str(users)) as (address, _):

        def ask(*arguments: str) -> Result:
            return jobs_command(address, *arguments, token=token)

        headers = {"Authorization": f"Bearer {token}"}
        files = {"videos": ("[bold] <b>.mp4", b"no video")}
        answer = httpx.post(f"{address}/api/jobs", files=files, headers=headers, trust_env=False)
        job_id = answer.json()["job_id"]
        listed = json.loads(ask("list", "--json").stdout)
        assert [(job["job_id"], job["owner"]) for job in listed["jobs"]] == [(job_id, "root")]
        assert "[bold] <b>.mp4" in ask("list").stdout
        followed = ask("events", "--follow", "--json", job_id)
        assert json.loads(followed.stdout.splitlines()[-1]) == {"state": "failed"}
        assert job_id in ask("show", job_id).stdout
        assert ask("retry", job_id).exit_code == 0
        assert ask("cancel", job_id).exit_code == 0
        assert ask("events", "--follow", job_id).exit_code == 0
        assert ask("delete", job_id).exit_code == 0
        assert ask("clean", "--json").exit_code == 0
        gone = ask("show", job_id)
        assert (gone.exit_code, gone.stdout) == (1, "")
        assert job_id in gone.stderr
        assert ask("show", "../health").exit_code == 1
        assert ask("list", "--state", "lost").exit_code == 2
        refused = jobs_command(address, "list")
        assert refused.exit_code == 1
        assert "token" in refused.stderr


@pytest.mark.slow
def test_upload_and_login_survive_a_killed_server(tmp_path: Path):
    users = make_users(tmp_path)
    options = ("--auth-file", str(users), "--trusted-proxy", "127.0.0.1")
    protocol = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    behind_https = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    with serving(tmp_path / "workspace", *options, status=-signal.SIGKILL) as (address, pid):
        login = {"name": "anna", "password": PASSWORDS["anna"]}
        answer = httpx.post(f"{address}/login", data=login, headers=behind_https, trust_env=False)
        assert "; Secure" in answer.headers["set-cookie"]
        answer = httpx.post(f"{address}/login", data=login, trust_env=False)
        assert "; Secure" not in answer.headers["set-cookie"]
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        begun = httpx.post(
            f"{address}/api/uploads/", headers={**protocol, **cookie, "Upload-Length": "3000000"}, trust_env=False
        )
        upload = begun.headers["location"]
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
            headers = {**protocol, **cookie, "Host": "127.0.0.1", "Upload-Offset": "0", "Content-Length": "3000000"}
            lines = [f"PATCH {upload} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            connection.sendall("\r\n".join(lines).encode() + b"v" * 2_000_000)
            content = tmp_path / "workspace" / "uploads" / upload.rpartition("/")[2] / "content.bin"
            end_s = time.monotonic() + 20
            while not content.stat().st_size:
                assert time.monotonic() < end_s
                time.sleep(0.01)
            os.kill(pid, signal.SIGKILL)
    with (
        serving(tmp_path / "workspace", *options) as (address, _),
        httpx.Client(base_url=address, headers={**protocol, **cookie}, trust_env=False, timeout=30) as client,
    ):
        offset = int(client.head(upload).headers["upload-offset"])
        assert 0 < offset <= 2_000_000
        rest = b"v" * (3_000_000 - offset)
        assert client.patch(upload, content=rest, headers={"Upload-Offset": str(offset)}).status_code == 204
        videos = {"videos": [{"upload_id": upload.rpartition("/")[2]}]}
        answer = client.post("/api/jobs", json=videos, headers={"Content-Type": "application/json"})
        assert answer.status_code == 202, answer.text
        assert client.get("/api/jobs").json()["jobs"][0]["owner"] == "anna"
    (video,) = (tmp_path / "workspace" / "jobs").glob("*/input/000.mp4")
    assert video.read_bytes() == b"v" * 3_000_000


def test_absent_service_is_said():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    printed = jobs_command(address, "list")
    assert printed.exit_code == 1
    assert "videoprep serve" in printed.stderr
    assert jobs_command("no address", "list").exit_code in (1, 2)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        pytest.param(["--host", "0.0.0.0"], "--auth-file", id="open to all without users"),
        pytest.param(["--host", "0.0.0.0", "--auth-file", "absent"], "videoprep users add", id="no auth file"),
        pytest.param(["--host", "192.0.2.1", "--auth-file", "{users}"], "192.0.2.1", id="address of another machine"),
        pytest.param(["--workspace", "/proc/nothing"], "workspace", id="workspace that cannot be"),
        pytest.param(["--port", "70000"], "port", id="no port"),
        pytest.param(["--scheduler", "tcp://192.0.2.1:8786"], "--insecure-scheduler", id="scheduler without TLS"),
        pytest.param(["--scheduler", "tls://192.0.2.1:8786"], "requires --tls-ca", id="TLS without certificates"),
        pytest.param(["--tls-ca", "{users}"], "belong together", id="one of three files"),
        pytest.param(["--cvat", "http://127.0.0.1"], "--cvat needs --cvat-token-file", id="CVAT without a token"),
        pytest.param(["--cvat-token-file", "{users}"], "--cvat-token-file needs --cvat", id="token without CVAT"),
        pytest.param([*TO_CVAT, "{users}/absent"], "cannot be read", id="no token file"),
        pytest.param([*TO_CVAT, "{users}"], "does not hold a token", id="file without a token"),
        pytest.param(["--cvat", "cvat", "--cvat-token-file", "{users}"], "not the address", id="no address of CVAT"),
    ],
)
def test_server_refuses_to_start(options: list[str], word: str, tmp_path: Path):
    users = make_users(tmp_path)
    filled = [option.format(users=users) for option in options]
    command = [sys.executable, *CLI, "serve", "--port", "0", "--workspace", str(tmp_path / "workspace"), *filled]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert printed.returncode == 2
    assert word in printed.stderr
    assert "Traceback" not in printed.stderr
    assert not (tmp_path / "workspace" / "jobs.sqlite").exists()


def test_missing_sdk_of_cvat_is_said_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "token").write_text("a-token")
    monkeypatch.setitem(sys.modules, "cvat_sdk", None)  # as Python marks what cannot be imported
    result = CliRunner().invoke(app, ["serve", "--workspace", str(tmp_path), *TO_CVAT, str(tmp_path / "token")])
    assert result.exit_code == 2
    assert "pip install 'videoprep-nb[cvat]'" in result.output
    assert "a-token" not in result.output
