"""HTTP as bytes on a socket, for what no library would send."""

import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from videoprep_nb.server.security.connections import ConnectionLimits
from videoprep_nb.server.serving import make_server

TIMEOUT_S = 60
_MORE_S = 0.1
"""How long a second answer is waited for, which must not come."""


@dataclass(frozen=True)
class Answers:
    """What came back.

    Args:
        data: All of it.
        is_closed: Whether the other side has ended the connection.
    """

    data: bytes
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        """The status of each final answer."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 ([2-5]\d\d) ", self.data)]


def connect(port: int, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, port), timeout=TIMEOUT_S)


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request of this machine; characters up to U+00FF are sent as bytes."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode("latin-1") + body


def exchange(port: int, *pieces: bytes) -> Answers:
    """Send pieces, and read all answers."""
    with connect(port) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (ConnectionResetError, BrokenPipeError):  # it has been answered, and the rest is not read
            pass
        return read_answers(connection)


def read_answers(connection: socket.socket) -> Answers:
    """Read until the other side ends the connection, or says nothing more."""
    data = b""
    connection.settimeout(TIMEOUT_S)
    while True:
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            return Answers(data, False)
        except ConnectionResetError:
            return Answers(data, True)
        if not piece:
            return Answers(data, True)
        data += piece
        connection.settimeout(_MORE_S)


def is_closed_within(connection: socket.socket, timeout_s: float) -> bool:
    """Whether the other side ends a connection, with or without an answer."""
    end_s = time.monotonic() + timeout_s
    while (left_s := end_s - time.monotonic()) > 0:
        connection.settimeout(left_s)
        try:
            if not connection.recv(65536):
                return True
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
    return False


@contextmanager
def app_on_a_port(
    app: ASGIApp, limits: ConnectionLimits, host: str = "127.0.0.1", trusted_proxies: Sequence[str] = ()
) -> Iterator[int]:
    """An application behind the connections of the service: its port."""
    server = make_server(Starlette(routes=[Mount("/", app)]), trusted_proxies, limits)
    listener = socket.create_server((host, 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
