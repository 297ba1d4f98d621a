"""A real server that speaks S3, localbucket, on a port of this machine; a bucket is a folder, an object a file."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from localbucket import UPLOADS_DIR, S3Error, S3Handler

ACCESS_KEY_ID = "an-access-key"
SECRET = "wJalrXUtnFEMI-secret"
BUCKET = "bucket"


@dataclass
class S3Server:
    """A server that runs.

    Args:
        folder: Its buckets.
        port: Its port.
        requests: Method and path of what it was asked for.
        may_write: Whether the credentials may do more than read.
    """

    folder: Path
    port: int
    requests: list[str] = field(default_factory=list)
    may_write: bool = True

    @property
    def bucket(self) -> Path:
        return self.folder / BUCKET

    @property
    def unfinished(self) -> list[Path]:
        """Multipart uploads that were neither completed nor aborted."""
        return list((self.folder / UPLOADS_DIR).glob("*"))

    def object_keys(self) -> list[str]:
        return sorted(str(path.relative_to(self.bucket)) for path in self.bucket.rglob("*") if path.is_file())

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a client of the server needs; with the port of a proxy in front of it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
        }

    def use(self, monkeypatch: pytest.MonkeyPatch, port: int | None = None) -> None:
        for name, value in self.environment(port).items():
            monkeypatch.setenv(name, value)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Serve a folder with an empty bucket; only ``ACCESS_KEY_ID`` is let in."""
    (folder / BUCKET).mkdir(parents=True)

    class Handler(S3Handler):  # type: ignore[misc]  # it has no types
        data_root = folder

        def log_message(self, *arguments: object) -> None:
            running.requests.append(f"{self.command} {self.path}")

        def _dispatch(self, action: Callable[[str, str], None]) -> None:
            allowed = self._is_known() and (running.may_write or self.command in ("GET", "HEAD"))
            try:
                super()._dispatch(action if allowed else self._refuse)
            except ConnectionError:  # the client or a proxy has cut it
                self.close_connection = True

        def _is_known(self) -> bool:
            return f"Credential={ACCESS_KEY_ID}/" in self.headers.get("Authorization", "")

        def _refuse(self, bucket: str, key: str) -> None:
            self.close_connection = True
            code = "AccessDenied" if self._is_known() else "InvalidAccessKeyId"
            raise S3Error(HTTPStatus.FORBIDDEN, code, "This is refused.")

    with _Server(("127.0.0.1", 0), Handler) as server:
        running = S3Server(folder, server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that is cut while a request is read is no error of the server."""
