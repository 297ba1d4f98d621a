"""Files to and from a service that survive cut connections: uploads by tus 1.0, downloads by ranges.

tus needs three requests (https://tus.io/protocols/resumable-upload). They are sent by the client of all other requests,
with its token and its errors; the library tuspy would bring a second client, and a database.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from videoprep_nb.core.errors import InputError

if TYPE_CHECKING:
    import httpx

_PIECE_BYTES = 1024 * 1024
_PAUSES_S = (1, 2, 4, 8, 15, 30, 30, 30, 30)
"""Between tries that brought nothing; the service may be starting again."""
_TUS = {"Tus-Resumable": "1.0.0"}
_RETRIED = frozenset({409, 502, 503, 504})
"""409: an older connection has brought more than we know of."""

_Result = TypeVar("_Result")


def upload(client: "httpx.Client", file: Path, show: Callable[[int, int], None]) -> str:
    """Send a file; goes on where a cut connection ended.

    Args:
        client: The service.
        file: What to send.
        show: Called with how many bytes have arrived, and of how many.

    Returns:
        The id of the upload.

    Raises:
        InputError: The file cannot be read, or changes while it is sent.
        httpx.HTTPStatusError: The service refuses it.
        httpx.TransportError: There is no connection any more.
    """
    size_bytes = _size(file)
    name = base64.b64encode(file.name.encode("utf-8", "backslashreplace")).decode()
    headers = _TUS | {"Upload-Length": str(size_bytes), "Upload-Metadata": f"filename {name}"}
    created = client.post("/uploads/", headers=headers).raise_for_status()
    upload_id = created.headers["Location"].rsplit("/", 1)[-1]
    path = f"/uploads/{upload_id}"

    def arrived() -> int:
        return int(client.head(path, headers=_TUS).raise_for_status().headers["Upload-Offset"])

    def send_rest() -> str:
        offset = arrived()
        show(offset, size_bytes)
        while offset < size_bytes:
            headers = _TUS | {
                "Upload-Offset": str(offset),
                "Content-Length": str(size_bytes - offset),
                "Content-Type": "application/offset+octet-stream",
            }
            answer = client.patch(path, headers=headers, content=_pieces(file, offset, size_bytes, show))
            offset = int(answer.raise_for_status().headers["Upload-Offset"])
            show(offset, size_bytes)
        return upload_id

    return _persistently(send_rest, arrived)


def download(client: "httpx.Client", path: str, file: Path, show: Callable[[int, int], None]) -> None:
    """Fetch a file; goes on where a cut connection, or an earlier call, ended.

    Args:
        client: The service.
        path: What to fetch.
        file: Where it appears when it is complete.
        show: Called with how many bytes have arrived, and of how many.

    Raises:
        InputError: It cannot be written.
        httpx.HTTPStatusError: The service refuses it.
        httpx.TransportError: There is no connection any more.
    """
    found = client.head(path).raise_for_status()
    size_bytes, version = int(found.headers["Content-Length"]), found.headers["ETag"]
    mark = hashlib.sha256(version.encode()).hexdigest()[:12]
    part = file.with_name(f".{file.name}.{mark}.part")  # only what is of the same version is gone on with

    def arrived() -> int:
        return part.stat().st_size if part.exists() else 0

    def fetch_rest() -> None:
        offset = arrived()
        headers = {"Range": f"bytes={offset}-", "If-Range": version}
        show(offset, size_bytes)
        if offset == size_bytes:
            return
        with client.stream("GET", path, headers=headers) as answer, part.open("ab") as content:
            if answer.raise_for_status().headers["ETag"] != version:
                raise InputError(f"{file.name} has changed on the service meanwhile; download it again.")
            for piece in answer.iter_bytes():  # as it comes: what waits for more is lost when the line is cut
                content.write(piece)
                show(content.tell(), size_bytes)

    try:
        _persistently(fetch_rest, arrived)
        part.replace(file)
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}); name another place.") from None


def _persistently(act: Callable[[], _Result], arrived: Callable[[], int]) -> _Result:
    """Do something again after a cut connection, as long as each few tries bring something."""
    import httpx

    known, failures = -1, 0
    while True:
        try:
            return act()
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code not in _RETRIED:
                raise
            failure = error
        try:
            now = arrived()
        except httpx.HTTPError:
            now = known
        failures = 0 if now > known else failures + 1
        known = max(known, now)
        if failures >= len(_PAUSES_S):
            raise failure
        time.sleep(_PAUSES_S[failures])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); name a video that is there.") from None


def _pieces(file: Path, offset: int, size_bytes: int, show: Callable[[int, int], None]) -> Iterator[bytes]:
    try:
        with file.open("rb") as content:
            content.seek(offset)
            while offset < size_bytes:
                piece = content.read(min(_PIECE_BYTES, size_bytes - offset))
                if not piece:
                    raise InputError(f"{file} became shorter while it was sent; send it when it is complete.")
                yield piece
                offset += len(piece)
                show(offset, size_bytes)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from None
