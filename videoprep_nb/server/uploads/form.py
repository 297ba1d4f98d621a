"""Videos that arrive in a multipart form, so that one ``curl`` command submits a job.

The parser is that of python-multipart. Starlette's own form reader would spool every video to the temporary folder and
have it copied from there; here each is written once, to the file system of the workspace, while it arrives.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from videoprep_nb.core.errors import TooLarge
from videoprep_nb.core.file_names import display_name
from videoprep_nb.core.layout import disk_full_as_error, staging_path
from videoprep_nb.core.registry import near_matches
from videoprep_nb.jobs.service import Limits
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.uploads.old_fields import OLD_FIELDS

VIDEOS_FIELD = "videos"
TEXT_FIELDS = ("params", "options", "name", "note", *OLD_FIELDS)

_MAX_TEXT_BYTES = 64 * 1024
# the form around the videos: headers of a thousand parts, and the text fields
_MAX_OVERHEAD_BYTES = 1024 * 1024
# what is parsed and written at a time, in a thread, so that other requests are answered meanwhile
_BATCH_BYTES = 1024 * 1024


@dataclass
class Upload:
    """A form that has arrived.

    Args:
        videos: Name for people and file of each video, in the order of the form.
        texts: The other fields.
    """

    videos: list[tuple[str, Path]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(
    request: Request, workspace: Workspace, limits: Limits, check_free: Callable[[int], None]
) -> AsyncIterator[Upload]:
    """Receive a form. What the block has not moved elsewhere is deleted afterwards, come what may.

    Args:
        request: The request; its body must not have been read.
        workspace: The videos come into a new folder in its uploads.
        limits: What is taken.
        check_free: Raises NoRoom if the disk has no room for so many bytes.

    Yields:
        The upload; at least one of its videos is not empty.

    Raises:
        Refused: The request is no such form, a broken one, or has no video.
        TooLarge: A video, or all of them, are too large; said as soon as it is known.
        NoRoom: The disk is nearly full.
        DiskFullError: There was no room for it.
        ClientDisconnect: The connection was cut.
    """
    boundary = _boundary(request)
    folder = staging_path(workspace.new_upload_path())
    folder.mkdir()
    try:
        with FormWriter(boundary, folder, limits) as writer:
            async for batch in _batches(request):
                await to_thread.run_sync(check_free, len(batch))
                await to_thread.run_sync(writer.feed, batch)
            upload = await to_thread.run_sync(writer.finish)
        yield upload
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(remove_tree, workspace, folder)


def content_type(request: Request) -> bytes:
    """What a request says its body is, without options."""
    return bytes(parse_options_header(request.headers.get("content-type"))[0])


async def read_small(request: Request, limit_bytes: int) -> bytes:
    """Read a body that has to be small, whatever it says about its size.

    Raises:
        TooLarge: It is not.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit_bytes:
            raise TooLarge(f"The body of the request has more than {limit_bytes // 1024} KB, which is the limit.")
    return bytes(body)


def announced_size(request: Request) -> int:
    """Bytes that a request says its body has; 0 when it does not say."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def max_form_bytes(limits: Limits) -> int:
    """Bytes of the largest form that is taken, with all that is around its videos."""
    return limits.job_bytes + _MAX_OVERHEAD_BYTES


def check_announced_size(request: Request, limits: Limits) -> None:
    """Refuse at once what is going to be too large.

    Raises:
        TooLarge: It is.
    """
    if announced_size(request) > max_form_bytes(limits):
        raise _job_too_large(announced_size(request), limits)


class FormWriter:
    """Writes the videos of a multipart form to files while it is fed.

    Args:
        boundary: What separates the parts.
        folder: An empty folder for the videos.
        limits: What is taken.

    Raises:
        Refused: The boundary is no good.
    """

    def __init__(self, boundary: bytes, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._upload = Upload()
        self._video_bytes = self._video_parts = 0
        self._header_name = self._header_value = b""
        self._disposition = b""
        self._part: _VideoPart | _TextPart | None = None
        self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": self._take_header_name,
                    "on_header_value": self._take_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._take_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _broken(str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._part, _VideoPart):
            with disk_full_as_error(self._folder):
                self._part.close()

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body.

        Raises:
            Refused: The form is broken, or has a field that it should not have.
            TooLarge: It is more than is taken.
            DiskFullError: The disk is full.
        """
        try:
            with disk_full_as_error(self._folder):
                self._parser.write(data)
        except FormParserError as error:
            raise _broken(str(error)) from None

    def finish(self) -> Upload:
        """The upload, after the last piece.

        Raises:
            Refused: The form is not complete, or has no video.
        """
        if not self._complete:
            raise _broken("it ends in the middle")
        if not self._upload.videos:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"Got no video; send files in the field {VIDEOS_FIELD}.")
        if not self._video_bytes:
            names = ", ".join(name for name, _ in self._upload.videos[:5])
            raise _unusable(f"{names}: 0 bytes; send a file with a video in it.")
        return self._upload

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _begin_part(self) -> None:
        kind, options = parse_options_header(self._disposition)
        self._disposition = b""
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not name:
            raise _broken("a part has no name")
        if name == VIDEOS_FIELD:
            self._part = self._begin_video(options.get(b"filename", b"").decode("utf-8", "replace"))
        elif name in TEXT_FIELDS and name not in self._upload.texts:
            self._part = _TextPart(name, self._upload)
        else:
            raise _unusable(f"The field {name} was sent twice." if name in TEXT_FIELDS else _unknown_field(name))

    def _begin_video(self, sent_name: str) -> "_VideoPart":
        # a browser in which nothing was chosen sends a part without a file
        if self._video_parts > self._limits.videos or len(self._upload.videos) >= self._limits.videos:
            raise TooLarge(f"The limit for a job is {self._limits.videos} videos; submit several jobs.")
        self._video_parts += 1
        return _VideoPart(sent_name, self._folder / f"{len(self._upload.videos):03d}.bin", self._upload)

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        assert self._part is not None
        size_bytes = self._part.size_bytes + end - start
        if isinstance(self._part, _VideoPart):
            self._video_bytes += end - start
            if size_bytes > self._limits.file_bytes:
                raise TooLarge(
                    f"{self._part.name} has more than {self._limits.file_bytes / 1e9:g} GB, which is the limit for one "
                    "video; cut it into shorter ones."
                )
            if self._video_bytes > self._limits.job_bytes:
                raise _job_too_large(self._video_bytes, self._limits)
        elif size_bytes > _MAX_TEXT_BYTES:
            raise TooLarge(
                f"The field {self._part.name} has more than {_MAX_TEXT_BYTES // 1024} KB, which is the limit."
            )
        self._part.write(memoryview(data)[start:end])

    def _end_part(self) -> None:
        assert self._part is not None
        self._part.finish()
        self._part = None

    def _end(self) -> None:
        self._complete = True


class _VideoPart:
    def __init__(self, sent_name: str, path: Path, upload: Upload) -> None:
        self.name = name_to_show(sent_name)
        self.size_bytes = 0
        self._nothing_chosen = not sent_name
        self._path = path
        self._upload = upload
        self._file = path.open("xb")

    def write(self, data: memoryview) -> None:
        self._file.write(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        self._file.close()

    def finish(self) -> None:
        self.close()
        if self._nothing_chosen and not self.size_bytes:  # how a browser sends a form in which no file was chosen
            self._path.unlink()
        else:
            self._upload.videos.append((self.name, self._path))


class _TextPart:
    def __init__(self, name: str, upload: Upload) -> None:
        self.name = name
        self._upload = upload
        self._data = bytearray()

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def write(self, data: memoryview) -> None:
        self._data += data

    def finish(self) -> None:
        try:
            self._upload.texts[self.name] = self._data.decode("utf-8")
        except UnicodeDecodeError:
            raise _unusable(f"The field {self.name} is not UTF-8 text.") from None


def name_to_show(sent_name: str) -> str:
    """The name of a file as people see it, see ``display_name``, without the folders that some programs send."""
    return display_name(sent_name.replace("\\", "/").rpartition("/")[2])


async def _batches(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about ``_BATCH_BYTES``."""
    pieces: list[bytes] = []
    size_bytes = 0
    async for piece in request.stream():
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes >= _BATCH_BYTES:
            yield b"".join(pieces)
            pieces, size_bytes = [], 0
    yield b"".join(pieces)


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        found = kind.decode("latin-1")[:100] or "nothing"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Got {found}, expected multipart/form-data or JSON.")
    if not options.get(b"boundary"):
        raise _broken("its content type has no boundary")
    return options[b"boundary"]


def _unknown_field(name: str) -> str:
    return f'Unknown field "{name[:100]}"; {near_matches(name, (VIDEOS_FIELD, "params", "options", "name", "note"))}.'


def _broken(reason: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"The multipart form is broken ({reason}); send it again.")


def _unusable(detail: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _job_too_large(size_bytes: int, limits: Limits) -> TooLarge:
    return TooLarge(
        f"The upload has {size_bytes / 1e9:.1f} GB or more; the limit for a job is {limits.job_bytes / 1e9:g} GB. "
        "Submit several jobs."
    )
