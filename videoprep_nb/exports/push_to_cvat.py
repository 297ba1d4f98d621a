"""A project backup to a CVAT server, by its own SDK (extra ``cvat``); an upload that was cut goes on where it stopped.

The SDK uploads in the tus protocol with two messages around it, and forgets an upload that fails. So the upload itself
is ours: it remembers in a small file where the server keeps the bytes. Everything else is the SDK's. The token goes to
the server that was named and to no other: redirects are refused, and of the address that the server gives for the
upload only the path is used.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.layout import file_sha256
from videoprep_nb.core.records import Record

_CHUNK_BYTES = 10 << 20
_ATTEMPTS = 5
_PAUSE_S = 1.0
_POLL_S = 2.0
_TIMEOUTS_S = (30.0, 300.0)
"""For connecting, and for an answer."""
_IMPORT_TIMEOUT_S = 6 * 3600.0


class PushError(VideoPrepError):
    """A CVAT server refused a backup or cannot be reached."""


@dataclass(frozen=True)
class CvatAccount:
    """Where projects are created, and with whose rights.

    Args:
        server: Address of the CVAT server, ``https://cvat.example.org``.
        token_file: File that holds a personal access token of CVAT and nothing else.
    """

    server: str
    token_file: Path

    def check(self) -> None:
        """Check all that can be checked without asking the server.

        Raises:
            InputError: The address is none, the SDK is not installed, or the file does not hold a token.
        """
        check_server(self.server)
        self.read_token()

    def read_token(self) -> str:
        """The token.

        Raises:
            InputError: The file cannot be read, or does not hold one.
        """
        try:
            token = self.token_file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            token = ""
        except OSError as error:
            raise InputError(
                f"{self.token_file} cannot be read ({error.strerror}); write the token into a file of its own."
            ) from None
        if not token or not token.isascii() or any(character.isspace() for character in token):
            raise InputError(f"{self.token_file} does not hold a token; expected one line without spaces.")
        return token


class UploadState(Record):
    """Where an upload that has not ended stands.

    Args:
        server: Address of the server.
        sha256: Hash of the backup.
        path: Path of the upload on the server.
        file_name: Name that the server gave it.
        request_id: The import, once the upload is complete; empty before.
    """

    server: str
    sha256: str
    path: str
    file_name: str
    request_id: str = ""


def push_backup(
    backup: Path,
    server: str,
    token: str,
    state_file: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Create a project from a backup.

    Args:
        backup: What the format ``cvat-backup`` wrote.
        server: Address of the server, ``https://cvat.example.org``.
        token: A personal access token of CVAT.
        state_file: Where it is remembered how far the upload got; gone when the project exists.
        progress: Called with the bytes that are uploaded and all, and again and again while the server imports them;
            what it raises ends the push.

    Returns:
        Address of the project.

    Raises:
        InputError: The address is none, or the SDK is not installed.
        PushError: The server cannot be reached, or refused; the same call goes on where it stopped.
    """
    api = _Api(server, token)
    state = _stored_state(state_file, server, file_sha256(backup)) or api.begin(backup, server, state_file)
    if not state.request_id:
        state = _upload(api, backup, state, state_file, progress)
    size = backup.stat().st_size
    project_id = api.wait_for_project(state.request_id, state_file, lambda: progress(size, size))
    state_file.unlink(missing_ok=True)
    return f"{server.rstrip('/')}/projects/{project_id}"


def check_server(server: str) -> None:
    """Check that an address can be one of a CVAT server, and that there is what speaks to it.

    Raises:
        InputError: The address is none, or the SDK is not installed.
    """
    try:
        parts = urlsplit(server)
        is_address = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        is_address = False
    if not is_address:
        raise InputError(f"{server} is not the address of a server; expected one such as https://cvat.example.org.")
    if find_spec("cvat_sdk") is None:
        raise InputError("CVAT's SDK is not installed; pip install 'videoprep-nb[cvat]'.")


def _stored_state(file: Path, server: str, sha256: str) -> UploadState | None:
    """What is remembered of the upload of this backup to this server."""
    try:
        state = UploadState.read(file)
    except InputError:  # there is none, or it is from another version: the upload begins anew
        return None
    return state if (state.server, state.sha256) == (server, sha256) else None


def _upload(
    api: "_Api", backup: Path, state: UploadState, state_file: Path, progress: Callable[[int, int], None]
) -> UploadState:
    total = backup.stat().st_size
    offset = api.offset(state)
    if offset is None:  # the server has thrown the half upload away
        state = api.begin(backup, state.server, state_file)
        offset = 0
    with backup.open("rb") as file:
        while offset < total:
            progress(offset, total)
            file.seek(offset)
            offset = api.send(state, file.read(_CHUNK_BYTES), offset)
    state = state.model_copy(update={"request_id": api.finish(state)})
    state.write(state_file)
    return state


class _Api:
    """The requests of a push."""

    def __init__(self, server: str, token: str) -> None:
        check_server(server)
        import urllib3
        from cvat_sdk.core.client import AccessTokenCredentials, Client
        from cvat_sdk.core.helpers import make_request_headers

        self._server = server.rstrip("/")
        self._client = Client(self._server, check_server_version=False)
        pool = self._client.api_client.rest_client.pool_manager
        pool.connection_pool_kw["retries"] = urllib3.Retry(connect=2, read=0, redirect=0, other=0, status=0)
        self._client.login(AccessTokenCredentials(token))
        self._headers = make_request_headers(self._client.api_client)
        self._rest = self._client.api_client.rest_client
        self._errors = urllib3.exceptions.HTTPError

    def begin(self, backup: Path, server: str, state_file: Path) -> UploadState:
        """Announce the upload of a backup."""
        self._request("POST", self._backup_url, {"Upload-Start": ""})
        name = base64.b64encode(backup.name.encode()).decode()
        created = self._request(
            "POST",
            f"{self._backup_url}/",
            {**_TUS, "Upload-Length": str(backup.stat().st_size), "Upload-Metadata": f"filename {name}"},
        )
        state = UploadState(
            server=server,
            sha256=file_sha256(backup),
            path=urlsplit(created.headers.get("Location", "")).path,
            file_name=created.headers.get("Upload-Filename", backup.name),
        )
        if not state.path:
            raise PushError(f"{self._server} gave no address for the upload; is it a CVAT server?")
        state.write(state_file)
        return state

    def offset(self, state: UploadState) -> int | None:
        """How many bytes the server has; None if it does not know the upload."""
        response = self._request(
            "HEAD", self._server + state.path, _TUS, allowed=(HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
        )
        return int(response.headers["Upload-Offset"]) if "Upload-Offset" in response.headers else None

    def send(self, state: UploadState, chunk: bytes, offset: int) -> int:
        """Send a piece; when the connection breaks, ask how much arrived and go on from there.

        Returns:
            How many bytes the server has.
        """
        headers = {**_TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        for attempt in range(_ATTEMPTS):
            try:
                response = self._ask("PATCH", self._server + state.path, headers, body=chunk)
            except self._errors as error:
                problem = str(error)
            else:
                if response.status == HTTPStatus.NO_CONTENT:
                    return int(response.headers["Upload-Offset"])
                if response.status < HTTPStatus.INTERNAL_SERVER_ERROR and response.status != HTTPStatus.CONFLICT:
                    self._refuse(response)
                problem = f"status {response.status}"
            time.sleep(_PAUSE_S * 2**attempt)
            arrived = self.offset(state) if attempt + 1 < _ATTEMPTS else None
            if arrived is not None and arrived != offset:
                return arrived
        raise PushError(
            f"{self._server} broke off the upload after {offset:,} bytes ({problem}); push again, it goes on from "
            "there."
        )

    def finish(self, state: UploadState) -> str:
        """Say that all bytes are there.

        Returns:
            The id of the import that the server starts.
        """
        finished = self._request(
            "POST", self._backup_url, {"Upload-Finish": ""}, query_params={"filename": state.file_name}
        )
        request_id = self._content(finished).get("rq_id")
        if not request_id:
            raise PushError(f"{self._server} did not start the import; is it a CVAT server of version 2.16 or later?")
        return str(request_id)

    def wait_for_project(self, request_id: str, state_file: Path, waiting: Callable[[], None]) -> int:
        """Wait until the server has imported the backup.

        Args:
            request_id: The import.
            state_file: It goes when the import has failed.
            waiting: Called before each question; what it raises ends the waiting.

        Returns:
            The id of the project.
        """
        end_s = time.monotonic() + _IMPORT_TIMEOUT_S
        while time.monotonic() < end_s:
            waiting()
            request = self._content(self._request("GET", f"{self._server}/api/requests/{request_id}", {}))
            if request.get("status") == "finished":
                return int(request["result_id"])
            if request.get("status") == "failed":
                state_file.unlink(missing_ok=True)
                raise PushError(f"{self._server} could not import the backup: {request.get('message') or 'no reason'}.")
            time.sleep(_POLL_S)
        raise PushError(
            f"{self._server} has not imported the backup within {_IMPORT_TIMEOUT_S / 3600:g} hours; push again to go "
            "on waiting."
        )

    @property
    def _backup_url(self) -> str:
        return f"{self._server}/api/projects/backup"

    def _request(
        self, method: str, url: str, headers: dict[str, str], allowed: tuple[int, ...] = (), **arguments: Any
    ) -> Any:
        try:
            response = self._ask(method, url, headers, **arguments)
        except self._errors as error:
            raise PushError(f"{self._server} cannot be reached ({error}); push again.") from None
        if not response.status < HTTPStatus.MULTIPLE_CHOICES and response.status not in allowed:
            self._refuse(response)
        return response

    def _ask(self, method: str, url: str, headers: dict[str, str], **arguments: Any) -> Any:
        """Send a request with the token; the answer, whatever its status."""
        return self._rest.request(
            method,
            url,
            headers={**self._headers, **headers},
            _check_status=False,
            _request_timeout=_TIMEOUTS_S,
            **arguments,
        )

    def _content(self, response: Any) -> dict[str, Any]:
        try:
            content = json.loads(response.data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise PushError(f"{self._server} does not answer as CVAT does; is it the address of a CVAT server?")
        return content

    def _refuse(self, response: Any) -> NoReturn:
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise PushError(f"{self._server} refused the token; make a new one in CVAT under Profile, Security.")
        detail = " ".join((response.data or b"").decode("utf-8", "replace").split())[:200]
        raise PushError(f"{self._server} refused the backup with status {response.status}: {detail or 'no reason'}.")


_TUS = {"Tus-Resumable": "1.0.0"}
