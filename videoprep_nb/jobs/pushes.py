"""Results of finished jobs as projects of a CVAT server, pushed in the background."""

import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from videoprep_nb.core.errors import InputError, WrongState
from videoprep_nb.core.records import Record
from videoprep_nb.exports.push_to_cvat import CvatAccount, UploadState, push_backup
from videoprep_nb.jobs.background import BackgroundWork, Order, Progress
from videoprep_nb.jobs.exports import provide_format
from videoprep_nb.jobs.storage.folder import JobFolder

_NAME = "push"
_TITLE = "CVAT project"
_FORMAT = "cvat-backup"
_INTERRUPTED = "The push was interrupted; push again, it goes on where it stopped."


class PushState(StrEnum):
    """State of the project of a job."""

    NONE = "not pushed"
    WAITING = "waiting"
    UPLOADING = "uploading"
    IMPORTING = "being imported"
    PUSHED = "pushed"
    FAILED = "failed"

    @property
    def is_under_way(self) -> bool:
        """Whether the end is still to come."""
        return self in (PushState.WAITING, PushState.UPLOADING, PushState.IMPORTING)


@dataclass(frozen=True)
class JobPush:
    """The project of a job.

    Args:
        state: Its state; *waiting* is for other pushes or until the backup is written, *being imported* by CVAT.
        server: Address of the CVAT server.
        uploaded_bytes: How much of the backup the server has, while it is uploaded.
        total_bytes: Size of the backup, while it is uploaded.
        project: Address of the project, perhaps of an older one while another push is under way or after it failed;
            empty if there is none.
        is_outdated: Whether that project was made from a package that has been replaced since.
        problem: Why the last push failed, in one sentence; empty otherwise.
    """

    state: PushState
    server: str
    uploaded_bytes: int
    total_bytes: int
    project: str
    is_outdated: bool
    problem: str


class PushedProject(Record):
    """A project on a CVAT server.

    Args:
        server: Address of the server.
        address: Address of the project.
    """

    server: str
    address: str


class JobPushes:
    """The projects of all jobs of a service.

    Args:
        background: What pushes them; nothing else waits for that, because a slow server can take hours.
        account: Where they are created, and with whose rights.
    """

    def __init__(self, background: BackgroundWork, account: CvatAccount) -> None:
        self._background = background
        self._account = account
        self._closing = threading.Event()
        self._uploads: dict[str, tuple[int, int]] = {}
        """Bytes that the server has, and all, by job; of the push that is under way."""

    def of(self, job_id: str) -> JobPush:
        """The project of a job.

        Args:
            job_id: A job that has ended.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._background.ended(job_id)
        progress = self._background.progress(job_id, _NAME)
        project = self._project(folder)
        uploaded, total = self._uploads.get(job_id, (0, 0))
        state, problem = self._state(folder, progress, bool(project), uploaded, total)
        return JobPush(
            state=state,
            server=self._account.server,
            uploaded_bytes=uploaded,
            total_bytes=total,
            project=project,
            is_outdated=bool(project) and folder.is_of_older_package(folder.cvat_project),
            problem=problem,
        )

    def start(self, job_id: str) -> None:
        """Create a project in the background, from the backup that the job has or from one that is written for it.

        An upload that was cut goes on where it stopped.

        Args:
            job_id: A job that has ended.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, or is being pushed.
            NoRoom: The disk is too full.
        """
        folder = self._background.ended(job_id)
        self._background.check_room(folder.package.stat().st_size, _TITLE)
        self._background.start(Order(job_id, _NAME, _TITLE, self._push, folder.cvat_project))

    def close(self) -> None:
        """Stop a push that is under way at the next byte that moves."""
        self._closing.set()

    def _state(
        self, folder: JobFolder, progress: Progress, has_project: bool, uploaded: int, total: int
    ) -> tuple[PushState, str]:
        """The state, and the problem if there is one."""
        if progress.is_running:
            under_way = PushState.IMPORTING if uploaded == total else PushState.UPLOADING
            return under_way if total else PushState.WAITING, ""
        if progress.problem:
            return PushState.FAILED, progress.problem
        if self._is_interrupted(folder):
            return PushState.FAILED, _INTERRUPTED
        return PushState.PUSHED if has_project else PushState.NONE, ""

    def _is_interrupted(self, folder: JobFolder) -> bool:
        """Whether a service that stopped has left half an upload."""
        try:
            server = UploadState.read(folder.cvat_upload).server
        except InputError:  # there is none, or nobody can go on with it
            return False
        return server == self._account.server and not folder.is_of_older_package(folder.cvat_upload)

    def _project(self, folder: JobFolder) -> str:
        """Address of the project on this server; empty if there is none."""
        try:
            found = PushedProject.read(folder.cvat_project)
        except InputError:
            return ""
        return found.address if found.server == self._account.server else ""

    def _push(self, folder: JobFolder, target: Path) -> None:
        job_id = folder.path.name
        backup = target.with_name("cvat_backup.zip")
        provide_format(_FORMAT, folder, backup)  # equal results give equal bytes, so an upload can go on

        def note(uploaded: int, total: int) -> None:
            if self._closing.is_set():
                raise WrongState("The service is stopping.")
            self._background.ended(job_id)  # the job may have been deleted, or run again
            self._uploads[job_id] = uploaded, total

        server, token = self._account.server, self._account.read_token()
        try:
            address = push_backup(backup, server, token, folder.cvat_upload, note)
        finally:
            self._uploads.pop(job_id, None)
        PushedProject(server=server, address=address).write(target)
