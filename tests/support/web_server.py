"""A real service on a real port: in a thread of the test process, or as people start it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from fastapi import FastAPI

from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.jobs.announcing.announcement import Channel
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.app import create_app
from videoprep_nb.server.security.connections import ConnectionLimits
from videoprep_nb.server.security.user_file import Role, add_user
from videoprep_nb.server.security.users import Users
from videoprep_nb.server.serving import make_server

PASSWORDS = {"root": "correct horse battery", "anna": "anna likes long words", "bert": "bert likes them too"}
"""``root`` is an admin, the others are members."""
ROOT = Path(__file__).resolve().parents[2]
SMALL_LIMITS = Limits(file_bytes=3_000_000, job_bytes=4_000_000, videos=5, free_bytes=0, free_per_input_byte=0)
PROBLEM = "application/problem+json"


@dataclass
class RunningServer:
    service: Service
    port: int
    client: httpx.Client
    app: FastAPI

    @property
    def uploads(self) -> list[Path]:
        return list(self.service.workspace.uploads_dir.iterdir())

    def fresh_client(self) -> httpx.Client:
        """A client without cookies."""
        return httpx.Client(base_url=self.client.base_url, timeout=30, trust_env=False)


@contextmanager
def running_server(
    folder: Path,
    limits: Limits = SMALL_LIMITS,
    users: Users | None = None,
    cvat: CvatAccount | None = None,
    connection_limits: ConnectionLimits | None = None,
    trusted_proxies: Sequence[str] = (),
    channels: Sequence[Channel] = (),
) -> Iterator[RunningServer]:
    engine = EngineSettings(worker_count=1, separate_processes=False)
    with Service(Workspace(folder), engine, limits, cvat, channels) as service:
        app = create_app(service, users)
        server = make_server(app, trusted_proxies, connection_limits)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                yield RunningServer(service, port, client, app)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def server_process(
    workspace: Path, port: int, *options: str, checkout: Path = ROOT, max_descriptors: int | None = None
) -> Iterator[psutil.Process]:
    """A service as a process of its own, from any checkout."""
    command = [sys.executable, "app_gradio.py", "--port", str(port), "--workspace", str(workspace), "--workers", "1"]
    if max_descriptors:
        command = ["sh", "-c", f'ulimit -n {max_descriptors} && exec "$0" "$@"', *command]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True, cwd=checkout)
    assert process.stdout is not None
    try:
        assert "http://" in process.stdout.readline()
        yield psutil.Process(process.pid)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def make_users(folder: Path) -> Path:
    """A user file with the users of ``PASSWORDS``."""
    file = folder / "users.json"
    for name, password in PASSWORDS.items():
        add_user(file, name, Role.ADMIN if name == "root" else Role.MEMBER, password)
    return file


@contextmanager
def log_in(server: RunningServer, name: str) -> Iterator[httpx.Client]:
    """A browser in which a user has logged in."""
    with server.fresh_client() as client:
        answer = client.post("/login", data={"name": name, "password": PASSWORDS[name]})
        assert answer.status_code == 303, answer.text
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def read_events(client: httpx.Client, path: str, **query: object) -> list[dict]:
    """Follow server-sent events to their end: ``event``, ``id`` and decoded ``data`` of each."""
    events: list[dict] = [{}]
    with client.stream("GET", path, params=query, timeout=120) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if not line:
                events.append({})
            elif name:
                events[-1][name] = json.loads(value) if name == "data" else value
    return [event for event in events if event]


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    """A problem in one plain sentence, with these words in it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert all(word in problem["detail"] for word in words), problem["detail"]
    assert "Traceback" not in problem["detail"]
