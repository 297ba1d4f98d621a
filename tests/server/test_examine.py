"""Inspections of many files for several users: they take turns, and what nobody waits for ends."""

import select
import socket
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.support.job_services import processes_with, wait_until
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, bearer, make_users, running_server
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server import examine
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users

MANY = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("examine")
    with running_server(folder / "workspace", SMALL_LIMITS, Users(make_users(folder))) as running:
        yield running


@pytest.fixture(scope="module")
def headers(server: RunningServer) -> dict[str, dict[str, str]]:
    file = server.service.workspace.path.parent / "users.json"
    return {name: bearer(new_token(file, name)) for name in ("anna", "bert")}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    write_sample(path, duration_s=1.0)
    return path.read_bytes()


def uploaded(client: httpx.Client, headers: dict[str, str], content: bytes) -> str:
    protocol = headers | {"Tus-Resumable": "1.0.0"}
    created = client.post("/api/uploads/", headers=protocol | {"Upload-Length": str(len(content))})
    piece = protocol | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    assert client.patch(created.headers["location"], content=content, headers=piece).status_code == 204
    return created.headers["location"]


def ask(server: RunningServer, path: str, headers: dict[str, str]) -> socket.socket:
    """Ask and do not wait for the answer."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=120)
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def inspecting(server: RunningServer) -> list[psutil.Process]:
    processes = processes_with(WORKSPACE_VARIABLE, str(server.service.workspace.path))
    return [process for process in processes if "videoprep_nb.media.inspection" in " ".join(process.cmdline())]


def test_closed_requests_end_their_inspections(server: RunningServer, headers: dict, video: bytes):
    location = uploaded(server.client, headers["anna"], video)
    connections = [ask(server, f"{location}/probe", headers["anna"]) for _ in range(MANY)]
    assert wait_until(lambda: len(inspecting(server)) == 2, 30)
    [first, second] = inspecting(server)
    first.suspend()
    second.suspend()  # like one that takes long
    for connection in connections:
        connection.close()
    assert wait_until(lambda: not inspecting(server), 30)
    assert server.client.get(f"{location}/probe", headers=headers["anna"], timeout=120).json()["problem"] == ""


def test_many_inspections_of_one_delay_that_of_another_by_one(server: RunningServer, headers: dict, video: bytes):
    of_anna = uploaded(server.client, headers["anna"], video)
    of_bert = uploaded(server.client, headers["bert"], video)
    connections = [ask(server, f"{of_anna}/probe", headers["anna"]) for _ in range(MANY)]
    assert wait_until(lambda: len(inspecting(server)) == 2, 30)
    answer = server.client.get(f"{of_bert}/probe", headers=headers["bert"], timeout=120)
    assert answer.json()["problem"] == ""
    answered, _, _ = select.select(connections, [], [], 0)
    for connection in connections:
        connection.close()
    assert len(answered) <= 4, "two that ran already, one more, and one beside that of the other user"


def test_inspections_of_a_user_are_limited(
    server: RunningServer, headers: dict, video: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(examine, "_MAX_INSPECTIONS_PER_USER", 0)
    location = uploaded(server.client, headers["bert"], video)
    assert_problem(server.client.get(f"{location}/probe", headers=headers["bert"]), 429, "0 of your files", "limit")
