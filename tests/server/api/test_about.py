"""Names and notes of jobs over the REST API."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("videos")
    (folder / "a.mp4").write_bytes(b"no video")
    limits = replace(SMALL_LIMITS, import_roots=(folder,))
    with running_server(tmp_path_factory.mktemp("workspace"), limits) as running:
        yield running


@pytest.fixture
def job(server: RunningServer) -> str:
    files = {"videos": ("a.mp4", b"no video")}
    answer = server.client.post("/api/jobs", files=files, data={"name": "Station,\n north", "note": "one\r\ntwo"})
    assert answer.status_code == 202, answer.text
    return f"/api/jobs/{answer.json()['number']}"


def about(server: RunningServer, path: str) -> tuple[str, str]:
    status = server.client.get(path).json()
    return status["name"], status["note"]


def test_name_and_note_are_given_with_a_form(server: RunningServer, job: str):
    assert about(server, job) == ("Station, north", "one\ntwo")


def test_name_and_note_are_given_as_json(server: RunningServer):
    video = {"server_path": str(server.service.limits.import_roots[0] / "a.mp4")}
    answer = server.client.post("/api/jobs", json={"videos": [video], "name": "Platform 7", "note": "one"})
    assert about(server, answer.headers["location"]) == ("Platform 7", "one")
    (found,) = server.client.get("/api/jobs", params={"search": "PLATFORM 7"}).json()["jobs"]
    assert (found["job_id"], found["name"], found["note"]) == (answer.json()["job_id"], "Platform 7", "one")
    assert server.client.get("/api/jobs", params={"text": "platform 7"}).json()["total"] == 1  # its older name


def test_what_is_left_out_stays(server: RunningServer, job: str):
    changed = server.client.patch(job, json={"name": "Market"})
    assert (changed.status_code, changed.json()["name"], changed.json()["note"]) == (200, "Market", "one\ntwo")
    assert server.client.patch(job, json={"note": ""}).status_code == 200
    assert about(server, job) == ("Market", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "x" * 101}, ["name", "100"]),
        ({"note": "x" * 2001}, ["note", "2000"]),
        ({"name": 7}, ["name"]),
        ({"title": "Market"}, ["title"]),
    ],
    ids=["long name", "long note", "number", "unknown"],
)
def test_changes_that_make_no_sense(change: dict, words: list[str], server: RunningServer, job: str):
    assert_problem(server.client.patch(job, json=change), 422, *words)
    assert about(server, job) == ("Station, north", "one\ntwo")


def test_job_with_a_name_that_is_too_long_is_refused(server: RunningServer):
    before = server.client.get("/api/jobs").json()["total"]
    files = {"videos": ("a.mp4", b"no video")}
    assert_problem(server.client.post("/api/jobs", files=files, data={"name": "x" * 101}), 422, "name", "100")
    sent = {"videos": [{"server_path": "a.mp4"}], "note": "x" * 2001}
    assert_problem(
        server.client.post("/api/jobs", content=json.dumps(sent), headers={"Content-Type": "application/json"}),
        422,
        "note",
    )
    assert server.client.get("/api/jobs").json()["total"] == before
