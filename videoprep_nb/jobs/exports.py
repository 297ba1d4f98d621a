"""Further formats of a finished job: what there is, and writing one in the background."""

import logging
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import InputError, NoRoom, NoSuchJob, ParameterError, VideoPrepError, WrongState
from videoprep_nb.core.layout import MANIFEST_NAME, PACKAGE_NAME, STAGING_PREFIX
from videoprep_nb.exports.base import Exporter, Need
from videoprep_nb.exports.registry import EXPORTERS, create_exporters
from videoprep_nb.jobs.models import ENDED, JobSpec, State
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace

_STAGING_PREFIX = f"{STAGING_PREFIX}export-"
_JOB_FILES = (PACKAGE_NAME, MANIFEST_NAME)
"""Files of every job that are formats as well; they lie beside the folder of the formats and are not written again."""
_INTERNAL_ERROR = "Internal error; see the log of the service."

_Identity = tuple[int, int]
"""Differs after a package was replaced."""

_log = logging.getLogger(__name__)


class ExportState(StrEnum):
    """State of one format of a job."""

    WRITTEN = "written"
    WRITING = "being written"
    FAILED = "failed"
    POSSIBLE = "not written"
    IMPOSSIBLE = "not possible"


@dataclass(frozen=True)
class JobExport:
    """One format of a job.

    Args:
        name: The format.
        title: Its name for people.
        help: What it is, in one line.
        state: Its state.
        file_name: The file that can be fetched, perhaps an older one while the format is written again; empty if there
            is none.
        size_bytes: Size of that file.
        problem: Why it failed or is not possible, in one sentence; empty otherwise.
    """

    name: str
    title: str
    help: str
    state: ExportState
    file_name: str = ""
    size_bytes: int = 0
    problem: str = ""


@dataclass(frozen=True)
class _Order:
    """A format to write, and the package that it was ordered for."""

    job_id: str
    exporter: Exporter
    package: _Identity

    @property
    def key(self) -> tuple[str, str]:
        return self.job_id, self.exporter.name


class JobExports:
    """The formats of all jobs of a service; they are written one at a time, and forgotten when the service stops.

    Args:
        workspace: The workspace of the service.
        find_package: The package of a job; raises NoSuchJob if it has none.
        state_of: The state of a job.
        exclusively: Does something while no job changes.
        free_bytes: Room that must stay free on the disk.
    """

    def __init__(
        self,
        workspace: Workspace,
        find_package: Callable[[str], Path],
        state_of: Callable[[str], State],
        exclusively: Callable[[Callable[[], None]], None],
        free_bytes: int,
    ) -> None:
        self._workspace = workspace
        self._find_package = find_package
        self._state_of = state_of
        self._exclusively = exclusively
        self._free_bytes = free_bytes
        self._lock = threading.Lock()
        self._orders: queue.Queue[_Order | None] = queue.Queue()
        self._writing: set[tuple[str, str]] = set()
        self._problems: dict[tuple[str, str], tuple[_Identity, str]] = {}
        self._thread: threading.Thread | None = None
        for leftover in workspace.path.glob(f"{_STAGING_PREFIX}*"):  # of a service that was killed
            remove_tree(workspace, leftover)

    def of(self, job_id: str) -> list[JobExport]:
        """Every format that is installed, with its state for a job.

        Args:
            job_id: A job that has ended.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._ended(job_id)
        provided = _provided_by(folder)
        return [self._export(job_id, folder, exporter(), provided) for exporter in EXPORTERS.values()]

    def start(
        self, job_id: str, name: str, labels: str = "", options: Mapping[str, str | float | bool] | None = None
    ) -> None:
        """Write a format in the background; one that is there already is replaced.

        Args:
            job_id: A job that has ended.
            name: The format.
            labels: Labels for annotators, as YAML; empty: those of the job.
            options: Options of the format by name; None for the defaults.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended or lacks what the format needs, or the format is being written.
            ParameterError: The format or an option is unknown, or a value is wrong.
            NoRoom: The disk is too full.
        """
        folder = self._ended(job_id)
        exporter = _exporter(name, labels or _labels_of(folder), options or {})
        if problem := _missing(exporter, _provided_by(folder)):
            raise WrongState(f"{exporter.title}: {problem}")
        if exporter.download_name in _JOB_FILES and _file_of(folder, exporter):
            return
        self._check_room(folder.package.stat().st_size)
        order = _Order(job_id, exporter, _identity(folder.package))
        with self._lock:
            if order.key in self._writing:
                raise WrongState(f"{exporter.title} is being written already; wait until it is there.")
            self._problems.pop(order.key, None)
            self._writing.add(order.key)
            self._orders.put(order)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="exports", daemon=True)
                self._thread.start()

    def path(self, job_id: str, file_name: str) -> Path:
        """The file of a format.

        Args:
            job_id: The job.
            file_name: The name of the file, as ``of`` gives it.

        Raises:
            NoSuchJob: There is no such job, or it has no such file.
        """
        folder = JobFolder(self._find_package(job_id).parent)
        for path in _files(folder):
            if path.name == file_name:
                return path
        raise NoSuchJob(f"Job {job_id} has no format in a file {file_name[:100]!r} (yet).")

    def close(self) -> None:
        """Forget what is not written yet; the thread dies with its process, and its half-written file has no name."""
        with self._lock:
            self._writing.clear()
            self._orders.put(None)

    def _ended(self, job_id: str) -> JobFolder:
        """The folder of an ended job with a package."""
        state = self._state_of(job_id)
        if state not in ENDED:
            raise WrongState(f"Job {job_id} is {state}; its formats can be written when it has ended.")
        return JobFolder(self._find_package(job_id).parent)

    def _export(self, job_id: str, folder: JobFolder, exporter: Exporter, provided: frozenset[Need]) -> JobExport:
        key = job_id, exporter.name
        file = _file_of(folder, exporter)
        with self._lock:
            is_being_written = key in self._writing
            problem_of, problem = self._problems.get(key, (None, ""))
        if is_being_written:
            state, problem = ExportState.WRITING, ""
        elif problem and problem_of == _identity(folder.package):
            state = ExportState.FAILED
        elif file:
            state, problem = ExportState.WRITTEN, ""
        else:
            problem = _missing(exporter, provided)
            state = ExportState.IMPOSSIBLE if problem else ExportState.POSSIBLE
        return JobExport(
            name=exporter.name,
            title=exporter.title,
            help=(type(exporter).__doc__ or "").partition("\n")[0],
            state=state,
            file_name=file.name if file else "",
            size_bytes=file.stat().st_size if file else 0,
            problem=problem,
        )

    def _check_room(self, package_bytes: int) -> None:
        needed = self._free_bytes + package_bytes
        free = shutil.disk_usage(self._workspace.path).free
        if free < needed:
            raise NoRoom(
                f"The format needs up to {needed / 1e9:.2f} GB of disk space, {free / 1e9:.2f} GB are free; "
                "delete jobs that are no longer needed, or ask for more room."
            )

    def _work(self) -> None:
        while order := self._orders.get():
            with self._lock:
                is_forgotten = order.key not in self._writing
            if is_forgotten:
                continue
            problem = self._write(order)
            with self._lock:
                self._writing.discard(order.key)
                if problem:
                    self._problems[order.key] = order.package, problem

    def _write(self, order: _Order) -> str:
        """Write and publish a format.

        Returns:
            Why that failed; empty if it did not.
        """
        from videoprep_nb.exports.result import open_result
        from videoprep_nb.exports.write_export import write_export

        folder = self._workspace.job_folder(order.job_id)
        try:
            # not in the folder of the job, which may be deleted or replaced meanwhile
            with tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=self._workspace.path) as staging:
                file = Path(staging) / order.exporter.download_name
                write_export(order.exporter, open_result(folder.path), file)
                self._exclusively(lambda: self._publish(order, folder, file))
        except VideoPrepError as error:
            return str(error)
        except Exception:
            _log.exception("Writing %s of job %s failed.", order.exporter.name, order.job_id)
            return _INTERNAL_ERROR
        return ""

    def _publish(self, order: _Order, folder: JobFolder, file: Path) -> None:
        if not self._is_current(order):
            return  # the job was deleted or runs again
        folder.exports.mkdir(exist_ok=True)
        file.replace(folder.exports / file.name)

    def _is_current(self, order: _Order) -> bool:
        """Whether the job still has the package that the format was ordered for."""
        try:
            return _identity(self._ended(order.job_id).package) == order.package
        except (NoSuchJob, WrongState, OSError):
            return False


def _exporter(name: str, labels: str, options: Mapping[str, Any]) -> Exporter:
    try:
        texts = [f"{name}.{option}:{value}" for option, value in options.items()]
        [exporter] = create_exporters([name], texts, labels, field="format")
    except ParameterError as error:
        raise ParameterError({"export_options": "options"}.get(error.field, error.field), error.reason) from None
    return exporter


def _labels_of(folder: JobFolder) -> str:
    """The labels that a job was given; none if nobody can read any more what it was given."""
    try:
        params = JobSpec.read(folder.spec).params
    except InputError:
        return ""
    texts = [getattr(of_stage, stage.labels_parameter) for stage, of_stage in params.each() if stage.labels_parameter]
    return next(filter(None, texts), "")


def _provided_by(folder: JobFolder) -> frozenset[Need]:
    from videoprep_nb.exports.result import provided_by  # needs numpy, which would delay the start of the command line

    return provided_by(folder.path)


def _missing(exporter: Exporter, provided: frozenset[Need]) -> str:
    """What a format needs and a job lacks, in a sentence; empty if nothing."""
    names = " and ".join(sorted(need.value for need in exporter.needs - provided))
    if not names:
        return ""
    return f"Needs {names}, which were not kept with this job; submit its videos again and choose this format."


def _file_of(folder: JobFolder, exporter: Exporter) -> Path | None:
    return next((path for path in _files(folder) if path.name == exporter.download_name), None)


def _files(folder: JobFolder) -> list[Path]:
    """The files of all formats."""
    written = folder.exports.iterdir() if folder.exports.is_dir() and not folder.exports.is_symlink() else ()
    files = [*(folder.path / name for name in _JOB_FILES), *written]
    return [
        path for path in files if path.is_file() and not path.is_symlink() and not path.name.startswith(STAGING_PREFIX)
    ]


def _identity(package: Path) -> _Identity:
    stat = package.stat()
    return stat.st_ino, stat.st_mtime_ns
