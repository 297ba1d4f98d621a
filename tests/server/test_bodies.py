"""Bodies that are large, or that a parser makes large, cost the service little, and its answers stay short."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.raw_http import exchange, request
from tests.support.web_server import (
    RunningServer,
    assert_problem,
    bearer,
    free_port,
    make_users,
    running_server,
    server_process,
)
from videoprep_nb.server.security.bodies import MAX_BODY_BYTES
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users

MB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def anchors(levels: int) -> bytes:
    """What is short as YAML and 10 ** levels words when it is written out."""
    lines = ["clip: {clip_duration_s: 1}", "resize:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


def _json(start: str, item: str, end: str) -> bytes:
    """JSON that is as large as is taken, made of many equal items."""
    count = (MAX_BODY_BYTES - len(start) - len(end)) // (len(item) + 1)
    return f"{start}{','.join([item] * count)}{end}".encode()


def _names(start: str, end: str) -> bytes:
    """JSON with as many different names as are taken."""
    names = ",".join(f'"{number:x}":{{}}' for number in range(MAX_BODY_BYTES // 11))
    return f"{start}{names}{end}".encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[psutil.Process, httpx.Client]]:
    port = free_port()
    with (
        server_process(tmp_path_factory.mktemp("service"), port) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=120) as client,
    ):
        client.post("/api/estimate", json={"videos": []})  # what is loaded once
        client.post("/api/params", content=b"clip: {}")
        yield process, client


@contextmanager
def growth_of(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """By how many bytes the memory of a process has grown at most."""
    before = process.memory_info().rss
    most = before
    is_over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.005):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most - before
    finally:
        is_over.set()
        watcher.join()


LARGE = {
    "anchors": ("/api/params", anchors(9)),
    "merge keys": ("/api/params", b"a: &a {x: 1}\nb:\n  <<: *a\n"),
    "deep YAML": ("/api/params", b"a: " + b"[" * 60_000),
    "deep blocks": ("/api/params", "\n".join(" " * n + "a:" for n in range(300)).encode()),
    "number of base 60": ("/api/params", b"clip: {clip_duration_s: 1" + b":59" * 20_000 + b"}"),
    "hexadecimal number": ("/api/params", b"clip: {clip_duration_s: 0x" + b"f" * 60_000 + b"}"),
    "long number": ("/api/params", b"clip: {clip_duration_s: " + b"9" * 60_000 + b"}"),
    "long text": ("/api/params", b"clip: {clip_duration_s: " + b"x" * 60_000 + b"}"),
    "long name": ("/api/params", b"clip: {" + b"x" * 60_000 + b": 1}"),
    "long stage": ("/api/params", b"x" * 60_000 + b": {}"),
    "many stages": ("/api/params", "".join(f"{n:x}: {{}}\n" for n in range(6000)).encode()),
    "stages as JSON": ("/api/estimate", _names('{"videos":[],"params":{', "}}")),
    "names as JSON": ("/api/estimate", _names('{"videos":[],"params":{"clip":{', "}}}")),
    "list for a number": (
        "/api/estimate",
        _json('{"videos":[],"params":{"clip":{"clip_duration_s":[', "0", "]}}}"),
    ),
    "list of nothing": ("/api/estimate", _json('{"videos":[],"params":{"package":{"exports":[', "null", "]}}}")),
    "deep JSON": ("/api/estimate", b'{"videos":[],"params":' + b"[" * 900_000),
    "deep params": ("/api/estimate", b'{"videos":[],"params":{"clip":' + b"[" * 400 + b"]" * 400 + b"}}"),
    "many videos": ("/api/estimate", _json('{"videos":[', "{}", "]}")),
    "empty lists": ("/api/estimate", _json('{"videos":[],"params":{"clip":[', "[]", "]}}")),
    "long JSON": ("/api/estimate", _json('{"videos":"', "x", '"}')),
    "sources": ("/api/jobs", _json('{"videos":[', "{}", "]}")),
    "parameters of a job": ("/api/jobs", _names('{"videos":[{"upload_id":"a"}],"params":{', "}}")),
    "options of an export": ("/api/jobs/1/exports", _names('{"format":"coco","options":{', "}}")),
    "fields of an export": ("/api/jobs/1/exports", _names('{"format":"coco",', "}")),
    "UTF-16": ("/api/jobs/1/exports", _names('{"format":"coco",', "}").decode()[: 512 * 1024 - 8].encode("utf-16")),
    "string without an end": ("/api/jobs/1/exports", b'"' + rb"\"" * 500_000),
    "uploads": ("/api/jobs/1/annotations", _json('{"uploads":[', "1", "]}")),
    "options of a job": ("/api/jobs", _names('{"videos":[{"upload_id":"a"}],"options":{', "}}")),
}


@pytest.mark.parametrize(("path", "body"), LARGE.values(), ids=LARGE.keys())
def test_parsers_and_messages_stay_small(path: str, body: bytes, service: tuple[psutil.Process, httpx.Client]):
    process, client = service
    assert len(body) <= MAX_BODY_BYTES
    with growth_of(process) as growth:
        answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code in (200, 400, 404, 413, 422), answer.text[:500]
    assert len(answer.content) < 10_000
    assert growth() < 200 * MB
    assert answer.elapsed.total_seconds() < 20


ROUTES = [
    "POST /api/estimate",
    "POST /api/params",
    "POST /api/jobs/1/exports",
    "POST /api/jobs/1/annotations",
    "POST /api/jobs/1/cancel",
    "POST /api/clean",
    "POST /api/uploads/",
    "DELETE /api/jobs/1",
    "GET /api/jobs",
    "POST /login",
    "POST /logout",
    "GET /",
    "POST /",
    "POST /gradio_api/run/predict",
    "POST /gradio_api/queue/join",
    "POST /gradio_api/upload",
    "GET /page/live?view=jobs",
    "POST /nothing",
]


READERS = [
    route for route in ROUTES if route.startswith(("POST /api/estimate", "POST /api/params", "POST /api/jobs/1/e"))
]
"""Those that read a body at all."""


def test_no_route_takes_a_large_body(service: tuple[psutil.Process, httpx.Client]):
    process, client = service
    port = client.base_url.port
    assert port
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with growth_of(process) as growth:
        for route in ROUTES:
            head = request(route, "Content-Type: application/json", f"Content-Length: {600 * MB}")
            assert exchange(port, head, b'{"data":["' + bytes(65536)).statuses == [413], route
            head = request(route, "Content-Type: application/json", "Transfer-Encoding: chunked")
            [status] = exchange(port, head, *[chunk] * 100).statuses
            assert status == 413 or route not in READERS, route
    assert growth() < 100 * MB


def test_members_are_capped_as_admins_are_and_strangers_log_in_first(tmp_path: Path):
    users = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(users)) as server:
        body = b'{"videos":[],"params":{}}' + b" " * MAX_BODY_BYTES
        for name in ("root", "anna"):
            headers = JSON | bearer(new_token(users, name))
            assert_problem(server.client.post("/api/estimate", content=body, headers=headers), 413, "1,048,576 bytes")
        assert server.client.post("/api/estimate", content=body, headers=JSON).status_code == 401


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("bodies")) as running:
        yield running


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x"])
def test_packed_bodies_are_not_unpacked(coding: str, server: RunningServer):
    answer = server.client.post("/api/params", content=b"a", headers={"Content-Encoding": coding})
    assert_problem(answer, 415, "Content-Encoding")


def test_form_around_the_videos_is_bounded(server: RunningServer):
    """Parts without a file are no videos, and text before the first part is none."""
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    for piece in (b"x" * 65536, b'--XX\r\nContent-Disposition: form-data; name="videos"; filename=""\r\n\r\n\r\n'):
        body = (piece for _ in range(6_000_000 // len(piece)))
        answer = server.client.post("/api/jobs", content=body, headers=headers)
        assert answer.status_code in (400, 413), answer.text
    assert server.uploads == []


def test_page_works_without_calls_of_gradio(server: RunningServer):
    """Its endpoints are closed, whatever they are called."""
    for path in ("run/predict", "call/predict", "queue/join", "queue/data", "upload", "api/predict", "reset", "info"):
        for line in (f"POST /gradio_api/{path}", f"GET /gradio_api/{path}"):
            [status] = exchange(server.port, request(line, "Content-Length: 0")).statuses
            assert status == 404, line
    assert "Log out" not in server.client.get("/page/header").text


def test_largest_sensible_json_is_taken(server: RunningServer):
    """A thousand videos, and labels full of commas."""
    labels = f"label: person\nattributes:\n  action: [{', '.join(f'a{number}' for number in range(10_000))}]\n"
    body = {"videos": [{"duration_s": 1, "rate": 1}] * 1000, "params": {"package": {"labels": labels}}}
    answer = server.client.post("/api/estimate", json=body)
    assert (answer.status_code, answer.json()["problems"]) == (200, [])
