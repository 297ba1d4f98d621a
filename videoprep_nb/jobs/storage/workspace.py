"""The folder of one service: where the database, the jobs and the uploads lie, and who may use it."""

import fcntl
import logging
import os
import re
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videoprep_nb.core.errors import InputError, NoSuchJob
from videoprep_nb.jobs.storage.folder import JobFolder

WORKSPACE_VARIABLE = "VIDEOPREP_WORKSPACE"
"""Environment variable of every process that works for a service; its value is the path of the workspace."""

_PRIVATE, _OTHERS = 0o700, 0o077
_log = logging.getLogger(__name__)

# written with 0-9 because \d also matches the digits of other scripts
_JOB_ID = re.compile(r"[0-9]{8}-[0-9a-f]{16}")
_UPLOAD_NAME = re.compile(r"[0-9a-f]{32}")
_REPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.(ipynb|html)")


class Workspace:
    """The folder of one service.

    Args:
        path: The folder. It may be a link; the folders inside may not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.locked = False

    @property
    def database(self) -> Path:
        """The store."""
        return self.path / "jobs.sqlite"

    @property
    def jobs_dir(self) -> Path:
        """One folder per job."""
        return self.path / "jobs"

    @property
    def uploads_dir(self) -> Path:
        """One folder per upload that no job has taken yet."""
        return self.path / "uploads"

    @property
    def lost_dir(self) -> Path:
        """What lay among the jobs and could not be made out, for an administrator to examine."""
        return self.path / "lost+found"

    @property
    def logs_dir(self) -> Path:
        """What requests did, and who logged in: written by the server, kept whatever becomes of the jobs."""
        return self.path / "logs"

    @property
    def clock_file(self) -> Path:
        """What the service knows of the time, see ``TrustedClock``."""
        return self.path / "clock.json"

    @property
    def _lock_file(self) -> Path:
        return self.path / "service.lock"

    def job_paths(self) -> list[Path]:
        """Everything among the jobs that has the name of one; links are not followed."""
        folder = self.jobs_dir
        return (
            sorted(path for path in folder.iterdir() if _JOB_ID.fullmatch(path.name)) if is_real_folder(folder) else []
        )

    def job_folder(self, job_id: str) -> JobFolder:
        """The folder of a job, which need not exist.

        Raises:
            NoSuchJob: The id is not one that we give out.
        """
        check_job_id(job_id)
        return JobFolder(self.jobs_dir / job_id)

    def report_path(self, job_id: str, name: str) -> Path | None:
        """A report of a job; None when it has no such report, also when the name leads elsewhere, or to a link.

        Args:
            job_id: The job.
            name: Its file name, such as ``04_track_persons_1.html``.
        """
        reports = self.job_folder(job_id).reports
        if _REPORT_NAME.fullmatch(name):
            path = reports / name
            if path.is_file() and path.resolve() == path:
                return path
        return None

    def new_upload_path(self) -> Path:
        """A name that cannot be guessed for the folder of one upload, on the same disk as the jobs."""
        return self.uploads_dir / secrets.token_hex(16)

    def used_bytes(self, job_id: str) -> int:
        """Size of all files of a job in bytes, 0 when it has none; files may come and go meanwhile."""
        stats = tree_stats(self.job_folder(job_id).path)
        return sum(entry.st_size for entry in stats if not stat.S_ISDIR(entry.st_mode))

    def user(self) -> str:
        """The service that uses the workspace, such as ``process 12 on server``; empty when none does.

        Raises:
            OSError: It cannot be found out.
        """
        try:
            with _opened_folder(self.path) as folder:
                _lock_folder(folder, fcntl.LOCK_SH)
                with self._lock_file.open(encoding="utf-8") as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            name = self._lock_file.read_text(encoding="utf-8") if self._lock_file.exists() else ""
            return name or "an unknown process"
        except FileNotFoundError:
            pass
        return ""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other service out of the workspace, and other users too; its folders are made when missing.

        Locked are the folder itself, which stays whatever is deleted in it, and a file, as some file systems of the
        network lock no folders. The kernel gives the locks up when this process ends, however it ends. Processes
        started by exec do not inherit them.

        Raises:
            InputError: Another service holds the lock, or the folder cannot be written to.
        """
        try:
            self.jobs_dir.mkdir(parents=True, exist_ok=True)
            self.uploads_dir.mkdir(exist_ok=True)
            self._keep_private()
            file = self._lock_file.open("a+", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{self.path} cannot be used as a workspace ({error.strerror}).") from error
        with file, _opened_folder(self.path) as folder:
            try:
                _lock_folder(folder, fcntl.LOCK_EX)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise InputError(
                    f"The workspace {self.path} is used by another service ({file.read() or 'just starting'}); "
                    "stop that one, or give another workspace."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            self.locked = True
            try:
                yield
            finally:
                self.locked = False

    def _keep_private(self) -> None:
        """Let nobody else into the folder, and so to nothing in it; workspaces of older versions were open."""
        if not self.path.stat().st_mode & _OTHERS:
            return
        try:
            self.path.chmod(_PRIVATE)
        except PermissionError:
            _log.warning("%s belongs to another user and is open to others; chmod 700 it.", self.path)


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock_folder(descriptor: int, kind: int) -> None:
    """Lock a folder, where the file system can.

    Raises:
        BlockingIOError: Another process has locked it.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # NFS wants a file that is open for writing
        return


def check_job_id(job_id: str) -> None:
    """Check that a text is a job id, before any path is made of it.

    Raises:
        NoSuchJob: It is not.
    """
    if not _JOB_ID.fullmatch(job_id):
        raise NoSuchJob(f"There is no job {job_id[:100]!r}; a job id looks like 20260131-0123456789abcdef.")


def is_upload_name(name: str) -> bool:
    """Whether a name is one that ``Workspace.new_upload_path`` gives."""
    return _UPLOAD_NAME.fullmatch(name) is not None


def is_real_folder(path: Path) -> bool:
    """Whether a path is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def tree_stats(path: Path) -> Iterator[os.stat_result]:
    """What the disk says about a file, or about everything below a folder and the folder itself.

    Links are not followed. What vanishes meanwhile, or cannot be read, is left out.
    """
    try:
        yield path.lstat()
        entries = list(path.iterdir()) if path.is_dir() and not path.is_symlink() else []
    except OSError:
        return
    for entry in entries:
        yield from tree_stats(entry)


def disk_bytes(path: Path) -> int:
    """Room that a file, or everything below a folder, takes on the disk."""
    return sum(stats.st_blocks * 512 for stats in tree_stats(path))
