"""A damaged job database: one sentence at start and in every answer, and ``videoprep jobs rebuild`` repairs it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.jobs.storage.test_adoption import end, service_of, submit_upload
from tests.support.command_line import videoprep
from tests.support.web_server import ROOT, assert_problem, running_server
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.storage.workspace import Workspace

PATHS = [
    "/",
    "/login",
    "/api/jobs",
    "/api/jobs/1",
    "/api/health",
    "/metrics",
    "/api/uploads/",
    "/page/live",
    "/nothing",
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def make_jobs(workspace: Workspace) -> list[str]:
    with service_of(workspace) as service:
        jobs = [submit_upload(service, "anna") for _ in range(30)]
        for job_id in jobs:
            end(service, job_id, State.DONE)
    return jobs


def is_no_database(content: bytes) -> bytes:
    return b"this is no database " * 500


def has_bad_pages(content: bytes) -> bytes:
    return content[:8192] + b"\xa5" * (len(content) - 16384) + content[-8192:]


def is_cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


@contextmanager
def started(workspace: Workspace) -> Iterator[tuple[str, subprocess.Popen]]:
    command = [sys.executable, "app_gradio.py", "--port", "0", "--workers", "1", "--workspace", str(workspace.path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match, process.stderr.read()
        yield match[0], process
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()
        process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [has_bad_pages, *(pytest.param(damage, marks=pytest.mark.exhaustive) for damage in (is_no_database, is_cut_off))],
)
def test_damage_is_said_and_repaired(workspace: Workspace, damage: Callable[[bytes], bytes]):
    jobs = make_jobs(workspace)
    damaged = damage(workspace.database.read_bytes())
    workspace.database.write_bytes(damaged)
    with started(workspace) as (address, process), httpx.Client(base_url=address, trust_env=False) as client:
        for method in ("GET", "POST", "DELETE"):
            for path in PATHS:
                answer = client.request(method, path)
                assert_problem(answer, 503, "damaged", "no result is lost", "videoprep jobs rebuild")
                assert str(workspace.path) not in answer.text
        assert client.get("/api/health/live").json() == {"alive": True}
        assert_problem(client.get("/api/health/ready"), 503, "videoprep jobs rebuild")
        page = client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        assert "videoprep jobs rebuild" in page.text
        process.terminate()
        (sentence,) = process.stderr.read().splitlines()
        assert f"videoprep jobs rebuild --workspace {workspace.path}" in sentence
    repaired = videoprep("jobs", "rebuild", "--workspace", str(workspace.path))
    assert repaired.exit_code == 0, repaired.output
    assert "30 jobs" in repaired.stdout
    (old,) = workspace.lost_dir.glob("*-jobs.sqlite")
    assert old.read_bytes() == damaged
    with started(workspace) as (address, _), httpx.Client(base_url=address, trust_env=False) as client:
        refused = videoprep("jobs", "rebuild", "--workspace", str(workspace.path))
        assert (refused.exit_code, "used by another service" in refused.stderr) == (2, True)
        page = client.get("/api/jobs", params={"limit": 100}).json()
        assert [(job["job_id"], job["state"], job["owner"]) for job in page["jobs"]] == [
            (job_id, "done", "anna") for job_id in jobs[::-1]
        ]
        assert client.get(f"/api/jobs/{jobs[0]}/package").content == b"package of " + jobs[0].encode()


def test_rebuild_makes_no_workspace(tmp_path: Path):
    refused = videoprep("jobs", "rebuild", "--workspace", str(tmp_path / "absent"))
    assert refused.exit_code == 2
    assert "not the workspace" in refused.stderr
    assert not (tmp_path / "absent").exists()


def test_damage_while_the_service_runs(workspace: Workspace, caplog: pytest.LogCaptureFixture):
    make_jobs(workspace)
    with running_server(workspace.path) as server:
        server.service._store._database._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        server.service._store._database._connection.execute("PRAGMA shrink_memory")
        workspace.database.write_bytes(b"\xa5" * workspace.database.stat().st_size)
        answers = [server.client.get(path) for path in ["/api/jobs", "/api/jobs/1"] * 3]
        for answer in answers:
            assert_problem(answer, 503, "damaged", "videoprep jobs rebuild")
            assert str(workspace.path) not in answer.text
        assert server.client.get("/api/health/live").status_code == 200
        assert_problem(server.client.get("/api/health/ready"), 503, "videoprep jobs rebuild")
    assert caplog.text.count("jobs.sqlite is damaged") == 1
    assert len(list(workspace.jobs_dir.glob("*/final_package.zip"))) == 30
