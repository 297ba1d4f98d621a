"""The scratch files of jobs on a local disk: where a worker has one, its tasks work there instead of in the workspace.

``<scratch folder>/<job>/`` holds a folder per running task, which mirrors the scratch folder of the job, and what the
tasks of this machine have made. A task is done when all of that is in the workspace, too, so any other worker can go on
from there, and everything here may be lost at any time.
"""

import fcntl
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import DiskFullError, InputError
from videoprep_nb.core.file_names import path_from_text, path_to_text
from videoprep_nb.core.layout import SCRATCH_DIR_VARIABLE, disk_full_as_error, scratch_full_error
from videoprep_nb.jobs.engine.mirror import Mirror
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.stages.registry import STAGES

_JOB_NAME = "job"
"""File that names the folder of the job in the workspace."""

_MADE_NAME = "made"
_TASK_PREFIX = "task-"
_SWEEP_INTERVAL_S = 5.0


def find_scratch_dir(environment: Mapping[str, str]) -> Path | None:
    """The scratch folder of this machine; None if it has none.

    Args:
        environment: The variables of a task, which come before those of this process.
    """
    name = environment.get(SCRATCH_DIR_VARIABLE) or os.environ.get(SCRATCH_DIR_VARIABLE)
    return Path(name).absolute() if name else None


def check_scratch_dir(folder: Path) -> None:
    """Make a scratch folder if there is none, and check that files can be written in it.

    Raises:
        InputError: It cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{folder} cannot be used as a scratch folder ({error.strerror}); name another one.") from None


class LocalScratch:
    """The scratch files of one task on the disk of this machine.

    Args:
        scratch_dir: The scratch folder of the machine.
        job: The folder of the job in the workspace.
        video_id: The video that is worked on; empty: all of them.
        parameters: Those of the task, which name folders of the workspace.
    """

    def __init__(self, scratch_dir: Path, job: JobFolder, video_id: str, parameters: Mapping[str, Any]) -> None:
        self._scratch_dir = scratch_dir
        self._job = job
        self._video_id = video_id
        self._parameters = parameters
        self._folder = scratch_dir / job.path.name
        self._files = self._folder / f"{_TASK_PREFIX}{secrets.token_hex(8)}"
        self._below = _names_below(job.scratch, parameters)
        places = {below.parts[0] if below.parts else "" for below in self._below.values()}
        self._mirror = Mirror(job.scratch, self._folder / _MADE_NAME, self._files, places, self._is_left_out)

    @contextmanager
    def opened(self) -> Iterator[dict[str, Any]]:
        """Make a folder that mirrors what the task reads, for as long as the block lasts.

        Yields:
            The parameters of the task, which name folders there.

        Raises:
            ScratchFullError: The local disk is full.
        """
        with ExitStack() as until_closed:
            with self._scratch_full_as_error():
                until_closed.enter_context(_locked(self._folder, fcntl.LOCK_SH))
                (self._folder / _JOB_NAME).write_text(path_to_text(self._job.path), encoding="utf-8")
                _sweep_meanwhile(self._scratch_dir)
                until_closed.enter_context(_locked(self._files, fcntl.LOCK_EX))
                until_closed.callback(shutil.rmtree, self._files, ignore_errors=True)
                self._mirror.link()
            yield {**self._parameters, **{name: path_to_text(self._files / at) for name, at in self._below.items()}}

    def hand_over(self, go_on: Callable[[], bool]) -> bool:
        """Copy what the task has made to the workspace.

        Args:
            go_on: Asked now and then; it stops when the answer is no.

        Returns:
            Whether all of it is there; it cannot be when the job has gone, or the local files.

        Raises:
            DiskFullError: The disk of the workspace is full.
        """
        with suppress(FileNotFoundError), disk_full_as_error(self._job.path):
            return self._mirror.hand_over(go_on) and self._files.is_dir()
        return False

    def hand_over_kept(self) -> None:
        """The same for what a retry can use of a task that did not end well."""
        kept = {template.partition("/")[0] for stage in STAGES.values() for template in stage.retry_keeps_always}
        with suppress(OSError):
            self._mirror.hand_over(lambda: True, kept)

    def make_room(self) -> None:
        """Delete what this machine has made of the job; it is in the workspace, too."""
        shutil.rmtree(self._folder / _MADE_NAME, ignore_errors=True)

    @contextmanager
    def _scratch_full_as_error(self) -> Iterator[None]:
        try:
            with disk_full_as_error(self._scratch_dir):
                yield
        except DiskFullError as error:
            self.make_room()  # for the next attempt
            raise scratch_full_error(self._scratch_dir) from error

    def _is_left_out(self, name: str) -> bool:
        """Whether something is not mirrored: the small files of tasks, and what is of another video."""
        if name == self._job.tasks.name:
            return True
        match = _of_a_video().fullmatch(name) if self._video_id else None
        return match is not None and self._video_id not in match.groups()


def sweep(scratch_dir: Path) -> None:
    """Delete what tasks left that were killed, and what is left of jobs that have ended or have gone.

    Args:
        scratch_dir: The scratch folder of this machine.
    """
    for folder in _job_folders(scratch_dir):
        for files in folder.glob(f"{_TASK_PREFIX}*"):
            _delete_if_free(files)
        if _is_over(folder):
            _delete_if_free(folder)


@cache
def _of_a_video() -> re.Pattern[str]:
    """The names that stages say are of a video, with its number as a group."""
    templates = {
        template
        for stage in STAGES.values()
        for template in (*stage.products, *stage.retry_keeps, *stage.retry_keeps_always)
        if "{video_id}" in template
    }
    escaped = (re.escape(template).replace(re.escape("*"), "[^/]*") for template in sorted(templates))
    patterns = (template.replace(re.escape("{video_id}"), "([0-9]+)") for template in escaped)
    return re.compile("|".join(patterns))


def _names_below(folder: Path, parameters: Mapping[str, Any]) -> dict[str, Path]:
    """The parameters that name something in a folder, and what."""
    paths = {name: Path(path_from_text(text)) for name, text in parameters.items() if isinstance(text, str)}
    return {name: path.relative_to(folder) for name, path in paths.items() if path.is_relative_to(folder)}


def _job_folders(scratch_dir: Path) -> list[Path]:
    return [file.parent for file in scratch_dir.glob(f"*/{_JOB_NAME}")]


def _is_over(folder: Path) -> bool:
    """Whether the job of a folder has ended, or has gone; it may be tried again, and works somewhere else then."""
    try:
        job = JobFolder(Path(path_from_text((folder / _JOB_NAME).read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return True
    return job.result.exists() or not job.scratch.exists()


def _delete_if_free(folder: Path) -> None:
    """Delete a folder that nobody has locked."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            return
        finally:
            os.close(descriptor)


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Lock a folder, which is made if there is none; the lock ends with this process, however that ends."""
    descriptor = _lock(folder, kind)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path, kind: int) -> int:
    while True:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # it was deleted in this moment
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, kind)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), folder.stat()):
                    return descriptor
            os.close(descriptor)


_swept: set[Path] = set()
_swept_lock = threading.Lock()


def _sweep_meanwhile(scratch_dir: Path) -> None:
    """Sweep a scratch folder again and again in a thread of its own, until nothing is left there."""
    with _swept_lock:
        if scratch_dir not in _swept:
            _swept.add(scratch_dir)
            threading.Thread(target=_sweep_until_empty, args=(scratch_dir,), name="sweeper", daemon=True).start()


def _sweep_until_empty(scratch_dir: Path) -> None:
    while True:
        with suppress(OSError):  # the workspace does not answer
            sweep(scratch_dir)
        with _swept_lock:
            if not _job_folders(scratch_dir):
                _swept.remove(scratch_dir)
                return
        time.sleep(_SWEEP_INTERVAL_S)
