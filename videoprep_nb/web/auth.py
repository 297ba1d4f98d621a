"""Who may use the service: holders of a token, or, without tokens, programs and browsers of this machine."""

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from videoprep_nb.errors import InputError
from videoprep_nb.web.access import LOCAL_ADMIN, Role, User
from videoprep_nb.web.problems import Refused, problem_response

_LINE = re.compile(r"(?P<name>[A-Za-z0-9._@-]{1,64}):(?P<digest>[0-9a-f]{64})")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Tokens:
    """The tokens of an auth file.

    Args:
        digests: SHA-256 of each token, as hexadecimal text, by the name of its owner.
    """

    def __init__(self, digests: dict[str, str]) -> None:
        self._digests = digests

    @classmethod
    def read(cls, file: Path) -> "Tokens":
        """Read an auth file: lines ``name:sha256``; empty lines and lines with ``#`` are left out.

        Raises:
            InputError: It cannot be read, has another line, or has no token.
        """
        digests = _read_digests(file)
        if not digests:
            raise InputError(f"{file} holds no token; make one with: videoprep token NAME --auth-file {file}")
        return cls(digests)

    def owner_of(self, token: str) -> str | None:
        """The owner of a token, None when it is not one; takes the same time whatever the token is."""
        digest = _digest(token)
        owners = [name for name, known in self._digests.items() if hmac.compare_digest(known, digest)]
        return owners[0] if owners else None


def add_token(file: Path, name: str) -> str:
    """Make a new token and add its hash to an auth file, which is made when it is missing.

    Args:
        file: The auth file.
        name: The owner.

    Returns:
        The token, which is kept nowhere.

    Raises:
        InputError: The file cannot be used, or the name is no good or has a token already.
    """
    token = secrets.token_urlsafe(32)
    line = f"{name}:{_digest(token)}"
    if not _LINE.fullmatch(line):
        raise InputError(f"{name[:100]!r} is no name for a token; take up to 64 of the characters A-Z a-z 0-9 . _ @ -")
    if file.exists() and name in _read_digests(file):
        raise InputError(f"{name} has a token in {file} already; delete that line first.")
    try:
        # readable for nobody else from the first moment on
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as opened:
            opened.write(line + "\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}).") from error
    return token


def is_loopback(host: str) -> bool:
    """Whether a host is this machine as seen only from itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, tokens: Tokens | None) -> None:
    """Check that the service may be offered at a host.

    Raises:
        InputError: It can be reached from other machines, and there are no tokens.
    """
    if tokens is None and not is_loopback(host):
        raise InputError(
            f"{host} can be reached from other machines, and without tokens anybody there could use the service; "
            "give --auth-file (videoprep token NAME makes one), or leave the host at 127.0.0.1."
        )


class Gate:
    """Lets a request through, or answers it: the one place that everything has to pass.

    A token is wanted where there are tokens. Without them the service is for this machine, and the name it was asked
    for by must be one of this machine: else a web page from elsewhere could, by a name that leads here (DNS
    rebinding), use it from the user's own browser. What changes something must not come from another site's page.

    Args:
        app: What is behind the gate.
        tokens: The tokens, None: only this machine, without tokens.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens | None) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            scope.setdefault("state", {})["user"] = self._user(headers)
            _check_origin(scope, headers)
        except Refused as refusal:
            hint = {"WWW-Authenticate": "Bearer"} if refusal.status == HTTPStatus.UNAUTHORIZED else None
            await problem_response(refusal.status, str(refusal), hint)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _user(self, headers: Headers) -> User:
        if self._tokens is None:
            _check_local_name(headers.get("host", ""))
            return LOCAL_ADMIN
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(HTTPStatus.UNAUTHORIZED, "This service wants a token: send Authorization: Bearer <token>.")
        owner = self._tokens.owner_of(token.strip())
        if owner is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "This token is not known; ask whoever runs the service for another.")
        return User(owner, Role.ADMIN)


def _check_local_name(netloc: str) -> None:
    if not is_loopback(_host_name(netloc)):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"The service was asked for by the name {netloc[:100]!r}; without tokens it answers only to localhost.",
        )


def _check_origin(scope: Scope, headers: Headers) -> None:
    origin = headers.get("origin")
    if (scope["type"] == "http" and scope["method"] in _SAFE_METHODS) or origin is None:
        return
    if _origin_netloc(origin) != headers.get("host", "").lower():
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"A page of {origin[:100]!r} may not change anything here; use the service's own page or a program.",
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


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read_digests(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The auth file {file} cannot be read ({error}).") from error
    digests = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise InputError(f"Line {number} of {file} is not name:sha256; make lines with: videoprep token NAME")
        digests[match["name"]] = match["digest"]
    return digests
