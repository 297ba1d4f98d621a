"""The way back of a finished job: uploaded exports of CVAT become training data, in the background."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.core.errors import InputError, NoSuchJob, ParameterError
from videoprep_nb.core.layout import disk_full_as_error
from videoprep_nb.jobs.background import BackgroundWork, Order
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.moved_files import moved_files
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE

_NAME = "annotations"
_TITLE = "Training data"
_REPORT_NAME = "report.html"
_TRAINING_NAME = "training.zip"
_TIMEOUT_S = 3600.0
_MAX_NAME_BYTES = 150
_LABELS_NAME = "labels.yaml"


class ImportState(StrEnum):
    """State of the annotations of a job."""

    NONE = "not imported"
    IMPORTING = "being imported"
    IMPORTED = "imported"
    FAILED = "failed"


@dataclass(frozen=True)
class JobImport:
    """The annotations of a job.

    Args:
        state: Their state.
        has_result: Whether there is training data, perhaps of an older import while a newer one is under way or
            after it failed.
        is_outdated: Whether that was made for a package that has been replaced since.
        problem: Why the last import failed, in one sentence; empty otherwise.
    """

    state: ImportState
    has_result: bool
    is_outdated: bool
    problem: str


class JobAnnotations:
    """The annotations of all jobs of a service.

    Args:
        background: What imports them.
    """

    def __init__(self, background: BackgroundWork) -> None:
        self._background = background
        self._process: subprocess.Popen[str] | None = None

    def of(self, job_id: str) -> JobImport:
        """The annotations of a job.

        Args:
            job_id: A job that has ended.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._background.ended(job_id)
        has_result = _has_result(folder)
        progress = self._background.progress(job_id, _NAME)
        if progress.is_running:
            state = ImportState.IMPORTING
        elif progress.problem:
            state = ImportState.FAILED
        else:
            state = ImportState.IMPORTED if has_result else ImportState.NONE
        is_outdated = has_result and folder.is_of_older_package(folder.annotations / _TRAINING_NAME)
        return JobImport(state, has_result, is_outdated, progress.problem)

    def start(
        self, job_id: str, exports: Sequence[tuple[str, Path]], labels: str = "", formats: Sequence[str] = ("ava",)
    ) -> None:
        """Import annotations in the background; what was imported before is replaced when that is complete.

        Args:
            job_id: A job that has ended.
            exports: Name for people and file of each export; the files lie in the workspace. They are moved away when
                this returns, and deleted after the import.
            labels: Labels that number the actions, as YAML; empty: as the exports name them.
            formats: The formats to write.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, or annotations are being imported.
            ParameterError: There is no export, or the labels or formats make no sense.
            NoRoom: The disk is too full.
        """
        from videoprep_nb.exports.labels import read_labels

        job = self._background.ended(job_id)
        if not exports:
            raise ParameterError("uploads", "none was given; name at least one export of CVAT")
        if labels:
            read_labels(labels)
        self._background.check_room(sum(path.stat().st_size for _, path in exports), _TITLE)
        workspace = self._background.workspace
        folder = workspace.new_upload_path()
        names = _file_names([name for name, _ in exports])
        places = {path: folder / "exports" / name for (_, path), name in zip(exports, names, strict=True)}
        params = ImportAnnotationsParams.checked(
            {
                "exports": [str(place) for place in places.values()],
                "formats": list(formats),
                "labels_file": str(folder / _LABELS_NAME) if labels else "",
            }
        )

        def write_labels(staging: Path) -> None:
            (staging / _LABELS_NAME).write_text(labels, encoding="utf-8")

        with moved_files(workspace, places, folder, write_labels):
            make = partial(self._import, params, folder)
            self._background.start(Order(job_id, _NAME, _TITLE, make, job.annotations))

    def report_path(self, job_id: str) -> Path:
        """The report on the last import.

        Raises:
            NoSuchJob: There is no such job, or nothing was imported.
        """
        return self._path(job_id, _REPORT_NAME)

    def training_data_path(self, job_id: str) -> Path:
        """The training data of the last import with its report, as a ZIP.

        Raises:
            NoSuchJob: There is no such job, or nothing was imported.
        """
        return self._path(job_id, _TRAINING_NAME)

    def close(self) -> None:
        """Stop an import that is under way."""
        if self._process:
            self._process.kill()

    def _path(self, job_id: str, name: str) -> Path:
        folder = self._background.folder(job_id)
        if not _has_result(folder):
            raise NoSuchJob(f"Job {job_id} has no annotations (yet).")
        return folder.annotations / name

    def _import(self, params: ImportAnnotationsParams, uploads: Path, job: JobFolder, target: Path) -> None:
        workspace = self._background.workspace
        imported = target.with_name("imported")
        to_run = params.model_copy(update={"source": str(job.path), "output_dir": str(imported)})
        try:
            self._run(to_run.model_dump_json(), os.environ | {WORKSPACE_VARIABLE: str(workspace.path)})
        finally:
            remove_tree(workspace, uploads)
        target.mkdir()
        _pack(imported, target / _TRAINING_NAME)  # one file: whoever downloads it while it is replaced gets all of it
        (imported / _REPORT_NAME).replace(target / _REPORT_NAME)

    def _run(self, params: str, environment: dict[str, str]) -> None:
        """Import in a process of its own.

        Raises:
            InputError: The exports were refused, or the process did not end well; its log is that of the service.
        """
        command: list[Any] = [sys.executable, "-P", "-m", "videoprep_nb.annotations.import_process", params]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment) as process:
            self._process = process
            try:
                output, _ = process.communicate(timeout=_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise InputError(f"The exports could not be imported within {_TIMEOUT_S / 60:g} minutes.") from None
            finally:
                self._process = None
        if process.returncode:
            raise InputError("The import stopped unexpectedly; see the log of the service.")
        if output:
            raise InputError(output)


def _has_result(folder: JobFolder) -> bool:
    return not folder.annotations.is_symlink() and (folder.annotations / _TRAINING_NAME).is_file()


def _pack(folder: Path, target: Path) -> None:
    """Write a ZIP of the files in a folder.

    Raises:
        DiskFullError: The disk was full.
    """
    with disk_full_as_error(target.parent), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())


def _file_names(names: Sequence[str]) -> list[str]:
    """Names for files in one folder; the report shows them."""
    short = [name.replace("/", "_").encode()[:_MAX_NAME_BYTES].decode(errors="ignore") for name in names]
    if len(set(short)) == len(short) and not {".", "..", ""} & set(short):
        return short
    return [f"{number}_{name}" for number, name in enumerate(short, start=1)]
