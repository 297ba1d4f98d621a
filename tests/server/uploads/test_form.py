"""Uploads through a real server: names, sizes, broken and cut-off forms; asserted on what is on the disk."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web_server import RunningServer, assert_problem, running_server

JUNK = b"this is no video\r\n" * 100
FORM = {"Content-Type": "multipart/form-data; boundary=XX"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("uploads")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_stays(server: RunningServer) -> Iterator[None]:
    """Whatever happens, the uploads folder is empty soon afterwards."""
    yield
    end_s = time.monotonic() + 5
    while server.uploads and time.monotonic() < end_s:
        time.sleep(0.02)
    assert server.uploads == []


def part(headers: str, content: bytes) -> bytes:
    return b"--XX\r\n" + headers.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content + b"\r\n"


def video_part(name: str | bytes, content: bytes = JUNK) -> bytes:
    sent = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    return part(f'Content-Disposition: form-data; name="videos"; filename="{sent}"', content)


def text_part(name: str, content: bytes) -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', content)


def submit(server: RunningServer, body: bytes, headers: dict[str, str] = FORM):
    return server.client.post("/api/jobs", content=body, headers=headers)


def spec_of(server: RunningServer, job_id: str) -> dict:
    return json.loads((server.service.workspace.jobs_dir / job_id / "job.json").read_text())


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("../../etc/passwd", "passwd", id="up and away"),
        pytest.param("a/../b.mp4", "b.mp4", id="dots inside"),
        pytest.param("/etc/shadow", "shadow", id="absolute"),
        pytest.param("C:\\videos\\x.mp4", "x.mp4", id="Windows"),
        pytest.param("a\0b.mp4", "a\N{REPLACEMENT CHARACTER}b.mp4", id="NUL"),
        pytest.param("x" * 500 + ".mp4", "x" * 159 + "…" + "x" * 36 + ".mp4", id="500 characters"),
        pytest.param("", "unnamed", id="empty"),
        pytest.param("  ", "unnamed", id="spaces"),
        pytest.param(b"caf\xe9.mp4", "caf\N{REPLACEMENT CHARACTER}.mp4", id="not UTF-8"),
        pytest.param("..", "..", id="dots"),
        pytest.param("видео 影片 🎬.mp4", "видео 影片 🎬.mp4", id="Unicode"),
        pytest.param("<img src=x>.mp4", "<img src=x>.mp4", id="markup"),
        pytest.param("a\u202e4pm.exe", "a\N{REPLACEMENT CHARACTER}4pm.exe", id="turned writing direction"),
    ],
)
def test_names_are_only_shown(sent: str | bytes, shown: str, server: RunningServer):
    before = {path for path in server.service.workspace.path.parent.rglob("*") if path.name in (shown, sent)}
    answer = submit(server, video_part(sent) + b"--XX--\r\n")
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    assert answer.headers["location"] == f"/api/jobs/{job_id}"
    video = spec_of(server, job_id)["videos"][0]
    assert video["original_name"] == shown
    path = Path(video["path"])
    assert path == server.service.workspace.jobs_dir / job_id / "input" / "000.mp4"
    assert path.read_bytes() == JUNK
    assert {found for found in server.service.workspace.path.parent.rglob("*") if found.name in (shown, sent)} == before


def test_fields_arrive(server: RunningServer):
    body = text_part("params", b'{"clip": {"clip_duration_s": 7}}') + video_part("one") + video_part("two", b"\r\n--X")
    body += text_part("options", b'{"keep_scratch": true, "clips_per_task": 3}') + b"--XX--"
    answer = submit(server, body)
    assert answer.status_code == 202, answer.text
    spec = spec_of(server, answer.json()["job_id"])
    assert spec["params"] == {"clip": {"clip_duration_s": 7.0}}
    assert spec["options"] == {"keep_scratch": True, "previews": True, "clips_per_task": 3}
    assert [Path(video["path"]).read_bytes() for video in spec["videos"]] == [JUNK, b"\r\n--X"]


def test_empty_file_beside_another_is_taken(server: RunningServer):
    """The job then fails that video alone."""
    answer = submit(server, video_part("empty.mp4", b"") + video_part("junk.mp4") + b"--XX--\r\n")
    assert answer.status_code == 202
    names = [video["original_name"] for video in spec_of(server, answer.json()["job_id"])["videos"]]
    assert names == ["empty.mp4", "junk.mp4"]


END = b"--XX--\r\n"


def test_fields_of_the_last_version_are_options(server: RunningServer, caplog: pytest.LogCaptureFixture):
    body = video_part("one") + text_part("keep_scratch", b"true") + text_part("clips_per_unit", b"3") + b"--XX--"
    answer = submit(server, body)
    assert answer.status_code == 202, answer.text
    assert spec_of(server, answer.json()["job_id"])["options"] == {
        "keep_scratch": True, "previews": True, "clips_per_task": 3
    }  # fmt: skip
    assert "options.clips_per_task" in caplog.text


REFUSED = [
    pytest.param(END, 422, "no video", id="no part"),
    pytest.param(b"", 400, "broken", id="no body"),
    pytest.param(video_part("", b"") + END, 422, "no video", id="browser form without a choice"),
    pytest.param(video_part("a.mp4", b"") + video_part("b.mp4", b"") + END, 422, "a.mp4, b.mp4: 0 bytes", id="0 bytes"),
    pytest.param(text_part("params", b"{}") + END, 422, "no video", id="only text"),
    pytest.param(video_part("a.mp4"), 400, "middle", id="no end"),
    pytest.param(video_part("a.mp4")[:100], 400, "middle", id="ends in a video"),
    pytest.param(b"--XX\r\nContent-Dis", 400, "middle", id="ends in a header"),
    pytest.param(b"--YY\r\n" + video_part("a.mp4") + END, 400, "broken", id="other boundary"),
    pytest.param(b"rubbish" * 1000, 400, "broken", id="rubbish"),
    pytest.param(part("X: " + "y" * 10_000, b"") + END, 400, "broken", id="endless header"),
    pytest.param(part("X: y", b"") + END, 400, "no name", id="part without a name"),
    pytest.param(part("\n".join(["A: b"] * 50), b"") + END, 400, "broken", id="newlines in a header"),
    pytest.param(video_part("a") + text_part("colour", b"red") + END, 422, "colour", id="unknown field"),
    pytest.param(video_part("a") + text_part("params", b"{}") * 2 + END, 422, "twice", id="field twice"),
    pytest.param(video_part("a") + text_part("params", b"[[") + END, 422, "JSON", id="params no JSON"),
    pytest.param(video_part("a") + text_part("params", b"[" * 50_000) + END, 422, "JSON", id="params nested deeply"),
    pytest.param(video_part("a") + text_part("params", b"\xff") + END, 422, "UTF-8", id="params no text"),
    pytest.param(video_part("a") + text_part("params", b'{"clip": 3}') + END, 422, "clip", id="params of no stage"),
    pytest.param(video_part("a") + text_part("params", b'{"clop": {}}') + END, 422, "clop", id="unknown stage"),
    pytest.param(
        video_part("a") + text_part("params", b'{"clip": {"clip_duration_s": -1}}') + END,
        422,
        "clip.clip_duration_s",
        id="value out of range",
    ),
    pytest.param(
        video_part("a") + text_part("params", b'{"resize": {"input_file": "/etc/passwd"}}') + END,
        422,
        "resize.input_file",
        id="parameter that a job sets itself",
    ),
    pytest.param(
        video_part("a") + text_part("options", b'{"keep_scratch": "maybe"}') + END, 422, "keep_scratch", id="no boolean"
    ),
    pytest.param(
        video_part("a") + text_part("options", b'{"clips_per_task": 0}') + END, 422, "clips_per_task", id="no clips"
    ),
    pytest.param(
        video_part("a") + text_part("options", '{"clips_per_task": "x٣"}'.encode()) + END, 422, "clips_per_task", id="٣"
    ),
    pytest.param(video_part("a") + text_part("keep_scratch", b"maybe") + END, 422, "maybe", id="old field, no boolean"),
    pytest.param(text_part("params", b" " * 70_000) + END, 413, "64 KB", id="endless params"),
    pytest.param(video_part("a", bytes(3_000_001)) + END, 413, "0.003 GB", id="video too large"),
    pytest.param(video_part("a", bytes(2_500_000)) * 2 + END, 413, "0.004 GB", id="job too large"),
    pytest.param(video_part("a") * 6 + END, 413, "5 videos", id="too many videos"),
]


@pytest.mark.parametrize(("body", "status", "word"), REFUSED)
def test_bad_forms_are_refused(body: bytes, status: int, word: str, server: RunningServer):
    jobs = list(server.service.workspace.jobs_dir.iterdir())
    assert_problem(submit(server, body), status, word)
    assert list(server.service.workspace.jobs_dir.iterdir()) == jobs


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        pytest.param("text/plain", 415, id="text"),
        pytest.param("application/json", 422, id="JSON that is none"),
        pytest.param("multipart/mixed; boundary=XX", 415, id="other multipart"),
        pytest.param("", 415, id="none"),
        pytest.param("multipart/form-data", 400, id="no boundary"),
        pytest.param("multipart/form-data; boundary=" + "x" * 1000, 400, id="endless boundary"),
    ],
)
def test_wrong_content_types_are_refused(content_type: str, status: int, server: RunningServer):
    assert_problem(submit(server, video_part("a.mp4") + END, {"Content-Type": content_type}), status)


def send_raw(server: RunningServer, head: str, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    lines = f"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM['Content-Type']}\r\n{head}\r\n\r\n"
    connection.sendall(lines.encode() + body)
    return connection


def test_size_is_refused_before_it_arrives(server: RunningServer):
    with send_raw(server, "Content-Length: 900000000", b"") as connection:
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"0.9 GB" in answer


def test_size_that_was_not_announced_is_refused_while_it_arrives(server: RunningServer):
    pieces = [video_part("a.mp4", bytes(2_900_000)), video_part("b.mp4", bytes(2_900_000)), END]
    answer = server.client.post("/api/jobs", content=iter(pieces), headers=FORM)
    assert_problem(answer, 413, "0.004 GB")


@pytest.mark.parametrize("head", ["Content-Length: 3000000", "Transfer-Encoding: chunked"], ids=["length", "chunked"])
def test_cut_upload_leaves_nothing(head: str, server: RunningServer):
    jobs = list(server.service.workspace.jobs_dir.iterdir())
    body = video_part("a.mp4", bytes(2_000_000))[:-2]
    if "chunked" in head:
        body = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    with send_raw(server, head, body):
        end_s = time.monotonic() + 5
        while not [file for folder in server.uploads for file in folder.iterdir() if file.stat().st_size >= 1_000_000]:
            assert time.monotonic() < end_s, "the video does not arrive"
            time.sleep(0.01)
    while server.uploads:
        assert time.monotonic() < end_s + 5, "what has arrived stays"
        time.sleep(0.01)
    assert list(server.service.workspace.jobs_dir.iterdir()) == jobs
