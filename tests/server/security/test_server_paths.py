"""Members see no path of the server, wherever it may have come from; admins do."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.job_services import wait_until
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, log_in, make_users, running_server
from videoprep_nb.server.security.server_paths import ServerPaths
from videoprep_nb.server.security.users import Users


class Shared:
    """A failed job of anna, whose messages and reports hold paths, as she and as an admin see it."""

    def __init__(self, server: RunningServer, folder: Path, anna: httpx.Client, root: httpx.Client) -> None:
        self.server, self.folder, self.anna, self.root = server, folder, anna, root
        self.job_id = anna.post("/api/jobs", files={"videos": ("x.mp4", b"no video")}).json()["job_id"]
        assert wait_until(lambda: anna.get(f"/api/jobs/{self.job_id}").json()["state"] == "failed")
        with closing(sqlite3.connect(server.service.workspace.database, isolation_level=None)) as database:
            database.execute("UPDATE jobs SET message = ?", [f"{self.workspace}/jobs/x/clips.json does not exist."])
            database.execute("UPDATE tasks SET message = ?", [f"got '{self.workspace}', expected another folder"])
            database.execute("UPDATE events SET data = json_set(data, '$.message', ?)", [self.workspace])

    @property
    def workspace(self) -> str:
        return str(self.server.service.workspace.path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("secret place")
    (folder / "videos" / "street").mkdir(parents=True)
    (folder / "videos" / "street" / "a.mp4").write_bytes(b"no video")
    limits = replace(SMALL_LIMITS, import_roots=(folder / "videos",))
    with ExitStack() as stack:
        users = Users(make_users(folder))
        server = stack.enter_context(running_server(folder / "wörkspace", limits, users=users))
        yield Shared(server, folder, *(stack.enter_context(log_in(server, name)) for name in ("anna", "root")))


def test_messages_events_and_pages(shared: Shared):
    job = f"/api/jobs/{shared.job_id}"
    for path in (job, "/api/jobs", f"{job}/events", f"/page/live?view=job&job={shared.job_id}", f"{job}/reports"):
        of_anna, of_root = shared.anna.get(path), shared.root.get(path)
        assert "secret place" not in of_anna.text, path
        assert of_anna.status_code == of_root.status_code == 200
    assert shared.anna.get(job).json()["message"] == "…/x/clips.json does not exist."
    assert shared.root.get(job).json()["message"].startswith(shared.workspace)


def test_reports_and_their_parameters(shared: Shared):
    job = f"/api/jobs/{shared.job_id}"
    reports = shared.anna.get(f"{job}/reports").json()
    assert {report["name"].rpartition(".")[2] for report in reports} == {"html", "ipynb"}
    seen_by_root = ""
    for report in reports:
        answer = shared.anna.get(report["href"], headers={"Range": "bytes=0-99"})
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert b"secret place" not in answer.content
        assert shared.anna.head(report["href"]).status_code == 200
        seen_by_root += shared.root.get(report["href"]).text
    assert shared.workspace in seen_by_root
    with zipfile.ZipFile(io.BytesIO(shared.anna.get(f"{job}/reports.zip").content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(reports)
        assert not [name for name in archive.namelist() if b"secret place" in archive.read(name)]


def test_errors(shared: Shared):
    shared.server.service.workspace.job_folder(shared.job_id).package.unlink(missing_ok=True)
    answers = [
        shared.anna.get(f"/api/jobs/{shared.job_id}/package"),
        shared.anna.get("/api/imports/probe", params={"path": "/videos/street/absent.mp4"}),
        shared.anna.post("/api/jobs", json={"videos": [{"server_path": "/videos/street"}]}),
        shared.anna.get("/api/jobs/x"),
    ]
    assert [answer.status_code for answer in answers] == [404, 400, 400, 404]
    assert not [answer.text for answer in answers if "secret place" in answer.text]
    assert_problem(answers[1], 400, "/videos/street/absent.mp4")


def test_folders_for_import_have_names(shared: Shared):
    def listed(client: httpx.Client, path: str | None = None) -> list[str]:
        answer = client.get("/api/imports", params={"path": path} if path else {})
        return [entry["path"] for entry in answer.json()]

    assert listed(shared.anna) == ["/videos"]
    assert listed(shared.anna, "/videos") == ["/videos/street"]
    assert listed(shared.anna, "/videos/street") == ["/videos/street/a.mp4"]
    assert listed(shared.root) == [str(shared.folder / "videos")]
    for path in ("/videos/street/a.mp4", str(shared.folder / "videos" / "street" / "a.mp4")):
        taken = shared.anna.post("/api/jobs", json={"videos": [{"server_path": path}]})
        assert taken.status_code == 202, taken.text
    for outside in ("/videos/../users.json", "/videos/street/../../users.json", "videos/street/a.mp4"):
        answer = shared.anna.post("/api/jobs", json={"videos": [{"server_path": outside}]})
        assert_problem(answer, 400, "import folder")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/data/workspace/jobs/1/x does not exist", "…/jobs/1/x does not exist"),
        ("'/data/workspace'", "'…'"),
        ("file:///data/workspace/x", "file://…/x"),
        ("/home/anna's caf\u00e9/x", "…/x"),
        (json.dumps("/home/anna's caf\u00e9/x"), '"…/x"'),
        ("/home/anna&#x27;s caf\u00e9/x", "…/x"),
        ("/data/workspace2/x", "/data/workspace2/x"),
        ("http://host/data/workspace/x", "http://host/data/workspace/x"),
        ("a/data/workspace", "a/data/workspace"),
        ("/api/jobs/1", "/api/jobs/1"),
        ("/usr/x", "/usr/x"),
    ],
)
def test_paths_in_texts(text: str, shown: str):
    paths = ServerPaths([Path("/data/workspace"), Path("/home/anna's caf\u00e9"), Path("/usr")])
    assert paths.hide(text.encode()).decode() == shown
