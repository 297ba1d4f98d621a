"""Connections: how many there may be, and how long each may take to say what it wants.

uvicorn serves whatever is complete and waits for the rest. A connection that sends nothing, or a byte now and then,
would stay for good, and enough of them would take the file descriptors that jobs need.
"""

import asyncio
import ipaddress
import logging
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.server.problems import problem_response
from videoprep_nb.server.security.throttle import network_of

ACCEPTED_AT_A_TIME = 256
"""The event loop accepts this many connections before it gives any of them to us; fewer than are reserved for jobs."""

_RESERVED_DESCRIPTORS = 512
# programs that close every possible descriptor take seconds where the hard limit is a billion, as in some containers
_MAX_DESCRIPTORS = 65_536
# a connection that is served may also read or write a file
_DESCRIPTORS_PER_CONNECTION = 2
_CHECK_INTERVAL_S = 1.0
_LOG_INTERVAL_S = 60.0
_log = logging.getLogger(__name__)
_MAX_HEADERS_BYTES = 16 * 1024
_NO_HTTP = "This is not a valid HTTP/1.1 request."
_TOO_LONG = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers of the request are too long.")


@dataclass(frozen=True)
class ConnectionLimits:
    """What connections are allowed.

    Args:
        total: How many there may be; more than a thousand people can follow jobs.
        per_network: How many of them from one address, or one IPv6 network. A browser takes six, and a whole office may
            share an address. Proxies that are trusted, and this machine, are not one client and have no such limit.
        headers_s: Time until the headers of a request are complete, from the connection or the last answer on.
        body_bytes_per_s: A body must not be slower; the slowest phone networks send twice as much.
        body_window_s: The time over which that is averaged; a phone that changes its cell is silent for some seconds.
        unread_s: Time in which nothing of an answer is read; a player that has enough of a video pauses for minutes.
        rest_s: Time to send the rest of a body that was answered early; many programs read the answer only afterwards.
        last_answer_s: Time to read an answer after which the connection is closed.
    """

    total: int = 2000
    per_network: int = 200
    headers_s: float = 15.0
    body_bytes_per_s: float = 1000.0
    body_window_s: float = 30.0
    unread_s: float = 300.0
    rest_s: float = 30.0
    last_answer_s: float = 5.0


def raise_descriptor_limit() -> None:
    """Allow this process as many file descriptors as the system lets it have without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))


class ConnectionGuard:
    """Knows all connections of a server, lets new ones in and ends those that take too long.

    Who sends nothing cannot keep others out: where there is no room, the connection that has waited longest without a
    request makes it. Only when all are being served, a new one is refused.

    Args:
        limits: What is allowed.
        trusted_proxies: Addresses or networks of reverse proxies.
    """

    def __init__(self, limits: ConnectionLimits, trusted_proxies: Sequence[str]) -> None:
        soft_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        descriptors = _MAX_DESCRIPTORS if soft_limit == resource.RLIM_INFINITY else soft_limit
        self.limits = limits
        # descriptors are numbered from 0, and a new one has the lowest free number: from here on they are scarce
        self._scarce_from = descriptors - min(_RESERVED_DESCRIPTORS, descriptors // 2)
        self._total = min(limits.total, self._scarce_from // _DESCRIPTORS_PER_CONNECTION)
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies if _is_network(proxy)]
        self._connections: set[GuardedConnection] = set()
        self._by_network: Counter[str] = Counter()
        self._next_check: asyncio.TimerHandle | None = None
        self._logged_at_s = float("-inf")

    def admit(self, connection: "GuardedConnection") -> tuple[HTTPStatus, str] | None:
        """Count a new connection, and make room for it.

        Returns:
            Why it is refused; None when it is not.
        """
        self._connections.add(connection)
        self._by_network[connection.network] += 1
        if self._next_check is None:
            self._next_check = connection.loop.call_later(_CHECK_INTERVAL_S, self._check, connection.loop)
        if self._by_network[connection.network] > self.limits.per_network and not self._is_shared(connection.address):
            return (
                HTTPStatus.TOO_MANY_REQUESTS,
                f"The limit is {self.limits.per_network} connections from one address; close some.",
            )
        is_full = len(self._connections) > self._total or connection.descriptor >= self._scarce_from
        if is_full and not self._make_room(connection):
            self._log_refusal(connection)
            return HTTPStatus.SERVICE_UNAVAILABLE, "The service has too many connections; try again in a minute."
        return None

    def leave(self, connection: "GuardedConnection") -> None:
        """Forget a connection that has ended."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._by_network -= Counter((connection.network,))

    def _log_refusal(self, connection: "GuardedConnection") -> None:
        now_s = connection.loop.time()
        if now_s - self._logged_at_s > _LOG_INTERVAL_S:
            self._logged_at_s = now_s
            network, count = self._by_network.most_common(1)[0]
            _log.warning(
                "Connections are refused: %d are in use, most of them (%d) by %s.",
                len(self._connections),
                count,
                network,
            )

    def _make_room(self, new: "GuardedConnection") -> bool:
        waiting = [each for each in self._connections if each.is_waiting and each is not new]
        if not waiting:
            return False
        longest = min(waiting, key=lambda each: each.waiting_since_s)
        self.leave(longest)  # at once: the next of many new ones counts before its end is complete
        longest.cut()
        return True

    def _is_shared(self, address: str) -> bool:
        """Whether many clients come from there."""
        return is_loopback(address) or any(ipaddress.ip_address(address) in proxy for proxy in self._proxies)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in list(self._connections):
            connection.check(loop.time())
        self._next_check = loop.call_later(_CHECK_INTERVAL_S, self._check, loop) if self._connections else None


class GuardedConnection(H11Protocol):
    """One connection: exactly one answer per request, and an end for what takes too long.

    Args:
        guard: Knows the others.
        given: What uvicorn gives.
    """

    def __init__(
        self,
        guard: ConnectionGuard,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: _StrictConnection = _StrictConnection(h11.SERVER, _MAX_HEADERS_BYTES)
        self.waiting_since_s = self.loop.time()
        self.address = self.network = ""
        self._guard = guard
        self._cut_at_s: float | None = None
        self._has_begun = self._skips_body = False
        self._received_bytes = 0
        self._body = _Window()
        self._unread = _Window()

    @property
    def is_waiting(self) -> bool:
        """Whether it has no complete request that is not answered."""
        return self.cycle is None or self.cycle.response_complete or self._cut_at_s is not None

    @property
    def descriptor(self) -> int:
        """The number of its file descriptor."""
        return int(self.transport.get_extra_info("socket").fileno())

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take or refuse a new connection."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else "localhost"  # gone already
        self.network = network_of(self.address)
        if refusal := self._guard.admit(self):
            self._answer_and_end(*refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._guard.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent; after the last answer it is read only so that the answer arrives."""
        if self._cut_at_s is None:
            self._has_begun = True
            self._received_bytes += len(data)
            super().data_received(data)
            if self._skips_body and self.conn.their_state is not h11.SEND_BODY:
                self._skips_body = False
                self.waiting_since_s = self.loop.time()

    def on_response_complete(self) -> None:
        """Wait for the next request, after the rest of a body that nobody has read."""
        self.waiting_since_s = self.loop.time()
        self._has_begun = bool(self.conn.trailing_data[0])
        self._skips_body = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        self._unset_keepalive_if_required()  # check does it, also for the half of a request

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or has a broken body; no request gets a second answer."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            is_answered = self.cycle.response_started
        else:
            is_answered = self._skips_body
        if is_answered:
            self.transport.close()
        else:
            self._answer_and_end(self.conn.problem_status, self.conn.problem)

    def shutdown(self) -> None:
        """End the connection in good order when the server ends."""
        if self._cut_at_s is None:
            super().shutdown()
        else:
            self.transport.close()

    def cut(self) -> None:
        """End the connection at once."""
        self._unset_keepalive_if_required()
        self.transport.abort()

    def check(self, now_s: float) -> None:
        """End the connection if it has taken too long for something.

        Args:
            now_s: The time of the event loop.
        """
        limits = self._guard.limits
        unread_bytes = self.transport.get_write_buffer_size()
        if not unread_bytes or unread_bytes != self._unread.value:
            self._unread = _Window(now_s, unread_bytes)
        if now_s - self._unread.began_s > limits.unread_s or (self._cut_at_s is not None and now_s > self._cut_at_s):
            self.cut()
        elif self.transport.is_closing() or self._cut_at_s is not None:
            return
        elif self._skips_body:
            if now_s - self.waiting_since_s > limits.rest_s:
                self.cut()
        elif self.is_waiting:
            if now_s - self.waiting_since_s > limits.headers_s:
                self._end_waiting()
        elif self.cycle.more_body:
            self._check_body(now_s)

    def _end_waiting(self) -> None:
        if self._has_begun:
            seconds = f"{self._guard.limits.headers_s:g} s"
            self._answer_and_end(HTTPStatus.REQUEST_TIMEOUT, f"The headers were not complete within {seconds}.")
        else:
            self.transport.close()

    def _check_body(self, now_s: float) -> None:
        """Close the connection of a body that is too slow. Without an answer: so programs continue an upload later."""
        limits = self._guard.limits
        waits_for_us = self.cycle.waiting_for_100_continue or self.flow.read_paused
        if self._body.subject is not self.cycle or waits_for_us:
            self._body = _Window(now_s, self._received_bytes, self.cycle)
        elif now_s - self._body.began_s > limits.body_window_s:
            received_bytes = self._received_bytes - self._body.value
            if received_bytes < limits.body_bytes_per_s * limits.body_window_s:
                self.cut()
            self._body = _Window(now_s, self._received_bytes, self.cycle)

    def _answer_and_end(self, status: HTTPStatus, sentence: str) -> None:
        answer = problem_response(status, sentence, {"Connection": "close"})
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self._end()

    def _end(self) -> None:
        """Send nothing more. What still comes is read for a while: else the system would take back the answer."""
        self._unset_keepalive_if_required()
        self._cut_at_s = self.loop.time() + self._guard.limits.last_answer_s
        self.waiting_since_s = float("-inf")  # the first one to make room
        self.transport.write_eof()
        self.flow.resume_reading()


@dataclass(frozen=True)
class _Window:
    """Since when a number has been the same, or is counted.

    Args:
        began_s: When that began.
        value: The number then.
        subject: What is counted for.
    """

    began_s: float = float("inf")
    value: int = 0
    subject: object = None


class _StrictConnection(h11.Connection):
    """Parses requests, and takes only those that everybody else understands in the same way."""

    problem = _NO_HTTP
    problem_status = HTTPStatus.BAD_REQUEST

    def next_event(self) -> Any:
        """The next event.

        Raises:
            h11.RemoteProtocolError: What was sent is not one of a request that is served; ``problem`` says why.
        """
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                self.problem_status, self.problem = _TOO_LONG
            raise
        if isinstance(event, h11.Request) and (problem := _problem_of(event)):
            self.problem_status, self.problem = problem
            raise h11.RemoteProtocolError(self.problem)
        return event


def _problem_of(request: h11.Request) -> tuple[HTTPStatus, str] | None:
    """Why a request is not served; None if it is."""
    texts = [request.method, request.target, *(text for header in request.headers for text in header)]
    if sum(map(len, texts)) > _MAX_HEADERS_BYTES:
        return _TOO_LONG  # h11 itself only counts what is not complete
    if request.http_version not in (b"1.0", b"1.1"):
        return HTTPStatus.BAD_REQUEST, _NO_HTTP
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}:
        # a proxy that goes by the other one of the two sees another request behind this one
        return HTTPStatus.BAD_REQUEST, "Got both Content-Length and Transfer-Encoding; send one of them."
    if not request.target.startswith(b"/"):
        return HTTPStatus.BAD_REQUEST, "Got a target that is not a path; expected one that starts with /."
    return None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
