"""A receiver of webhooks that answers as a test needs it, and remembers what it was sent."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
BREAK = 0
"""Instead of a status: the connection is closed without an answer."""


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    content: dict[str, Any]


@dataclass
class Receiver:
    """``status`` is what it answers; those in ``next_statuses`` come first."""

    url: str
    status: int = 200
    next_statuses: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            check_signature(headers, body)
            receiver.messages.append(Message(self.path, headers, json.loads(body)))
            status = receiver.next_statuses.pop(0) if receiver.next_statuses else receiver.status
            if status == BREAK:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_signature(headers: dict[str, str], body: bytes) -> None:
    """As https://www.standardwebhooks.com has it."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
