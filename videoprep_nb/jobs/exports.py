"""Further formats of a finished job: what there is, and writing one in the background."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import InputError, NoSuchJob, ParameterError, WrongState
from videoprep_nb.core.layout import MANIFEST_NAME, PACKAGE_NAME, STAGING_PREFIX, link_or_copy
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.registry import EXPORTERS, create_exporters
from videoprep_nb.jobs.background import BackgroundWork, Order
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.jobs.storage.folder import JobFolder

_JOB_FILES = (PACKAGE_NAME, MANIFEST_NAME)
"""Files of every job that are formats as well; they lie beside the folder of the formats and are not written again."""


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


class JobExports:
    """The formats of all jobs of a service.

    Args:
        background: What writes them.
    """

    def __init__(self, background: BackgroundWork) -> None:
        self._background = background

    def of(self, job_id: str) -> list[JobExport]:
        """Every format that is installed, with its state for a job.

        Args:
            job_id: A job that has ended.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._background.ended(job_id)
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
        folder = self._background.ended(job_id)
        exporter = _exporter(name, labels or _labels_of(folder), options or {})
        if problem := _missing(exporter, _provided_by(folder)):
            raise WrongState(f"{exporter.title}: {problem}")
        if exporter.download_name in _JOB_FILES and _file_of(folder, exporter):
            return
        self._background.check_room(folder.package.stat().st_size, exporter.title)
        place = folder.exports / exporter.download_name
        self._background.start(Order(job_id, _name(exporter), exporter.title, partial(_write, exporter), place))

    def path(self, job_id: str, file_name: str) -> Path:
        """The file of a format.

        Args:
            job_id: The job.
            file_name: The name of the file, as ``of`` gives it.

        Raises:
            NoSuchJob: There is no such job, or it has no such file.
        """
        folder = self._background.folder(job_id)
        for path in _files(folder):
            if path.name == file_name:
                return path
        raise NoSuchJob(f"Job {job_id} has no format in a file {file_name[:100]!r} (yet).")

    def _export(self, job_id: str, folder: JobFolder, exporter: Exporter, provided: frozenset[Need]) -> JobExport:
        file = _file_of(folder, exporter)
        progress = self._background.progress(job_id, _name(exporter))
        problem = progress.problem
        if progress.is_running:
            state = ExportState.WRITING
        elif problem:
            state = ExportState.FAILED
        elif file:
            state = ExportState.WRITTEN
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


def provide_format(name: str, folder: JobFolder, target: Path) -> None:
    """Give the file of a format a further name: the file that the job has, or one that is written with its labels.

    Args:
        name: The format.
        folder: The folder of the job.
        target: The further name; the file stays as it is when the format is written again.

    Raises:
        PackageError: It cannot be written.
    """
    exporter = _exporter(name, _labels_of(folder), {})
    if file := _file_of(folder, exporter):
        link_or_copy(file, target)
    else:
        _write(exporter, folder, target)


def _name(exporter: Exporter) -> str:
    """The name of an order to write a format."""
    return f"export {exporter.name}"


def _write(exporter: Exporter, folder: JobFolder, target: Path) -> None:
    from videoprep_nb.exports.result import open_result
    from videoprep_nb.exports.write_export import write_export

    write_export(exporter, open_result(folder.path), target)


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
    """The files of all formats; those that were written before the package was corrected are left out."""
    written = folder.exports.iterdir() if folder.exports.is_dir() and not folder.exports.is_symlink() else ()
    current = (path for path in written if not folder.is_of_older_package(path))
    files = [*(folder.path / name for name in _JOB_FILES), *current]
    return [
        path for path in files if path.is_file() and not path.is_symlink() and not path.name.startswith(STAGING_PREFIX)
    ]
