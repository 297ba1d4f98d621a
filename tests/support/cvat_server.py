"""The part of a CVAT server that creates projects from backups: the tus protocol with CVAT's two further messages.

After what CVAT 2.47 answers. It remembers what was sent, can break connections, and can answer with addresses of
another server.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token"


class CvatServer(ThreadingHTTPServer):
    """The server; ``address`` is what people type."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stalled = threading.Event()
        self.go_on = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.uploads: dict[str, bytearray] = {}
        self.projects: list[bytes] = []
        self.tokens: list[str | None] = []
        self.breaks_left = 0
        self.stalls = False
        """A third of a piece arrives, then nothing happens until ``go_on``, and the connection breaks."""
        self.stalled.clear()
        self.go_on.clear()
        self.upload_host = ""
        """Put before the path of an upload, as a server behind a proxy does."""
        self.redirect_to = ""
        self.import_fails = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CvatServer

    def _answer(self, status: int, headers: dict[str, str] | None = None, content: Any = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _is_refused(self) -> bool:
        server = self.server
        server.tokens.append(self.headers.get("Authorization"))
        if server.redirect_to:
            self._answer(307, {"Location": server.redirect_to + self.path})
            return True
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, content={"detail": "Invalid token."})
            return True
        return False

    def do_POST(self) -> None:
        self._body()
        if self._is_refused():
            return
        url = urlsplit(self.path)
        if "Upload-Start" in self.headers:
            self._answer(202)
        elif "Upload-Finish" in self.headers:
            [name] = parse_qs(url.query)["filename"]
            self.server.projects.append(bytes(self.server.uploads.pop(name)))
            self._answer(202, content={"rq_id": "action=import&target=project"})
        elif "Upload-Length" in self.headers:
            name = f"backup_{len(self.server.uploads)}.zip"
            self.server.uploads[name] = bytearray()
            location = f"{self.server.upload_host or self.server.address}{url.path}{name}"
            self._answer(201, {"Location": location, "Upload-Filename": name, "Upload-Offset": "0"})
        else:
            self._answer(400)

    def do_HEAD(self) -> None:
        if self._is_refused():
            return
        upload = self.server.uploads.get(self.path.rpartition("/")[2])
        if upload is None:
            self._answer(404)
        else:
            self._answer(200, {"Upload-Offset": str(len(upload))})

    def do_PATCH(self) -> None:
        content = self._body()
        if self._is_refused():
            return
        upload = self.server.uploads[self.path.rpartition("/")[2]]
        if int(self.headers["Upload-Offset"]) != len(upload):
            self._answer(409)
        elif self.server.breaks_left or self.server.stalls:
            upload += content[: len(content) // 3]
            if self.server.stalls:
                self.server.stalls = False
                self.server.stalled.set()
                self.server.go_on.wait(60)
            else:
                self.server.breaks_left -= 1
            self.close_connection = True
            self.connection.close()
        else:
            upload += content
            self._answer(204, {"Upload-Offset": str(len(upload))})

    def do_GET(self) -> None:
        if self._is_refused():
            return
        if self.server.import_fails:
            self._answer(200, content={"status": "failed", "message": "No such label"})
        else:
            self._answer(200, content={"status": "finished", "result_id": 7})

    def log_message(self, *args: Any) -> None:
        return None


@contextmanager
def cvat_server() -> Iterator[CvatServer]:
    """A server on a free port."""
    with CvatServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
