"""What is made of ended jobs in the background: one thing at a time, owners in turn, and whole or not at all."""

import logging
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import NoRoom, NoSuchJob, VideoPrepError, WrongState
from videoprep_nb.core.layout import STAGING_PREFIX, sync, sync_tree
from videoprep_nb.core.turns import Turns
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.rows import JobRow

_STAGING_PREFIX = f"{STAGING_PREFIX}background-"
PACKAGE_ORDER = "package"
"""Name of every order that replaces the package of a job; a job has one of them at a time."""
_INTERNAL_ERROR = "Internal error; see the log of the service."

_Identity = tuple[int, int]
"""Differs after a package was replaced."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """Something to make of an ended job.

    Args:
        job_id: The job.
        name: What it is; a job has one of each name.
        title: The same for people.
        make: Makes it, given the folder of the job and the name of the file or folder to write.
        place: Where it goes when it is complete; what lies there is replaced.
    """

    job_id: str
    name: str
    title: str
    make: Callable[[JobFolder, Path], None]
    place: Path

    @property
    def key(self) -> tuple[str, str]:
        """What no other order has at the same time."""
        return self.job_id, self.name


@dataclass(frozen=True)
class Progress:
    """How far an order is.

    Args:
        is_running: Whether it is being made, or waits for others.
        problem: Why the last attempt failed, in one sentence; empty if it did not.
    """

    is_running: bool
    problem: str


class BackgroundWork:
    """The thread that makes things of ended jobs; what is not made yet is forgotten when the service stops.

    Args:
        workspace: The workspace of the service.
        find_package: The package of a job; raises NoSuchJob if it has none.
        row_of: A job; raises NoSuchJob if there is none.
        exclusively: Does something while no job changes.
        free_bytes: Room that must stay free on the disk.
        measure: Notes that the files of a job have changed.
    """

    def __init__(
        self,
        workspace: Workspace,
        find_package: Callable[[str], Path],
        row_of: Callable[[str], JobRow],
        exclusively: Callable[[Callable[[], None]], None],
        free_bytes: int,
        measure: Callable[[str], None],
    ) -> None:
        self.workspace = workspace
        self._find_package = find_package
        self._row_of = row_of
        self._exclusively = exclusively
        self._free_bytes = free_bytes
        self._measure = measure
        self._lock = threading.Condition()
        self._is_closed = False
        self._turns = Turns()
        self._waiting: dict[str, deque[tuple[Order, _Identity]]] = {}
        self._running: set[tuple[str, str]] = set()
        self._problems: dict[tuple[str, str], tuple[_Identity, str]] = {}
        self._thread: threading.Thread | None = None
        for leftover in workspace.path.glob(f"{STAGING_PREFIX}*"):  # of a service that was killed
            remove_tree(workspace, leftover)

    def folder(self, job_id: str) -> JobFolder:
        """The folder of a job with a package.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
        """
        return JobFolder(self._find_package(job_id).parent)

    def ended(self, job_id: str) -> JobFolder:
        """The folder of an ended job with a package.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        row = self._row_of(job_id)
        if row.state not in ENDED:
            raise WrongState(f"{row.title} is {row.state}; this is possible when it has ended.")
        return self.folder(job_id)

    def check_room(self, size_bytes: int, title: str) -> None:
        """Check that the disk has room for something.

        Raises:
            NoRoom: It is too full.
        """
        needed = self._free_bytes + size_bytes
        free = shutil.disk_usage(self.workspace.path).free
        if free < needed:
            raise NoRoom(
                f"{title}: up to {needed / 1e9:.2f} GB of disk space are needed, {free / 1e9:.2f} GB are free; "
                "delete jobs that are no longer needed, or ask for more room."
            )

    def start(self, order: Order) -> None:
        """Make something in the background.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, or the same is being made.
        """
        package = _identity(self.ended(order.job_id).package)
        owner = self._row_of(order.job_id).owner
        with self._lock:
            if order.key in self._running:
                raise WrongState(f"{order.title} is being written already; wait until it is there.")
            self._problems.pop(order.key, None)
            self._running.add(order.key)
            self._waiting.setdefault(owner, deque()).append((order, package))
            self._lock.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()

    def progress(self, job_id: str, name: str) -> Progress:
        """How far an order is; a problem with a package that was replaced since is forgotten.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
        """
        package = _identity(self._find_package(job_id))
        with self._lock:
            is_running = (job_id, name) in self._running
            problem_of, problem = self._problems.get((job_id, name), (None, ""))
        return Progress(is_running, problem if problem_of == package and not is_running else "")

    def close(self) -> None:
        """Forget what is not made yet; the thread dies with its process, and its half-written file has no name."""
        with self._lock:
            self._running.clear()
            self._is_closed = True
            self._lock.notify()

    def _next(self) -> tuple[Order, _Identity] | None:
        """Wait for the next order; None when there will be no more."""
        with self._lock:
            self._lock.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            owner = self._turns.take(self._waiting, running={})
            ordered = self._waiting[owner].popleft()
            if not self._waiting[owner]:
                del self._waiting[owner]
            return ordered

    def _work(self) -> None:
        while ordered := self._next():
            order, package = ordered
            problem = self._make(order, package)
            with self._lock:
                self._running.discard(order.key)
                if problem:
                    self._problems[order.key] = package, problem

    def _make(self, order: Order, package: _Identity) -> str:
        """Make and publish something.

        Returns:
            Why that failed; empty if it did not.
        """
        try:
            # not in the folder of the job, which may be deleted or replaced meanwhile
            with tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=self.workspace.path) as staging:
                made = Path(staging) / order.place.name
                order.make(self.workspace.job_folder(order.job_id), made)
                self._exclusively(lambda: self._publish(order, package, made))
        except VideoPrepError as error:
            return str(error)
        except Exception:
            _log.exception("%s of job %s failed.", order.title, order.job_id)
            return _INTERNAL_ERROR
        return ""

    def _publish(self, order: Order, package: _Identity, made: Path) -> None:
        if not self._is_current(order, package):
            return  # the job was deleted or runs again
        order.place.parent.mkdir(exist_ok=True)
        if order.place.is_dir():  # only a file replaces its like
            order.place.replace(made.with_name(f"older {made.name}"))
        sync_tree(made)
        made.replace(order.place)
        sync(order.place.parent)
        self._measure(order.job_id)

    def _is_current(self, order: Order, package: _Identity) -> bool:
        """Whether the job still has the package that something was ordered for."""
        try:
            return _identity(self.ended(order.job_id).package) == package
        except (NoSuchJob, WrongState, OSError):
            return False


def _identity(package: Path) -> _Identity:
    stat = package.stat()
    return stat.st_ino, stat.st_mtime_ns
