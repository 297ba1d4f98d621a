"""Live and ready: what monitors without an account learn of a service, and what its people learn."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.job_services import NO_LIMITS, wait_until
from tests.support.logs import lines_until
from tests.support.web_server import (
    SMALL_LIMITS,
    RunningServer,
    assert_problem,
    bearer,
    free_port,
    log_in,
    make_users,
    running_server,
)
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store import database
from videoprep_nb.server import health
from videoprep_nb.server.health import LIVE_PATH, READY_PATH, Readiness
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_MAX_AGE_S", 0.0)


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Another program holds the job database."""
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def is_ready(server: RunningServer) -> bool:
    return server.client.get("/api/health/ready").status_code == 200


def test_strangers_learn_that_it_works_and_nothing_else(tmp_path: Path):
    users = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(users)) as server:
        assert server.client.get("/api/health/live").json() == {"alive": True}
        assert wait_until(lambda: is_ready(server))
        assert server.client.get("/api/health/ready").json() == {"ready": True}
        server.service.limits = replace(SMALL_LIMITS, free_bytes=10**18)
        stranger = server.client.get("/api/health/ready")
        assert_problem(stranger, 503, "not ready")
        assert "GB" not in stranger.text
        assert server.client.get("/api/health/live").status_code == 200
        with log_in(server, "anna") as anna, log_in(server, "root") as root:
            sentence = anna.get("/api/health/ready").json()["detail"]
            assert "GB free" in sentence
            full = anna.get("/api/health").json()
            assert (full["ready"], full["reasons"]) == (False, [sentence])
            assert sentence in root.get("/page/live", params={"view": "health"}).text
            assert "\nvideoprep_ready 0.0" in root.get("/metrics").text
            server.service.limits = SMALL_LIMITS
            assert root.get("/api/health").json()["ready"]
            assert "\nvideoprep_ready 1.0" in root.get("/metrics").text
        logged = lines_until(server, "access", lambda line: line["path"] == "/metrics")
        assert {line["status"] for line in logged if line["path"] in (LIVE_PATH, READY_PATH)} == {503}
        assert_problem(server.client.get("/api/health/live", headers=bearer("wrong")), 401)
        assert server.client.get("/api/health/live", headers=bearer(new_token(users, "bert"))).status_code == 200


def test_locked_database_is_not_ready_and_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 1.0)
    with running_server(tmp_path) as server, ThreadPoolExecutor(45) as pool:
        assert wait_until(lambda: is_ready(server))
        with locked(server.service.workspace):
            asked = [pool.submit(server.client.get, "/api/health/ready") for _ in range(45)]
            started_s = time.monotonic()
            # more of those than there are threads for requests
            assert server.client.get("/page/static/page.js").status_code == 200
            assert server.client.get("/api/health/live").status_code == 200
            assert time.monotonic() - started_s < 10
            assert_problem(asked[0].result(), 503, "job database", "locked")
        assert all(request.result().status_code in (200, 503) for request in asked)
        assert is_ready(server)


def test_service_that_stops_is_not_ready(tmp_path: Path):
    with running_server(tmp_path) as server:
        assert wait_until(lambda: is_ready(server))
        server.app.state.stopping = True
        assert_problem(server.client.get("/api/health/ready"), 503, "about to stop")
        assert server.client.get("/api/health/live").status_code == 200


@pytest.mark.slow
def test_service_without_workers_is_not_ready(tmp_path: Path):
    settings = EngineSettings(scheduler=f"tcp://127.0.0.1:{free_port()}")
    with Service(Workspace(tmp_path), settings, NO_LIMITS) as service:
        (reason,) = Readiness(service, lambda: False).reasons()
        assert "No worker" in reason
