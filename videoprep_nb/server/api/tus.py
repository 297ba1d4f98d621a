"""Resumable uploads by the protocol tus 1.0 (https://tus.io/protocols/resumable-upload), for which clients exist.

The core protocol, creation and termination; an upload says its size when it begins. Content is appended to one file
in the workspace, which a job later takes by rename.
"""

import base64
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, BinaryIO
from weakref import WeakValueDictionary

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from videoprep_nb.core.errors import TooLarge, VideoPrepError, WrongState
from videoprep_nb.core.layout import disk_full_as_error
from videoprep_nb.media.inspection import Inspection
from videoprep_nb.server.api.dependencies import InspectionsForAll, Jobs
from videoprep_nb.server.api.schemas import UploadStatus
from videoprep_nb.server.problems import Refused, problem_docs, status_of
from videoprep_nb.server.uploads.form import announced_size, name_to_show
from videoprep_nb.server.uploads.resumable import ResumableUpload

VERSION = "1.0.0"
CONTENT_TYPE = "application/offset+octet-stream"
UPLOADS_PATH = "/api/uploads/"

_HEADERS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
_LARGEST_SIZE = 2**53
_BATCH_BYTES = 1024 * 1024


def _check_version(tus_resumable: Annotated[str, Header(description=f"`{VERSION}`", examples=[VERSION])] = "") -> None:
    if tus_resumable != VERSION:
        found = tus_resumable[:20] or "none"
        raise Refused(
            HTTPStatus.PRECONDITION_FAILED,
            f"Got tus version {found}, expected {VERSION}; send the header Tus-Resumable.",
            {"Tus-Version": VERSION},
        )


UploadId = Annotated[str, Path(description="the id of an upload", max_length=100)]
_TUS = [Depends(_check_version)]
_LOST = problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED)


class _TusRoute(APIRoute):
    """Says the version of the protocol with every answer, as it demands, also when a request is refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        answer = super().get_route_handler()

        async def answer_by_protocol(request: Request) -> Response:
            try:
                return await answer(request)
            except VideoPrepError as error:
                own = error.headers if isinstance(error, Refused) else None
                raise Refused(status_of(error), str(error), _HEADERS | (own or {})) from error

        return answer_by_protocol


router = APIRouter(prefix=UPLOADS_PATH.rstrip("/"), tags=["uploads"], route_class=_TusRoute)


@dataclass
class _Turn:
    """The turn of one connection.

    Args:
        waiting: What it waits in for the next bytes.
        is_over: Whether another connection continues the upload.
    """

    waiting: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_over: bool = False

    def end(self) -> None:
        """Have it come to an end, with what has arrived."""
        self.is_over = True
        self.waiting.cancel()


class _Turns:
    """One connection per upload at a time; a new one ends the one before, which may be dead without having said so."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()
        self._turns: dict[str, _Turn] = {}

    @asynccontextmanager
    async def take(self, upload_id: str) -> AsyncIterator[_Turn]:
        """Wait for the turn of this connection."""
        lock = self._locks.setdefault(upload_id, anyio.Lock())
        if running := self._turns.get(upload_id):
            running.end()
        async with lock:
            turn = self._turns[upload_id] = _Turn()
            try:
                yield turn
            finally:
                del self._turns[upload_id]


_turns = _Turns()


@router.options("/", status_code=HTTPStatus.NO_CONTENT)
def describe_uploads(jobs: Jobs) -> Response:
    """Say which version and parts of the protocol are known."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,termination",
        "Tus-Max-Size": str(jobs.limits.file_bytes),
    }
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_HEADERS | headers)


@router.get("/")
def list_uploads(jobs: Jobs) -> list[UploadStatus]:
    """List your uploads that no job has taken, oldest first.

    They are removed after a day without a sign of life, after an hour if nothing of them has arrived.
    """
    return [UploadStatus.of(upload) for upload in jobs.uploads.all()]


@router.post(
    "/",
    status_code=HTTPStatus.CREATED,
    dependencies=_TUS,
    responses={
        HTTPStatus.CREATED: {"headers": {"Location": {"description": "the upload", "schema": {"type": "string"}}}},
        **problem_docs(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.PRECONDITION_FAILED,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.INSUFFICIENT_STORAGE,
        ),
    },
)
def create_upload(
    jobs: Jobs,
    upload_length: Annotated[int, Header(description="size of the file in bytes", ge=0, le=_LARGEST_SIZE)],
    upload_metadata: Annotated[
        str, Header(description="`filename` and its name in Base64", max_length=4096, examples=["filename YS5tcDQ="])
    ] = "",
) -> Response:
    """Create an upload; refused at once when it is too large or there is no room for it."""
    info = jobs.uploads.create(_file_name(upload_metadata), upload_length)
    headers = _HEADERS | {"Location": UPLOADS_PATH + info.upload_id}
    return Response(status_code=HTTPStatus.CREATED, headers=headers)


@router.head("/{upload_id}", dependencies=_TUS, responses=_LOST)
async def show_offset(upload_id: UploadId, jobs: Jobs) -> Response:
    """Say how much has arrived; a connection that was still sending ends."""
    await to_thread.run_sync(jobs.uploads.get, upload_id)
    async with _turns.take(upload_id):
        upload = await to_thread.run_sync(jobs.uploads.get, upload_id)
    sizes = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.info.size_bytes)}
    return Response(headers=_HEADERS | sizes)


@router.patch(
    "/{upload_id}",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=_TUS,
    responses={
        HTTPStatus.NO_CONTENT: {
            "headers": {"Upload-Offset": {"description": "how much has arrived", "schema": {"type": "integer"}}}
        },
        **_LOST,
        **problem_docs(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.INSUFFICIENT_STORAGE,
        ),
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def append_to_upload(
    request: Request,
    upload_id: UploadId,
    jobs: Jobs,
    upload_offset: Annotated[int, Header(description="where this piece starts", ge=0, le=_LARGEST_SIZE)],
) -> Response:
    """Send the next piece. What has arrived of it stays when the connection is cut."""
    if request.headers.get("content-type", "") != CONTENT_TYPE:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Expected the content type {CONTENT_TYPE}.")
    await to_thread.run_sync(jobs.uploads.get, upload_id)  # before the turn is taken from its owner
    async with _turns.take(upload_id) as turn:
        upload = await to_thread.run_sync(jobs.uploads.get, upload_id)
        if upload_offset != upload.offset:
            raise WrongState(
                f"Got a piece that starts at {upload_offset}, expected {upload.offset}; ask for the offset again."
            )
        offset = await _receive(request, upload, turn, jobs.check_free)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_HEADERS | {"Upload-Offset": str(offset)})


@router.delete("/{upload_id}", status_code=HTTPStatus.NO_CONTENT, dependencies=_TUS, responses=_LOST)
async def remove_upload(upload_id: UploadId, jobs: Jobs) -> Response:
    """Delete an upload."""
    await to_thread.run_sync(jobs.uploads.get, upload_id)
    async with _turns.take(upload_id):
        await to_thread.run_sync(jobs.uploads.remove, upload_id)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_HEADERS)


@router.get(
    "/{upload_id}/probe",
    responses=problem_docs(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
)
async def probe_upload(request: Request, upload_id: UploadId, jobs: Jobs, inspections: InspectionsForAll) -> Inspection:
    """Inspect an uploaded file; the answer has a thumbnail."""
    upload = await to_thread.run_sync(jobs.uploads.get, upload_id)
    if not upload.is_complete:
        raise WrongState(f"The upload of {upload.info.name} is not complete; wait for it.")
    found = await inspections.inspect(upload.path, upload.info.name, jobs.user.user_id, request)
    if not found.problem:
        await to_thread.run_sync(jobs.note_length, upload.path, found)
    return found


async def _receive(request: Request, upload: ResumableUpload, turn: _Turn, check_free: Callable[[int], None]) -> int:
    """Append a body to an upload.

    Returns:
        How much has arrived then.

    Raises:
        TooLarge: It goes on where the upload should have ended.
        NoRoom: The disk is nearly full; what has arrived is kept.
        DiskFullError: The disk is full.
        ClientDisconnect: The connection was cut, or is silent; what has arrived is kept.
        WrongState: Another connection goes on with the upload; what has arrived is kept.
    """
    offset = upload.offset
    _check_end(offset + announced_size(request), upload)
    with disk_full_as_error(upload.path.parent), upload.path.open("r+b") as file:
        file.seek(offset)
        async for batch in _batches(request, turn):
            _check_end(offset + len(batch), upload)
            await to_thread.run_sync(_append, file, batch, check_free)
            offset += len(batch)
    return offset


def _append(file: BinaryIO, batch: bytes, check_free: Callable[[int], None]) -> None:
    check_free(len(batch))
    file.write(batch)
    file.flush()


def _check_end(end: int, upload: ResumableUpload) -> None:
    if end > upload.info.size_bytes:
        raise TooLarge(f"Got more than the announced {upload.info.size_bytes} bytes of {upload.info.name}.")


async def _batches(request: Request, turn: _Turn) -> AsyncIterator[bytes]:
    """The body in pieces of about ``_BATCH_BYTES``; what came before a cut is not lost."""
    pieces: list[bytes] = []
    size_bytes = 0
    stream = request.stream()
    while True:
        piece = await _next_piece(stream, turn)
        if piece:
            pieces.append(piece)
            size_bytes += len(piece)
        if not piece or size_bytes >= _BATCH_BYTES:
            yield b"".join(pieces)
            pieces, size_bytes = [], 0
        if piece is None:
            raise WrongState("Another connection continues this upload.") if turn.is_over else ClientDisconnect
        if not piece:
            return


async def _next_piece(stream: AsyncIterator[bytes], turn: _Turn) -> bytes | None:
    """The next bytes of a body, none at its end; None when it was cut off or has to stop."""
    if turn.is_over:
        return None
    turn.waiting = anyio.CancelScope()
    with turn.waiting:
        try:
            return await anext(stream, b"")
        except ClientDisconnect:
            return None
    return None


def _file_name(metadata: str) -> str:
    """The name of the file in the metadata of an upload: pairs of a key and a value in Base64, between commas."""
    values = {key: value for key, _, value in (pair.strip().partition(" ") for pair in metadata.split(","))}
    try:
        metadata.encode("ascii")
        return name_to_show(base64.b64decode(values.get("filename", ""), validate=True).decode("utf-8"))
    except ValueError:  # also for characters beyond ASCII
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "Upload-Metadata: expected filename and its value, UTF-8 in Base64.",
        ) from None
