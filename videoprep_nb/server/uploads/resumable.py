"""Uploads that may be cut off and go on later, also after a restart of the service; a folder each in the workspace."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

from pydantic import AwareDatetime

from videoprep_nb.core.errors import InputError, NoSuchUpload, ParameterError, TooLarge, WrongState
from videoprep_nb.core.file_names import ShownName
from videoprep_nb.core.layout import link_or_copy, staged_folder
from videoprep_nb.core.records import Record
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import is_upload_name
from videoprep_nb.server.problems import Refused

_INFO = "upload.json"
_CONTENT = "content.bin"
_CLAIMED = "claimed.bin"


class UploadInfo(Record):
    """What is known of an upload from its beginning.

    Args:
        upload_id: Its id; it cannot be guessed.
        owner: Id of the user whose it is.
        name: Name of the file, for people; never a path.
        size_bytes: How large it is going to be.
        created_at: When it began.
    """

    upload_id: str
    owner: str
    name: ShownName
    size_bytes: int
    created_at: AwareDatetime


@dataclass(frozen=True)
class ResumableUpload:
    """An upload as it is now.

    Args:
        info: What is known from its beginning.
        path: The file with what has arrived.
        offset: Bytes that have arrived.
    """

    info: UploadInfo
    path: Path
    offset: int

    @property
    def is_complete(self) -> bool:
        """Whether all of it has arrived."""
        return self.offset == self.info.size_bytes


class UserUploads:
    """The uploads of a user; nobody else can reach them, admins neither.

    Args:
        service: The service that they lie in.
        owner: Id of the user.
    """

    def __init__(self, service: Service, owner: str) -> None:
        self._service = service
        self._owner = owner

    def create(self, name: str, size_bytes: int) -> UploadInfo:
        """Begin an upload.

        Args:
            name: Name to show.
            size_bytes: How large it is going to be.

        Raises:
            TooLarge: It is larger than the service takes, or so are all uploads of the user together.
            Refused: The user has too many uploads.
            LimitExceeded: There is no room for it now, beside what else the user has announced.
        """
        return self._create(name, size_bytes, Path.touch)

    def take_over(self, name: str, file: Path) -> UploadInfo:
        """Make an upload that has arrived of a file in the workspace, which stays: both names share its bytes.

        Args:
            name: Name to show.
            file: The file; nobody writes to it any more.

        Raises:
            TooLarge: It is larger than the service takes, or so are all uploads of the user together.
            Refused: The user has too many uploads.
            LimitExceeded: There is no room for it.
        """
        return self._create(name, file.stat().st_size, partial(link_or_copy, file))

    def _create(self, name: str, size_bytes: int, fill: Callable[[Path], None]) -> UploadInfo:
        with self._service.admission.lock:
            self._check(name, size_bytes)
            folder = self._service.workspace.new_upload_path()
            info = UploadInfo(
                upload_id=folder.name, owner=self._owner, name=name, size_bytes=size_bytes, created_at=datetime.now(UTC)
            )
            with staged_folder(folder) as staging:
                fill(staging / _CONTENT)
                info.write(staging / _INFO)
        return info

    def _check(self, name: str, size_bytes: int) -> None:
        """Check that another upload of the user can be taken on."""
        limits = self._service.limits
        if size_bytes > limits.file_bytes:
            raise TooLarge(
                f"{name} has {size_bytes / 1e9:.1f} GB, at most {limits.file_bytes / 1e9:g} GB are taken for one "
                "video; cut it into shorter ones."
            )
        own = self.all()
        if len(own) >= limits.videos:
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"You have {len(own)} uploads that no job uses, which is the limit; start a job with them or "
                "remove some.",
            )
        own_bytes = sum(upload.info.size_bytes for upload in own)
        if own_bytes + size_bytes > limits.job_bytes:
            raise TooLarge(
                f"With {name} your uploads have {(own_bytes + size_bytes) / 1e9:.1f} GB, at most "
                f"{limits.job_bytes / 1e9:g} GB are taken for one job; start a job with those that are there first."
            )
        # what others have announced may never come; should the disk fill up, the last piece waits until there is room
        to_come_bytes = size_bytes + sum(upload.info.size_bytes - upload.offset for upload in own)
        self._service.admission.check_room(to_come_bytes, self._owner, to_come_bytes)

    def get(self, upload_id: str) -> ResumableUpload:
        """An upload of the user.

        Raises:
            NoSuchUpload: There is none, or it is somebody else's.
        """
        upload = _read(self._folder(upload_id)) if is_upload_name(upload_id) else None
        if upload is None or upload.info.owner != self._owner:
            raise NoSuchUpload(f"Unknown upload {upload_id[:100]!r}; it may have been removed. Upload the file again.")
        return upload

    def all(self) -> list[ResumableUpload]:
        """The uploads of the user that no job has taken, oldest first."""
        own = [upload for upload in self._everything() if upload.info.owner == self._owner]
        return sorted(own, key=lambda upload: upload.info.created_at)

    def remove(self, upload_id: str) -> None:
        """Delete an upload.

        Raises:
            NoSuchUpload: There is none, or it is somebody else's.
        """
        remove_tree(self._service.workspace, self.get(upload_id).path.parent)

    @contextmanager
    def claimed(self, upload_ids: Sequence[str], field: str = "videos") -> Iterator[dict[str, tuple[str, Path]]]:
        """Take uploads for a job, so that no other job can take them; if that fails they are as before.

        Args:
            upload_ids: The uploads.
            field: The parameter that names them.

        Yields:
            Name and file of each, by id. What the block has moved away is gone afterwards.

        Raises:
            NoSuchUpload: There is no such upload, or it is somebody else's.
            WrongState: It has not arrived in full.
            ParameterError: One is named twice.
        """
        if len(set(upload_ids)) < len(upload_ids):
            raise ParameterError(field, "the same upload is named twice; name each once")
        with ExitStack() as stack:
            yield {upload_id: stack.enter_context(self._claimed(upload_id)) for upload_id in upload_ids}

    @contextmanager
    def _claimed(self, upload_id: str) -> Iterator[tuple[str, Path]]:
        upload = self.get(upload_id)
        if not upload.is_complete:
            raise WrongState(
                f"The upload of {upload.info.name} is not complete ({upload.offset} of {upload.info.size_bytes} "
                "bytes); wait for it."
            )
        claimed = upload.path.with_name(_CLAIMED)
        try:
            upload.path.rename(claimed)
        except FileNotFoundError:  # another job was faster
            raise NoSuchUpload(f"{upload.info.name} belongs to another job now; upload the file again.") from None
        try:
            yield upload.info.name, claimed
        finally:
            if claimed.exists():
                claimed.rename(upload.path)
            else:
                remove_tree(self._service.workspace, upload.path.parent)

    def _everything(self) -> list[ResumableUpload]:
        found = (_read(self._folder(path.name)) for path in self._service.workspace.uploads_dir.iterdir())
        return [upload for upload in found if upload]

    def _folder(self, upload_id: str) -> Path:
        return self._service.workspace.uploads_dir / upload_id


def give_back_claims(uploads_dir: Path) -> None:
    """Give uploads back to their owners that were claimed by a service which was killed before it had made the job.

    Args:
        uploads_dir: The folder of the uploads, of a workspace that is locked.
    """
    for claimed in uploads_dir.glob(f"*/{_CLAIMED}"):
        claimed.rename(claimed.with_name(_CONTENT))


def _read(folder: Path) -> ResumableUpload | None:
    """The upload in a folder; None when there is none, or a job has taken it."""
    content = folder / _CONTENT
    try:
        return ResumableUpload(UploadInfo.read(folder / _INFO), content, content.stat().st_size)
    except (InputError, FileNotFoundError, NotADirectoryError):
        return None
