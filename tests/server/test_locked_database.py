"""A job database that another program holds: changes are answered 503 for a while, everything else as ever."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.jobs.storage.test_adoption import end, service_of, submit_upload
from tests.support.job_services import wait_until
from tests.support.web_server import assert_problem, running_server
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.storage.workspace import Workspace


def test_changes_are_refused_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    workspace = Workspace(tmp_path)
    with service_of(workspace) as service:
        for _ in range(2):
            end(service, submit_upload(service, ""), State.FAILED, "It failed.")
    monkeypatch.setattr("videoprep_nb.jobs.store.database._BUSY_TIMEOUT_S", 0.2)
    with running_server(tmp_path) as server, closing(sqlite3.connect(workspace.database)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        requests = [("POST", "/api/jobs/1/retry"), ("DELETE", "/api/jobs/1")]
        for method, path in requests:
            answer = server.client.request(method, path)
            assert_problem(answer, 503, "cannot be used for now", "Nothing is lost", "try again")
            assert int(answer.headers["retry-after"]) > 0
        for path in ("/api/jobs", "/api/jobs/1", "/api/health", "/"):
            assert server.client.get(path).status_code == 200
        holder.rollback()
        assert server.client.delete("/api/jobs/1").status_code == 204
        assert server.client.post("/api/jobs/2/retry").status_code == 202
        assert wait_until(lambda: server.client.get("/api/jobs/2").json()["state"] == "failed", 60)
