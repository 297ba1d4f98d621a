"""One job by hand: a service of its own, for as long as the job takes."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import InputError, WrongState
from videoprep_nb.core.layout import sync
from videoprep_nb.core.memory import machine_memory_bytes
from videoprep_nb.core.threads import core_count
from videoprep_nb.jobs.engine.cluster import EngineSettings, task_environment
from videoprep_nb.jobs.models import ENDED, JobResult
from videoprep_nb.jobs.notebook_runner.process import fork_server
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import JobView, Limits, Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace

Watcher = Callable[[JobView], None]
"""Called with the job a few times a second."""

_WORKSPACE_NAME = ".videoprep"
_LOOK_INTERVAL_S = 0.1
_PAUSE_PER_LOOK = 20
_MEMORY_PER_WORKER_BYTES = 3 * 10**9
# whoever starts a job by hand may fill the disk, and makes room when it is full
_LIMITS = Limits(
    frame_pixels=None,
    frame_rate=None,
    scratch_bytes=None,
    free_bytes=0,
    free_per_input_byte=0,
    free_memory_bytes=0,
    max_wait=timedelta(0),
)
_OPTIONS = JobOptions(previews=False)


def run(
    videos: Sequence[Path | str],
    *,
    output: Path | str,
    params: JobParams | Mapping[str, Mapping[str, Any]] | None = None,
    options: JobOptions | None = None,
    watch: Watcher | None = None,
    memory_limit_bytes: int | None = None,
) -> JobResult:
    """Run a job to its end; a video that fails does not stop the others.

    Args:
        videos: The raw videos, in the order that numbers them 1, 2, ….
        output: Folder for package and reports; it must not exist or be empty.
        params: The parameters of its stages, or values by stage and parameter; None for the defaults.
        options: How it is run; None for the defaults without previews, which only the page shows.
        watch: Called with the job a few times a second.
        memory_limit_bytes: Memory that each task may take; None: those that run side by side share seven tenths of
            the machine's.

    Returns:
        How it ended, also when it failed, or was cancelled by a KeyboardInterrupt.

    Raises:
        ParameterError: A parameter is wrong; nothing was begun.
        InputError: A video is not there, or the folder cannot be used; nothing was begun.
        WeightsError: The weights of the detector are not there; nothing was begun.

    Example:
        >>> run(["no_such_video.mp4"], output="out")
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such_video.mp4: there is no such file; nothing was begun.
    """
    paths = [Path(video) for video in videos]
    if missing := [str(path) for path in paths if not os.path.lexists(path)]:
        raise InputError(f"{', '.join(missing)}: there is no such file; nothing was begun.")
    job_params = params if isinstance(params, JobParams) else JobParams.model_validate(params or {})
    for stage, of_stage in job_params.each():  # else hours of work could be lost before a stage finds out
        stage.check_machine(of_stage)
    folder = Path(output).absolute()
    _make_folder(folder)
    workspace = Workspace(folder / _WORKSPACE_NAME)
    try:
        settings = _settings(len(paths), memory_limit_bytes)
        fork_server(task_environment(workspace, settings))  # it imports while the service starts
        with ExitStack() as until_handed_over:
            with Service(workspace, settings, _LIMITS) as service:
                named = [(path.name, path) for path in paths]
                job_id = service.submit(named, job_params, options or _OPTIONS)
                result = _wait(service, job_id, watch or _ignore)
                until_handed_over.enter_context(_uninterrupted())
            return _hand_over(workspace.job_folder(job_id), result, folder)
    finally:
        shutil.rmtree(workspace.path, ignore_errors=True)


def _settings(video_count: int, memory_limit_bytes: int | None) -> EngineSettings:
    """A worker per video, as far as cores and memory go; with a GPU one, which has it for itself.

    A notebook has a process of its own anyway. On a short video it has no use for a second core.
    """
    settings = EngineSettings(worker_count=1, separate_processes=False, memory_per_task_bytes=memory_limit_bytes)
    if settings.may_have_gpu:
        return settings
    room = machine_memory_bytes() // (memory_limit_bytes or _MEMORY_PER_WORKER_BYTES)
    return replace(settings, worker_count=max(1, min(video_count, core_count(), room)))


def _ignore(view: JobView) -> None:
    return None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """What is done is not to be lost by a Ctrl-C in the last moment."""
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise InputError(f"{output} is not empty; give a new folder for the results.")
    except OSError as error:
        raise InputError(f"{output} cannot be written to ({error.strerror}); give another folder.") from error


def _wait(service: Service, job_id: str, watch: Watcher) -> JobResult:
    while True:
        try:
            started_s = time.monotonic()
            view = service.job(job_id)
            watch(view)
            if view.job.state in ENDED:
                # without a result the job was given up, for a reason that the store knows
                return view.result or _given_up(view, service.workspace.job_folder(job_id))
            # the more tasks a job has, the longer this takes from the work
            time.sleep(max(_LOOK_INTERVAL_S, _PAUSE_PER_LOOK * (time.monotonic() - started_s)))
        except KeyboardInterrupt:
            with suppress(WrongState):  # it ended just before
                service.cancel(job_id)


def _given_up(view: JobView, folder: JobFolder) -> JobResult:
    return JobResult(
        job_id=view.job.job_id,
        state=view.job.state,
        message=view.job.message,
        folder=folder.path,
        package=None,
        videos=[],
        tasks=[],
        elapsed_s=0.0,
    )


def _hand_over(folder: JobFolder, result: JobResult, output: Path) -> JobResult:
    """Move what the user requested out of the service's folder, the package last."""
    for part in (folder.spec, folder.reports, folder.scratch, folder.manifest, folder.exports, folder.kept_for_exports):
        if part.exists():
            part.replace(output / part.name)
    package = output / folder.package.name if folder.package.exists() else None
    handed_over = result.moved_to(output, package)
    handed_over.write(JobFolder(output).result)
    if package:
        folder.package.replace(package)
    sync(output)
    return handed_over
