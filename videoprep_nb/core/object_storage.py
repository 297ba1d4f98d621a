"""Objects in a storage that speaks S3: how files are fetched from there and uploaded.

No other module knows the library: obstore, which is one wheel without dependencies. It signs requests,
repeats those that fail, and aborts a multipart upload that cannot be finished. Its fsspec interface holds a whole file
in memory and reads no ranges under a condition, so the functions below it are called.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from videoprep_nb.core.errors import InputError, NoRoom, StorageError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.object_address import SCHEME, ObjectAddress

if TYPE_CHECKING:
    from obstore.store import S3Store

Report = Callable[[int, int], None]
"""Called with how many bytes have passed, and of how many."""

_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[^\s?#@]*)?")
_RANGE_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_PART_BYTES = 16 * 1024 * 1024
_MAX_PARTS = 9000  # S3 takes 10,000
_PARTS_AT_ONCE = 4
_FILES_AT_ONCE = 8
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between tries that brought nothing; each of their requests is repeated by the library, too."""
_REPEATS = 3
_CODE = re.compile(r"<Code>(\w{1,100})</Code>")
_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]{1,40})")
_METADATA_SERVICE = "169.254.169.254"
"""Where machines in a cloud ask for credentials, which the library does when no others are set."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ObjectInfo:
    """What the storage says of an object.

    Args:
        address: Where it lies.
        size_bytes: Its size.
        version: What changes with its content: its entity tag.
    """

    address: ObjectAddress
    size_bytes: int
    version: str | None


@dataclass(frozen=True)
class Listing:
    """What lies below an address.

    Args:
        folders: The names that have something below them.
        objects: The objects.
    """

    folders: Sequence[str]
    objects: Sequence[ObjectInfo]


def describe(address: ObjectAddress) -> ObjectInfo:
    """Ask for an object.

    Raises:
        InputError: There is none.
        StorageError: The storage refuses or does not answer.
    """
    import obstore

    store = _store(address)
    if not address.key:
        raise InputError(f"{address} is a bucket; name an object in it.")
    try:
        with _errors_of(address):
            found = obstore.head(store, address.key)
    except FileNotFoundError:
        list_below(address)  # which knows whether there is such a bucket
        raise InputError(f"{address}: there is no such object; name one that exists.") from None
    return ObjectInfo(address, found["size"], found["e_tag"])


def list_below(address: ObjectAddress) -> Listing:
    """What lies directly below an address; nothing where there is no such key.

    Raises:
        InputError: There is no such bucket.
        StorageError: The storage refuses or does not answer.
    """
    import obstore

    store = _store(address)
    with _errors_of(address):
        found = obstore.list_with_delimiter(store, address.key or None)
    skip = len(address.key) + 1 if address.key else 0
    objects = [
        ObjectInfo(ObjectAddress(address.bucket, each["path"]), each["size"], each["e_tag"])
        for each in found["objects"]
    ]
    return Listing(sorted(path[skip:] for path in found["common_prefixes"]), objects)


def check_is_empty(address: ObjectAddress) -> None:
    """Check that nothing lies below an address, and that the storage answers.

    Raises:
        InputError: Something does, or there is no such bucket.
        StorageError: The storage refuses or does not answer.
    """
    found = list_below(address)
    if found.folders or found.objects:
        raise InputError(f"{address} is not empty; give a new address for the results.")


def fetch(address: ObjectAddress, target: Path, report: Report) -> None:
    """Fetch an object to a file, which appears under its name when it is complete.

    Raises:
        InputError: There is none, or it changes meanwhile.
        StorageError: The storage refuses or does not answer any more.
        NoRoom: The disk has not enough room for it.
    """
    info = describe(address)
    target.parent.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(target.parent).free
    if info.size_bytes > free_bytes:
        raise NoRoom(
            f"{address} has {info.size_bytes / 1e9:.1f} GB, {free_bytes / 1e9:.1f} GB are free in {target.parent}; "
            "free some space."
        )
    with staged_file(target) as staging, staging.open("wb") as file:
        fetch_rest(info, file, report)


def fetch_rest(info: ObjectInfo, file: BinaryIO, report: Report) -> None:
    """Fetch what a file does not have yet of an object.

    Each range is asked for only if the object is still the same; where a connection is cut, the rest is asked for.

    Args:
        info: The object, as it was when its first bytes were fetched.
        file: Stands behind what it has.
        report: Called after each piece; what it raises ends the fetching.

    Raises:
        InputError: The object has changed or is gone.
        StorageError: The storage refuses or does not answer any more.
    """
    store = _store(info.address)
    report(file.tell(), info.size_bytes)

    def fetch_range() -> None:
        start = file.tell()
        for piece in _pieces_of(store, info, start, min(start + _RANGE_BYTES, info.size_bytes)):
            file.write(piece)
            report(file.tell(), info.size_bytes)

    while file.tell() < info.size_bytes:
        _persistently(fetch_range, file.tell)


def _pieces_of(store: "S3Store", info: ObjectInfo, start: int, end: int) -> Iterator[memoryview]:
    import obstore
    from obstore.exceptions import PreconditionError

    try:
        with _errors_of(info.address):
            found = obstore.get(store, info.address.key, options={"range": (start, end), "if_match": info.version})
            meta = found.meta
            # not every storage knows the condition
            if (meta["e_tag"], meta["size"]) != (info.version, info.size_bytes):
                raise PreconditionError
        pieces = iter(found.stream(min_chunk_size=_PIECE_BYTES))
        while True:
            with _errors_of(info.address):
                piece = next(pieces, None)
            if piece is None:
                return
            yield memoryview(piece)
    except (PreconditionError, FileNotFoundError):
        raise InputError(
            f"{info.address} has changed or was deleted while it was fetched; try again when nobody writes to it."
        ) from None


def upload_folder(folder: Path, address: ObjectAddress, last: Sequence[str], report: Report) -> None:
    """Upload all files of a folder; each appears under its name when it is complete.

    Args:
        folder: The folder.
        address: Below which its files go.
        last: Paths in the folder, of what is uploaded behind everything else, in this order.
        report: Called with how many bytes have passed, of how many; from several threads.

    Raises:
        StorageError: The storage refuses or does not answer any more.
        InputError: There is no such bucket, or a file has a name that a key cannot have.
    """
    paths = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    targets = {path: address.child(path) for path in paths}
    uploads = _Uploads(folder, sum((folder / path).stat().st_size for path in paths), report)
    groups = [[path for path in paths if path not in last], *([path] for path in last if path in targets)]
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        try:
            for group in groups:
                jobs = [pool.submit(uploads.upload, path, targets[path]) for path in group]
                for done in wait(jobs, return_when=FIRST_EXCEPTION).done:
                    done.result()
        except BaseException:
            uploads.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Uploads:
    """Uploads the files of a folder, and counts."""

    def __init__(self, folder: Path, total_bytes: int, report: Report) -> None:
        self._folder = folder
        self._total_bytes = total_bytes
        self._report = report
        self._sent_bytes = 0
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()

    def stop(self) -> None:
        """End what is under way; the library aborts multipart uploads whose content ends with an error."""
        self._is_stopped.set()

    def upload(self, path: str, address: ObjectAddress) -> None:
        import obstore

        store = _store(address)
        file = self._folder / path
        size_bytes = file.stat().st_size
        part_bytes = max(_PART_BYTES, size_bytes // _MAX_PARTS)

        def put() -> None:
            with _errors_of(address):
                if size_bytes <= part_bytes:
                    obstore.put(store, address.key, file.read_bytes(), use_multipart=False)
                else:
                    content = self._pieces(file)
                    obstore.put(store, address.key, content, chunk_size=part_bytes, max_concurrency=_PARTS_AT_ONCE)

        try:
            _persistently(put, lambda: 0)
        except FileNotFoundError:
            list_below(address)  # which knows whether there is such a bucket
            raise StorageError(f"{address}: the storage does not take it (not found); check the address.") from None
        self._count(size_bytes)

    def _pieces(self, file: Path) -> Iterator[bytes]:
        with file.open("rb") as content:
            while piece := content.read(_PIECE_BYTES):
                if self._is_stopped.is_set():
                    raise InterruptedError("the upload was stopped")
                yield piece

    def _count(self, size_bytes: int) -> None:
        with self._lock:
            self._sent_bytes += size_bytes
            self._report(self._sent_bytes, self._total_bytes)


class _Cut(StorageError):
    """The storage did not answer, or a connection was cut; trying again may help."""


def _persistently(work: Callable[[], _Result], progress: Callable[[], int]) -> _Result:
    """Do something until it succeeds, or has failed several times in a row without progress."""
    failures = 0
    while True:
        before = progress()
        try:
            return work()
        except _Cut:
            failures = 1 if progress() != before else failures + 1
            if failures > len(_PAUSES_S):
                raise
            time.sleep(_PAUSES_S[failures - 1])


def _store(address: ObjectAddress) -> "S3Store":
    """The bucket, with what the environment says: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and so on."""
    try:
        from obstore.store import S3Store
    except ImportError:
        raise InputError(f"{SCHEME} addresses need obstore; pip install 'videoprep-nb[s3]'.") from None
    endpoint = _endpoint()
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        raise InputError("Got an odd AWS_ENDPOINT_URL, expected a URL such as https://storage.example.com:9000.")
    try:
        return S3Store(
            address.bucket,
            # a storage of your own may speak plain HTTP, where its address says so
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": timedelta(minutes=5)},
            retry_config={"max_retries": _REPEATS, "retry_timeout": timedelta(minutes=2)},
            config={"endpoint": endpoint} if endpoint else None,
        )
    except Exception:  # its message may show what is set
        raise InputError(
            "The storage cannot be used; check AWS_ENDPOINT_URL, AWS_REGION and the other AWS_ variables."
        ) from None


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


@contextmanager
def _errors_of(address: ObjectAddress) -> Iterator[None]:
    """Turn the errors of the library into sentences; what storages answer may show credentials, and is left out."""
    from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

    try:
        yield
    except PreconditionError:
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageError(
            f"{address}: the storage refuses access ({_reason(error)}); check AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and what they may do."
        ) from None
    except BaseError as error:
        raise _error_for(address, error) from None


def _error_for(address: ObjectAddress, error: Exception) -> Exception:
    text, where = str(error), _endpoint() or "Amazon S3"
    reason = _reason(error)
    if reason == "NoSuchBucket":
        return InputError(f"{address}: there is no bucket {address.bucket} at {where}; check AWS_ENDPOINT_URL.")
    if _METADATA_SERVICE in text:
        return StorageError(f"{address}: no credentials are set; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    if reason in ("PermanentRedirect", "AuthorizationHeaderMalformed", "301 Moved Permanently"):
        return StorageError(f"{address}: the bucket lies in another region ({reason}); set AWS_REGION.")
    if status := re.match(r"4\d\d", reason):
        return StorageError(f"{address}: {where} refuses the request ({status[0]}); check the address and AWS_REGION.")
    return _Cut(f"{address}: no connection to {where} ({reason}); check AWS_ENDPOINT_URL, or try again later.")


def _reason(error: Exception) -> str:
    """The code that S3 gives for an error, or its status; nothing else of what was answered."""
    text = str(error)
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1].strip() if found else "the connection was cut or never made"
