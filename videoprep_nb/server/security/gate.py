"""The one place that every request passes: who sends it, may its page send it, and what goes along with the answer."""

import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import InputError
from videoprep_nb.server.health import LIVE_PATH, READY_PATH
from videoprep_nb.server.problems import Refused, problem_response
from videoprep_nb.server.security.authentication import WANTS_TOKEN, Authentication
from videoprep_nb.server.security.invites import INVITE_PATH
from videoprep_nb.server.security.shares import SHARED_PATH
from videoprep_nb.server.security.user_file import User
from videoprep_nb.server.security.users import Users

LOGIN_PATH = "/login"

# for whoever has not logged in: the page to do so, that of an invite, and whether the service works, which says no more
# links to a job are checked by their own routes
_OPEN_PATHS = frozenset({LOGIN_PATH, INVITE_PATH, LIVE_PATH, READY_PATH})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_RECHECK_INTERVAL_S = 5.0
_NEEDS_LOGIN = "Log in first: at /login with a browser, or with the header Authorization: Bearer <token>."
# whoever has a link gives it to nobody by following another one
_SHARED_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
# for everything that is answered, unless the answer has its own
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    # videos, reports and who has which jobs stay in no browser that somebody else may use next
    "Cache-Control": "no-store",
}


def check_host(host: str, users: Users | None) -> None:
    """Check that the service may be offered at a host.

    Raises:
        InputError: It can be reached from other machines, and there are no users.
    """
    if users is None and not is_loopback(host):
        raise InputError(
            f"{host} can be reached from other machines, and without users anybody there could use the service; "
            "give --auth-file (videoprep users add NAME makes one), or leave the host at 127.0.0.1."
        )


class Gate:
    """Lets a request through, or answers it. What is behind finds the user at ``request.state.user``.

    Nothing but the login page, that of an invite, a job to whoever has a link to it, and whether the service works, is
    shown to anybody who is not logged in. Without users the service is for this machine, and the name it was asked for
    by must be one of this machine: else a web page from elsewhere could, by a name that leads here (DNS rebinding), use
    it from the user's own browser.
    What changes something must not come from another site's page, and no other site's page may read an answer, whatever
    the frameworks behind would allow.

    Args:
        app: What is behind the gate.
        authentication: Identifies who sends a request.
    """

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            if self._authentication.users is None:
                _check_local_name(connection.headers.get("host", ""))
            _check_origin(scope, connection.headers)
            user = self._authentication.user_of(connection)
        except Refused as refusal:
            answer = problem_response(refusal.status, str(refusal), refusal.headers)
            await answer(scope, receive, _with_headers(scope, send))
            return
        if user is None and scope["path"] not in _OPEN_PATHS and not scope["path"].startswith(SHARED_PATH):
            await _ask_to_log_in(scope, connection.headers)(scope, receive, _with_headers(scope, send))
            return
        connection.state.user = user
        with anyio.CancelScope() as cancel_scope:
            guarded = _ending_streams(send, lambda: self._is_still(user, connection), cancel_scope)
            await self._app(scope, receive, _with_headers(scope, guarded))

    def _is_still(self, user: User | None, connection: HTTPConnection) -> bool:
        try:
            return self._authentication.user_of(connection) == user
        except Refused:
            return False


def _ask_to_log_in(scope: Scope, headers: Headers) -> Response:
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
        requested = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse(f"{LOGIN_PATH}?next={quote(requested, safe='')}", HTTPStatus.SEE_OTHER)
    return problem_response(HTTPStatus.UNAUTHORIZED, _NEEDS_LOGIN, WANTS_TOKEN)


def _with_headers(scope: Scope, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"].startswith(SHARED_PATH):
                headers.update(_SHARED_HEADERS)
        await send(message)

    return send_with_headers


def _ending_streams(send: Send, is_allowed: Callable[[], bool], cancel_scope: anyio.CancelScope) -> Send:
    """End a stream of events, which may last for days, soon after its user has logged out."""
    is_stream = False
    checked_s = time.monotonic()

    async def send_while_allowed(message: Message) -> None:
        nonlocal is_stream, checked_s
        if message["type"] == "http.response.start":
            is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
        elif is_stream and time.monotonic() - checked_s > _RECHECK_INTERVAL_S:
            checked_s = time.monotonic()
            if not is_allowed():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                cancel_scope.cancel()
                await anyio.lowlevel.checkpoint()
        await send(message)

    return send_while_allowed


def _check_local_name(netloc: str) -> None:
    if not is_loopback(_host_name(netloc)):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"Got the host name {netloc[:100]!r}; without users the service answers only to localhost.",
        )


def _check_origin(scope: Scope, headers: Headers) -> None:
    if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
        return
    origin = headers.get("origin")
    if origin is None:
        # a browser that leaves out the origin still says this; programs say neither
        is_own = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    else:
        is_own = _origin_netloc(origin) == headers.get("host", "").lower()
    if not is_own:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"A page of {(origin or 'another site')[:100]!r} may not change anything here; use the service's own page "
            "or a program.",
        )


def _origin_netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _host_name(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
