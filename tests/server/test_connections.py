"""Connections that send nothing, too little or too much do not keep others out."""

import resource
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.support.job_services import wait_until
from tests.support.raw_http import Answers, app_on_a_port, connect, exchange, is_closed_within, read_answers, request
from tests.support.web_server import free_port, server_process
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.connections import ConnectionLimits

GET = request("GET /")
HOLD = request("GET /hold")
QUICK = ConnectionLimits(headers_s=1.0, body_window_s=1.0, rest_s=1.0, last_answer_s=1.0)
SLACK_S = 20.0
"""How much later than promised something may happen on a busy machine."""


class Echo:
    """Answers with the number of bytes of the body, or never."""

    def __init__(self) -> None:
        self.cut_bodies: list[int] = []
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.held += scope["path"] == "/hold"
        size_bytes = 0
        message: Message = {"more_body": True}
        while message.get("more_body") or scope["path"] == "/hold":
            message = await receive()
            size_bytes += len(message.get("body", b""))
            if message["type"] == "http.disconnect":
                self.cut_bodies.append(size_bytes)
                return
        headers = [(b"content-length", b"7")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": f"{size_bytes:7d}".encode()})


def is_cut_while_sending(connection: socket.socket, piece: bytes) -> bool:
    """Whether the other side closes a connection on which pieces are sent all the time."""
    end_s = time.monotonic() + SLACK_S
    connection.settimeout(SLACK_S)
    while time.monotonic() < end_s:
        try:
            connection.sendall(piece)
        except (ConnectionResetError, BrokenPipeError):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def quick() -> Iterator[int]:
    with app_on_a_port(Echo(), QUICK) as port:
        yield port


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"G", [408], id="a letter"),
        pytest.param(b"GET / HTT", [408], id="half a line"),
        pytest.param(GET[:-2], [408], id="no end of the headers"),
        pytest.param(GET, [200], id="nothing more"),
        pytest.param(GET + b"GET /", [200, 408], id="half of a second request"),
    ],
)
def test_waiting_connection_is_closed(sent: bytes, statuses: list[int], quick: int):
    with connect(quick) as connection:
        connection.sendall(sent)
        connection.settimeout(SLACK_S)
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert Answers(data, True).statuses == statuses


def test_headers_that_come_byte_by_byte_are_not_waited_for(quick: int):
    with connect(quick) as connection:
        connection.sendall(GET[:-2])
        assert is_cut_while_sending(connection, b"X: y\r\n")


def test_body_that_stops_is_cut_and_a_slow_steady_one_is_not():
    app = Echo()
    limits = replace(QUICK, body_window_s=3.0)
    with app_on_a_port(app, limits) as port, connect(port) as dead, connect(port) as slow, connect(port) as held:
        dead.sendall(request("POST /", "Content-Length: 9000", body=b"x" * 500))
        slow.sendall(request("POST /", "Content-Length: 15000"))
        held.sendall(HOLD)
        for _ in range(30):
            slow.sendall(b"x" * 500)
            time.sleep(0.2)
        assert b"  15000" in read_answers(slow).data
        assert is_closed_within(dead, SLACK_S)
        assert app.cut_bodies == [500]
        assert not is_closed_within(held, 0.2)


def test_endless_body_that_nobody_reads_is_not_received(quick: int):
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    with app_on_a_port(refuse, QUICK) as port, connect(port) as connection:
        connection.sendall(request("POST /", "Content-Length: 1000000000000", body=b"x" * 100_000))
        assert read_answers(connection).statuses == [403]
        assert is_cut_while_sending(connection, b"x" * 10_000)


def test_answer_that_nobody_reads_is_given_up():
    ends: list[str] = []

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(2000):  # more than the system keeps for a reader
                await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
            ends.append((await receive())["type"])

    with app_on_a_port(large, ConnectionLimits(unread_s=1.0)) as port, connect(port) as connection:
        connection.sendall(GET)
        assert wait_until(lambda: ends, SLACK_S)
    assert ends == ["http.disconnect"]


def test_who_sends_nothing_makes_room_and_who_is_served_does_not():
    app = Echo()
    with app_on_a_port(app, ConnectionLimits(total=20)) as port, ExitStack() as stack:
        idle = [stack.enter_context(connect(port)) for _ in range(60)]
        assert exchange(port, GET).statuses == [200]
        assert is_closed_within(idle[0], SLACK_S)
        held = [stack.enter_context(connect(port)) for _ in range(20)]
        for connection in held:
            connection.sendall(HOLD)
        assert wait_until(lambda: app.held == 20, SLACK_S)
        assert exchange(port, GET).statuses == [503]
        assert not any(is_closed_within(connection, 0.01) for connection in held)
        held[0].close()
        assert wait_until(lambda: exchange(port, GET).statuses == [200], SLACK_S)


def test_one_address_does_not_take_all_and_a_proxy_is_not_one_client():
    [address, *_] = [
        each.address
        for of_interface in psutil.net_if_addrs().values()
        for each in of_interface
        if each.family == socket.AF_INET and not each.address.startswith("127.")
    ] or [""]
    if not address:
        pytest.skip("this machine has no address but that of loopback")
    limits = ConnectionLimits(per_network=5)

    def statuses(host: str, *trusted_proxies: str) -> set[int]:
        with app_on_a_port(Echo(), limits, "0.0.0.0", trusted_proxies) as port, ExitStack() as stack:
            connections = [stack.enter_context(connect(port, host)) for _ in range(20)]
            for connection in connections:
                connection.sendall(GET)
            return {status for connection in connections for status in read_answers(connection).statuses}

    assert statuses(address) == {200, 429}
    assert statuses(address, f"{address}/24") == {200}
    assert statuses("127.0.0.1") == {200}


@pytest.mark.slow
def test_idle_connections_neither_fail_a_job_nor_keep_others_out(tmp_path: Path):
    """1,100 of them, against a service that may have 1,024 file descriptors."""
    video = tmp_path / "people.mp4"
    write_sample(video, duration_s=1.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(1100, hard - 200)
    port = free_port()
    try:
        with (
            server_process(tmp_path / "workspace", port, max_descriptors=1024) as process,
            httpx.Client(base_url=f"http://127.0.0.1:{port}/api", trust_env=False, timeout=30) as client,
        ):
            job = client.post("/jobs", files=[("videos", (video.name, video.read_bytes()))]).json()["job_id"]

            idle = deque((connect(port) for _ in range(count)), maxlen=count)

            def has_ended() -> bool:
                idle.popleft().close()
                idle.append(connect(port))  # where some are closed, others come
                return client.get(f"/jobs/{job}").json()["state"] in {"done", "failed"}

            assert wait_until(has_ended)
            assert client.get(f"/jobs/{job}").json()["state"] == "done"
            assert process.num_fds() < 1024 - 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
