"""Takes the paths of the server out of what members see: messages, events, reports with their parameters, errors.

Where a message comes from cannot know who reads it, so it is done in one place, with what is sent.
"""

import html
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.jobs.service import Service
from videoprep_nb.server.security.user_file import User
from videoprep_nb.server.security.users import Users

_HIDDEN = "…".encode()
# a shorter one could also be by chance in the Base64 of an image
_MIN_LENGTH = 8
_TEXTS = ("application/json", "application/problem+json", "application/x-ipynb+json", "text/html", "text/plain")
_STREAM = "text/event-stream"
# a part of a report would have another size than the same part of its file
_WITHOUT_RANGES = re.compile(r"(/shared/[^/]+)?/api/jobs/[^/]+/(reports|annotations)/[^/]+\.(html|ipynb)")
# formats may be large and are made for other machines; folders for import have names of their own here
_AS_THEY_ARE = re.compile(r"/api/jobs/[^/]+/exports/[^/]+|/api/imports")


class ServerPaths:
    """The folders of a server whose places are nobody's business.

    Args:
        folders: The folders; a path below one keeps only what comes after it.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        found = {form for folder in folders for form in (folder.absolute(), folder.resolve())}
        # notebooks write what is not ASCII in several ways; then the folders around it are hidden at least
        found |= {next(parent for parent in path.parents if str(parent).isascii()) for path in found if _is_odd(path)}
        texts = map(str, found)
        written = {form for text in texts if len(text) >= _MIN_LENGTH for form in _forms(text)}
        rests = [re.escape(form.removeprefix(b"/")) for form in sorted(written, key=len, reverse=True)]
        # the slash first, which is quickly found; no part of a longer path or address begins there
        self._pattern = re.compile(rb"/(?<![\w.]/)(?:" + b"|".join(rests) + rb")(?![\w-])")

    @classmethod
    def of_service(cls, service: Service, users: Users | None) -> "ServerPaths":
        """The workspace, the folders for import, of the users, the installation, and where the service was started."""
        workspace = service.workspace
        installed = Path(__file__).parents[3]
        own = [workspace.path, workspace.jobs_dir, workspace.uploads_dir, *service.limits.import_roots]
        own += [users.file.parent] if users else []
        return cls([*own, installed, Path(sys.prefix), Path.home(), Path.cwd()])

    def hide(self, content: bytes) -> bytes:
        """A text, in UTF-8, without them."""
        return self._pattern.sub(_HIDDEN, content)


def _is_odd(path: Path) -> bool:
    return not str(path).isascii()


def _forms(text: str) -> set[bytes]:
    """A path as it stands in plain text, in JSON and in HTML."""
    return {os.fsencode(text), json.dumps(text)[1:-1].encode(), html.escape(text).encode("utf-8", "surrogateescape")}


class HidePaths:
    """Sends members and strangers no path of the server; admins, who have to find what is meant, see all.

    Args:
        app: What answers, behind the gate.
        paths: The paths.
    """

    def __init__(self, app: ASGIApp, paths: ServerPaths) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        user: User | None = scope.get("state", {}).get("user")
        is_text = scope["type"] == "http" and not _AS_THEY_ARE.fullmatch(scope["path"])
        if (user and user.is_admin) or not is_text:
            await self._app(scope, receive, send)
            return
        if _WITHOUT_RANGES.fullmatch(scope["path"]):
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, _Hiding(self._paths, send, is_head=scope.get("method") == "HEAD"))


class _Hiding:
    """Passes an answer on, as soon as it is known what is in it."""

    def __init__(self, paths: ServerPaths, send: Send, is_head: bool) -> None:
        self._paths = paths
        self._send = send
        self._is_head = is_head
        self._kind = ""
        self._start: Message = {}
        self._pieces: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        """Take a part of the answer (ASGI)."""
        if message["type"] == "http.response.start":
            self._start = message
            self._kind = Headers(raw=message["headers"]).get("content-type", "").partition(";")[0]
            if self._kind not in _TEXTS:
                await self._send(message)
        elif message["type"] != "http.response.body" or self._kind not in (*_TEXTS, _STREAM):
            await self._send(message)
        elif self._kind == _STREAM:  # each event is sent as a whole
            await self._send({**message, "body": self._paths.hide(message.get("body", b""))})
        else:
            self._pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send_text(self._paths.hide(b"".join(self._pieces)))

    async def _send_text(self, content: bytes) -> None:
        headers = MutableHeaders(scope=self._start)
        if self._is_head:
            del headers["content-length"]
        else:
            headers["Content-Length"] = str(len(content))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": content})
