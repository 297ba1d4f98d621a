"""Resumable uploads through a real server: cut, resumed, taken over by jobs; asserted on what is on the disk."""

import base64
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, bearer, make_users, running_server
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.jobs.storage.retention import EMPTY_UPLOAD_AGE, UPLOAD_AGE
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users

CONTENT = bytes(range(256)) * 8000
PROTOCOL = {"Tus-Resumable": "1.0.0"}
PIECE = PROTOCOL | {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("tus")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_stays(server: RunningServer) -> Iterator[None]:
    yield
    for upload in server.client.get("/api/uploads/").json():
        assert server.client.delete(f"/api/uploads/{upload['upload_id']}", headers=PROTOCOL).status_code == 204
    assert server.uploads == []


def metadata(name: str) -> dict[str, str]:
    return {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()},filetype dmlkZW8="}


def metadata_bytes(value: bytes) -> list[tuple[bytes, bytes]]:
    """Headers of a new upload with metadata that need not be text."""
    headers = {**PROTOCOL, "Upload-Length": "1"}
    return [*((name.encode(), text.encode()) for name, text in headers.items()), (b"Upload-Metadata", value)]


def create(client: httpx.Client, size: int = len(CONTENT), name: str = "a.mp4") -> str:
    answer = client.post("/api/uploads/", headers=PROTOCOL | metadata(name) | {"Upload-Length": str(size)})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def send(client: httpx.Client, location: str, content: bytes, offset: int = 0) -> httpx.Response:
    return client.patch(location, content=content, headers=PIECE | {"Upload-Offset": str(offset)})


def offset_of(client: httpx.Client, location: str) -> int:
    answer = client.head(location, headers=PROTOCOL)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def uploaded(client: httpx.Client, content: bytes = CONTENT, name: str = "a.mp4") -> str:
    """The id of an upload that has arrived."""
    location = create(client, len(content), name)
    assert send(client, location, content).headers["upload-offset"] == str(len(content))
    return location.rpartition("/")[2]


def submit(client: httpx.Client, *upload_ids: str, **more: object) -> httpx.Response:
    videos = [{"upload_id": upload_id} for upload_id in upload_ids]
    return client.post("/api/jobs", json={"videos": videos, **more})


def content_on_disk(server: RunningServer, location: str) -> bytes:
    return (server.service.workspace.uploads_dir / location.rpartition("/")[2] / "content.bin").read_bytes()


@contextmanager
def cut_off(server: RunningServer, location: str, sent: bytes) -> Iterator[socket.socket]:
    """A connection that has sent a part of what it said it would send, of which some has arrived."""
    headers = {**PIECE, "Host": "127.0.0.1", "Upload-Offset": "0", "Content-Length": str(len(CONTENT))}
    lines = [f"PATCH {location} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode() + sent)
        end_s = time.monotonic() + 10
        while not content_on_disk(server, location):
            assert time.monotonic() < end_s, "nothing arrives"
            time.sleep(0.01)
        yield connection


def test_protocol_is_described(server: RunningServer):
    answer = server.client.options("/api/uploads/")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,termination"
    assert answer.headers["tus-max-size"] == str(SMALL_LIMITS.file_bytes)


def test_upload_in_pieces_becomes_a_job_without_a_copy(server: RunningServer):
    location = create(server.client, name="street <b>.mp4")
    assert offset_of(server.client, location) == 0
    for start in range(0, len(CONTENT), 700_000):
        answer = send(server.client, location, CONTENT[start : start + 700_000], start)
        assert answer.status_code == 204
        assert answer.headers["tus-resumable"] == "1.0.0"
    (listed,) = server.client.get("/api/uploads/").json()
    assert (listed["name"], listed["offset_bytes"], listed["size_bytes"]) == (
        "street <b>.mp4",
        len(CONTENT),
        len(CONTENT),
    )
    inode = (server.service.workspace.uploads_dir / listed["upload_id"] / "content.bin").stat().st_ino
    answer = submit(
        server.client, listed["upload_id"], params={"clip": {"clip_duration_s": 7}}, options={"keep_scratch": True}
    )
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    video = server.service.workspace.jobs_dir / job_id / "input" / "000.mp4"
    assert video.read_bytes() == CONTENT
    assert video.stat().st_ino == inode
    assert server.uploads == []
    job = server.client.get(f"/api/jobs/{job_id}").json()
    assert (job["video_names"], job["keep_scratch"]) == (["street <b>.mp4"], True)


def test_fields_of_the_last_version_are_options(server: RunningServer, caplog: pytest.LogCaptureFixture):
    upload_id = uploaded(server.client)
    assert_problem(submit(server.client, upload_id, clips_per_unit=0), 422, "clips_per_task")
    assert_problem(submit(server.client, upload_id, options=3, clips_per_unit=1), 422, "options")
    answer = submit(server.client, upload_id, clips_per_unit=3, keep_scratch=True)
    spec = JobSpec.read(server.service.workspace.job_folder(answer.json()["job_id"]).spec)
    assert (spec.options.clips_per_task, spec.options.keep_scratch) == (3, True)
    assert "options.clips_per_task" in caplog.text


def test_cut_upload_goes_on_where_it_was_cut(server: RunningServer):
    location = create(server.client)
    with cut_off(server, location, CONTENT[:1_500_000]):
        pass
    offset = offset_of(server.client, location)
    assert 0 < offset <= 1_500_000
    assert send(server.client, location, CONTENT[offset:], offset).status_code == 204
    assert content_on_disk(server, location) == CONTENT


def test_dead_connection_does_not_hold_up_the_next(server: RunningServer):
    location = create(server.client)
    with cut_off(server, location, CONTENT[:1_500_000]) as silent:
        offset = offset_of(server.client, location)
        assert offset > 1_048_576, "what had not filled a batch was lost"
        assert send(server.client, location, CONTENT[offset:], offset).status_code == 204
        assert b" 409 " in silent.recv(1000)
    assert content_on_disk(server, location) == CONTENT


def test_two_senders_never_mix(server: RunningServer):
    location = create(server.client)
    statuses = []

    def send_all() -> None:
        with server.fresh_client() as client:
            statuses.append(send(client, location, CONTENT).status_code)

    threads = [threading.Thread(target=send_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {204, 409}
    offset = offset_of(server.client, location)
    assert content_on_disk(server, location) == CONTENT[:offset]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Upload-Length": "1"}, 412, id="no version"),
        pytest.param({"Tus-Resumable": "0.2.2", "Upload-Length": "1"}, 412, id="other version"),
        pytest.param(PROTOCOL, 422, id="no size"),
        pytest.param(PROTOCOL | {"Upload-Defer-Length": "1"}, 422, id="size that is said later"),
        pytest.param(PROTOCOL | {"Upload-Length": "-1"}, 422, id="negative size"),
        pytest.param(PROTOCOL | {"Upload-Length": "x"}, 422, id="size in letters"),
        pytest.param(PROTOCOL | {"Upload-Length": "9" * 30}, 422, id="endless size"),
        pytest.param(PROTOCOL | {"Upload-Length": "3000001"}, 413, id="too large"),
        pytest.param(PROTOCOL | {"Upload-Length": "1", "Upload-Metadata": "filename %%%"}, 400, id="no Base64"),
        pytest.param(PROTOCOL | {"Upload-Length": "1", "Upload-Metadata": "filename /w=="}, 400, id="no UTF-8"),
        pytest.param(metadata_bytes(b"filename caf\xe9"), 400, id="no Base64 and no UTF-8"),
        pytest.param(metadata_bytes("filename é".encode()), 400, id="no Base64 but UTF-8"),
        pytest.param(metadata_bytes(b"filename 7aCA"), 400, id="surrogate in Base64"),
        pytest.param(metadata_bytes(b"filename YQ==,note \xff"), 400, id="another value"),
        pytest.param(PROTOCOL | {"Upload-Length": "1", "Upload-Metadata": "x" * 5000}, 422, id="endless metadata"),
    ],
)
def test_bad_beginnings_are_refused(headers: dict | list, status: int, server: RunningServer):
    assert_problem(server.client.post("/api/uploads/", headers=headers), status)
    assert server.uploads == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x.mp4", "x.mp4"),
        ("a\0\n.mp4", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.mp4"),
        ("", "unnamed"),
        ("影 🎬", "影 🎬"),
    ],
)
def test_names_are_only_shown(sent: str, shown: str, server: RunningServer):
    create(server.client, 1, sent)
    assert [upload["name"] for upload in server.client.get("/api/uploads/").json()] == [shown]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        pytest.param(b"x", {"Upload-Offset": "1"}, 409, id="gap"),
        pytest.param(b"x", {}, 422, id="no offset"),
        pytest.param(b"x", {"Upload-Offset": "-1"}, 422, id="negative offset"),
        pytest.param(bytes(11), {"Upload-Offset": "0"}, 413, id="too much"),
        pytest.param(iter([bytes(6), bytes(6)]), {"Upload-Offset": "0"}, 413, id="too much, unannounced"),
        pytest.param(b"x", {"Upload-Offset": "0", "Content-Type": "video/mp4"}, 415, id="other type"),
        pytest.param(b"x", {"Upload-Offset": "0", "Tus-Resumable": "2"}, 412, id="other version"),
    ],
)
def test_bad_pieces_are_refused(content: bytes, headers: dict, status: int, server: RunningServer):
    location = create(server.client, 10)
    answer = server.client.patch(location, content=content, headers=PIECE | headers)
    assert_problem(answer, status)
    assert status == 422 or answer.headers["tus-resumable"] == "1.0.0"
    assert content_on_disk(server, location) == b""


@pytest.mark.parametrize("upload_id", ["0" * 32, "..", "%2e%2e%2fjobs", "%00", "x" * 500, "ABCDEF"])
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
def test_uploads_that_do_not_exist(method: str, upload_id: str, server: RunningServer):
    path = f"/api/uploads/{upload_id}" + ("/probe" if method == "GET" else "")
    answer = server.client.request(method, path, headers=PIECE | {"Upload-Offset": "0"})
    assert answer.status_code in (404, 405, 422)


def test_limits_count_everything_that_is_on_its_way(server: RunningServer):
    create(server.client, 2_500_000, "first.mp4")
    refused = server.client.post("/api/uploads/", headers=PROTOCOL | metadata("b.mp4") | {"Upload-Length": "2000000"})
    assert_problem(refused, 413, "b.mp4", "GB")
    for number in range(4):
        create(server.client, 1, f"{number}.mp4")
    refused = server.client.post("/api/uploads/", headers=PROTOCOL | {"Upload-Length": "1"})
    assert_problem(refused, 429, "5 uploads")


def test_full_disk_is_said_before_anything_is_sent(tmp_path: Path):
    with running_server(tmp_path, replace(SMALL_LIMITS, free_bytes=10**18)) as crowded:
        refused = crowded.client.post("/api/uploads/", headers=PROTOCOL | {"Upload-Length": "1"})
        assert_problem(refused, 507, "GB are free")
        assert crowded.uploads == []


def test_what_one_user_announces_takes_no_room_from_another(tmp_path: Path):
    """Two fifths of the disk at a time."""
    size = shutil.disk_usage(tmp_path).free * 2 // 5
    file = make_users(tmp_path)
    limits = replace(SMALL_LIMITS, file_bytes=10 * size, job_bytes=10 * size)
    with running_server(tmp_path / "workspace", limits, Users(file)) as server:
        for name, statuses in {"anna": [201, 201, 507], "bert": [201, 201, 507]}.items():
            headers = PROTOCOL | bearer(new_token(file, name)) | {"Upload-Length": str(size)}
            answers = [server.client.post("/api/uploads/", headers=headers) for _ in statuses]
            assert [answer.status_code for answer in answers] == statuses, answers[-1].text


def test_disk_that_fills_up_meanwhile_keeps_what_has_arrived(server: RunningServer, monkeypatch: pytest.MonkeyPatch):
    location = create(server.client)
    send(server.client, location, CONTENT[:1000])
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 500}))
        assert_problem(send(server.client, location, CONTENT[1000:], 1000), 507, "The upload needs")
        form = {"videos": ("a.mp4", CONTENT)}
        assert_problem(server.client.post("/api/jobs", files=form), 507)
    assert offset_of(server.client, location) == 1000
    assert send(server.client, location, CONTENT[1000:], 1000).status_code == 204
    assert content_on_disk(server, location) == CONTENT


def test_upload_of_a_service_that_was_killed_while_it_made_the_job_is_there_again(tmp_path: Path):
    with running_server(tmp_path) as server:
        location = create(server.client)
        send(server.client, location, CONTENT)
        [upload] = server.uploads
    (upload / "content.bin").rename(upload / "claimed.bin")
    with running_server(tmp_path) as server:
        assert submit(server.client, location.rpartition("/")[2]).status_code == 202


def test_upload_that_has_not_arrived_makes_no_job(server: RunningServer):
    location = create(server.client)
    send(server.client, location, CONTENT[:1000])
    upload_id = location.rpartition("/")[2]
    assert_problem(submit(server.client, upload_id), 409, "1000 of")
    assert_problem(server.client.get(f"{location}/probe"), 409, "wait")
    assert content_on_disk(server, location) == CONTENT[:1000]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"videos": []}, 422, id="no video"),
        pytest.param({"videos": [{}]}, 422, id="video from nowhere"),
        pytest.param({"videos": [{"upload_id": "x", "server_path": "/x"}]}, 422, id="video from both"),
        pytest.param({"videos": [{"upload_id": "0" * 32}]}, 404, id="unknown upload"),
        pytest.param({"videos": [{"server_path": "/etc/passwd"}]}, 400, id="file of the server"),
        pytest.param({"videos": [{"upload_id": "{id}"}, {"upload_id": "{id}"}]}, 422, id="twice the same"),
        pytest.param({"videos": [{"upload_id": "{id}"}, {"upload_id": "0" * 32}]}, 404, id="one of two unknown"),
        pytest.param({"videos": [{"upload_id": "{id}"}], "params": {"clop": {}}}, 422, id="unknown stage"),
        pytest.param({"videos": [{"upload_id": "{id}"}], "options": {"clips_per_task": 0}}, 422, id="no clips"),
        pytest.param({"videos": "x" * 2_000_000}, 413, id="endless"),
        pytest.param([], 422, id="list"),
    ],
)
def test_job_that_is_refused_leaves_the_upload(body: object, status: int, server: RunningServer):
    upload_id = uploaded(server.client)
    filled = httpx.Request("POST", "http://x", json=body).content.replace(b"{id}", upload_id.encode())
    answer = server.client.post("/api/jobs", content=filled, headers={"Content-Type": "application/json"})
    assert_problem(answer, status)
    assert content_on_disk(server, upload_id) == CONTENT
    assert submit(server.client, upload_id).status_code == 202


def test_upload_is_taken_once(server: RunningServer):
    upload_id = uploaded(server.client)
    statuses = []

    def take() -> None:
        with server.fresh_client() as client:
            statuses.append(submit(client, upload_id).status_code)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202] + [404] * 5
    assert send(server.client, f"/api/uploads/{upload_id}", b"").status_code == 404


def test_uploads_outlive_the_service_and_half_received_forms_do_not(tmp_path: Path):
    with running_server(tmp_path) as first:
        location = create(first.client)
        send(first.client, location, CONTENT[:1000])
        form = first.service.workspace.uploads_dir / f".partial-1-{'0' * 32}"
        form.mkdir()
        (form / "000.bin").write_bytes(b"half a video")
    with running_server(tmp_path) as second:
        assert [folder.name for folder in second.uploads] == [location.rpartition("/")[2]]
        assert offset_of(second.client, location) == 1000
        assert send(second.client, location, CONTENT[1000:], 1000).status_code == 204
        assert content_on_disk(second, location) == CONTENT


def test_uploads_that_were_given_up_are_removed(tmp_path: Path):
    with running_server(tmp_path) as server:
        ages = {"old": UPLOAD_AGE, "young": UPLOAD_AGE / 2, "announced": EMPTY_UPLOAD_AGE, "new": timedelta()}
        names = {}
        for name, age in ages.items():
            location = create(server.client, 10)
            if name in ("old", "young"):
                send(server.client, location, b"x")
            names[name] = location.rpartition("/")[2]
            folder = server.service.workspace.uploads_dir / names[name]
            past_s = time.time() - age.total_seconds() - 60
            for path in (folder, *folder.iterdir()):
                os.utime(path, (past_s, past_s))
        server.client.post("/api/clean")
        assert {path.name for path in server.uploads} == {names["young"], names["new"]}
        assert server.client.head(f"/api/uploads/{names['old']}", headers=PROTOCOL).status_code == 404


def test_inspection_of_an_upload(tmp_path: Path, server: RunningServer):
    write_sample(tmp_path / "sample.mp4", duration_s=1.0)
    video = (tmp_path / "sample.mp4").read_bytes()
    found = server.client.get(f"/api/uploads/{uploaded(server.client, video)}/probe", timeout=120).json()
    assert found["problem"] == ""
    assert (found["width"], found["height"]) == (1280, 720)
    assert found["duration_s"] == pytest.approx(1.0, abs=0.1)
    assert base64.b64decode(found["thumbnail"].removeprefix("data:image/jpeg;base64,"))[:3] == b"\xff\xd8\xff"
    name = "<img src=x>.mp4"
    junk = server.client.get(f"/api/uploads/{uploaded(server.client, b'junk', name)}/probe", timeout=120).json()
    assert name in junk["problem"]
    assert (junk["thumbnail"], junk["findings"]) == ("", [])
