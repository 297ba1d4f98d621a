"""Writes every request into the access log, and what was done with jobs and uploads into the audit log."""

import re
import time
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.server.health import LIVE_PATH, READY_PATH
from videoprep_nb.server.logs import JsonLines
from videoprep_nb.server.security.audit import AuditLog
from videoprep_nb.server.security.authentication import address_of
from videoprep_nb.server.security.shares import SHARED_PATH
from videoprep_nb.server.security.user_file import User

_MAX_PATH_LENGTH = 500
_POLLED = frozenset({"/page/live", LIVE_PATH, READY_PATH})
"""Open pages and monitors ask for these all day; good answers would drown all others."""

_JOB = r"/api/jobs/(?P<subject>[^/]+)"
_IN_JOB = r"/api/jobs/(?P<subject>[^/]+{})"
_AUDITED = [
    ("POST", r"/api/jobs", "submit job"),
    ("POST", _JOB + "/cancel", "cancel job"),
    ("POST", _JOB + "/retry", "retry job"),
    ("DELETE", _JOB, "delete job"),
    ("PATCH", _JOB, "rename job"),
    ("GET", _JOB + r"/(package|final_package\.zip)", "download package"),
    ("GET", _JOB + r"/reports\.zip", "download reports"),
    ("GET", _IN_JOB.format(r"/reports/[^/]+\.ipynb"), "download report"),
    ("GET", _IN_JOB.format("/exports/[^/]+"), "download format"),
    ("POST", _JOB + "/exports", "write format"),
    ("POST", _JOB + "/push", "push job"),
    ("POST", _JOB + "/shares", "share job"),
    ("DELETE", _IN_JOB.format("/shares/[^/]+"), "revoke share link"),
    ("POST", _JOB + "/annotations", "import annotations"),
    ("GET", _JOB + r"/annotations/training\.zip", "download training data"),
    ("POST", r"/api/uploads/", "begin upload"),
    ("DELETE", r"/api/uploads/(?P<subject>[^/]+)", "delete upload"),
    ("POST", r"/api/clean", "clean"),
]
"""Method, path and name of what somebody may have to answer for."""


@dataclass
class _Answer:
    """What was answered.

    Args:
        status: The HTTP status, 0 before it is known.
        location: Where what was made is found.
        sent_bytes: Size of what was sent.
        is_complete: Whether all of it was sent.
    """

    status: int = 0
    location: str = ""
    sent_bytes: int = 0
    is_complete: bool = False

    def note(self, message: Message) -> None:
        """Take a part of the answer into account."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.location = Headers(raw=message["headers"]).get("location", "")
        elif message["type"] == "http.response.body":
            self.sent_bytes += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)

    @property
    def outcome(self) -> str:
        """What became of the request, in a word."""
        if not self.is_complete:
            return "cut off"
        return "done" if self.status < 400 else "refused" if self.status < 500 else "failed"


class LogRequests:
    """Notes what goes through. Queries are left out: there is no saying what they hold.

    Args:
        app: What answers, the gate included.
        access: The access log.
        audit: The audit log.
    """

    def __init__(self, app: ASGIApp, access: JsonLines, audit: AuditLog) -> None:
        self._app = app
        self._access = access
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer()
        began_s = time.monotonic()

        async def noting_send(message: Message) -> None:
            await send(message)
            answer.note(message)

        try:
            await self._app(scope, receive, noting_send)
        finally:
            self._note(scope, answer, time.monotonic() - began_s)

    def _note(self, scope: Scope, answer: _Answer, elapsed_s: float) -> None:
        if scope["path"] in _POLLED and answer.status in (200, 204):
            return
        address = address_of(HTTPConnection(scope))
        state = scope.get("state", {})
        user: User | None = state.get("user")
        share_id: str = state.get("share_id", "")
        name = user.name if user else f"share link {share_id}" if share_id else ""
        self._access.write(
            name=name,
            address=address,
            method=scope["method"],
            path=scope["path"][:_MAX_PATH_LENGTH],
            status=answer.status,
            sent_bytes=answer.sent_bytes,
            elapsed_s=round(elapsed_s, 3),
        )
        # of strangers, who could fill the log, only log-ins and tokens are noted there
        path = scope["path"].removeprefix(f"{SHARED_PATH}{share_id}") if share_id else scope["path"]
        found = _audited(scope["method"], path) if user or share_id else None
        if found:
            action, subject = found
            subject = subject or answer.location.rpartition("/")[2]
            self._audit.note(action, answer.outcome, name, address, subject, status=answer.status)


def _audited(method: str, path: str) -> tuple[str, str] | None:
    """Name of what is done, and to what; None when nobody has to answer for it."""
    for audited, pattern, action in _AUDITED:
        if audited == method and (match := re.fullmatch(pattern, path)):
            return action, match.groupdict().get("subject", "")[:_MAX_PATH_LENGTH]
    return None
