"""One job by hand: a service of its own, for as long as the job takes."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.layout import sync
from videoprep_nb.core.memory import machine_memory_bytes
from videoprep_nb.core.object_address import ObjectAddress, is_address
from videoprep_nb.core.object_storage import check_is_empty
from videoprep_nb.core.threads import core_count
from videoprep_nb.jobs.engine.cluster import EngineSettings, task_environment
from videoprep_nb.jobs.engine.gpus import visible_gpus
from videoprep_nb.jobs.models import ENDED, JobResult, JobSpec
from videoprep_nb.jobs.notebook_runner.process import fork_server
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import JobView, Limits, Service
from videoprep_nb.jobs.settings import with_whole_paths
from videoprep_nb.jobs.splitting import most_parts
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.transfers import Source, WatchTransfer, fetch_videos, source_of, upload_results, work_folder
from videoprep_nb.media.probe import probe
from videoprep_nb.stages.base import VideoLength

Watcher = Callable[[JobView], None]
"""Called with the job a few times a second."""

_WORKSPACE_NAME = ".videoprep"
_LOOK_INTERVAL_S = 0.1
_PAUSE_PER_LOOK = 20
_MEMORY_PER_WORKER_BYTES = 3 * 10**9
_MEASURED_FROM_BYTES = 3 * 10**6
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
    gpu_limit: int | None = None,
    watch_transfer: WatchTransfer | None = None,
) -> JobResult:
    """Run a job to its end; a video that fails does not stop the others.

    Args:
        videos: The raw videos, in the order that numbers them 1, 2, …: files, or objects such as
            ``s3://bucket/cam1.mp4``, which are fetched first.
        output: Folder for package and reports; it must not exist or be empty. With an address such as
            ``s3://bucket/results/job1`` they are uploaded at the end.
        params: The parameters of its stages, or values by stage and parameter; None for the defaults.
        options: How it is run; None for the defaults without previews, which only the page shows.
        watch: Called with the job a few times a second.
        memory_limit_bytes: Memory that each task may take; None: those that run side by side share seven tenths of
            the machine's.
        gpu_limit: GPUs of this machine that are used at most; None: all.
        watch_transfer: Called after each piece that comes from an object storage or goes there.

    Returns:
        How it ended, also when it failed.

    Raises:
        KeyboardInterrupt: It was interrupted; ``resume`` goes on with it.
        ParameterError: A parameter is wrong; nothing was begun.
        InputError: A video is not there, or the folder cannot be used; nothing was begun.
        WeightsError: The weights of the detector are not there; nothing was begun.
        StorageError: An object storage refuses or does not answer; ``resume`` uploads results that are kept.

    Example:
        >>> run(["no_such_video.mp4"], output="out")
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such_video.mp4: there is no such file; nothing was begun.
    """
    sources = [source_of(video) for video in videos]
    paths = [source for source in sources if isinstance(source, Path)]
    if missing := [str(path) for path in paths if not os.path.lexists(path)]:
        raise InputError(f"{', '.join(missing)}: there is no such file; nothing was begun.")
    given = params.model_dump(mode="json") if isinstance(params, JobParams) else params or {}
    job_params = JobParams.model_validate(with_whole_paths(given))
    job_params.check_machine()  # else hours of work could be lost before a stage finds out
    target, folder = _places_of(output)
    if target:
        check_is_empty(target)
    _make_folder(folder)
    watch_bytes = watch_transfer or _ignore_bytes
    named = _local_videos(sources, folder, watch_bytes)
    lengths = {path: length for _, path in named if (length := _length(path))}
    unit_count = len(named) - len(lengths) + sum(map(most_parts, lengths.values()))

    def submit(service: Service) -> str:
        for path, length in lengths.items():
            service.admission.note_length(path, length)
        try:
            return service.submit(named, job_params, options or _OPTIONS)
        except VideoPrepError:
            shutil.rmtree(service.workspace.path, ignore_errors=True)
            raise

    result = _run_to_the_end(folder, _settings(unit_count, memory_limit_bytes, gpu_limit), submit, watch)
    return _uploaded(result, target, watch_bytes) if target else result


def resume(
    output: Path | str,
    *,
    watch: Watcher | None = None,
    memory_limit_bytes: int | None = None,
    gpu_limit: int | None = None,
    watch_transfer: WatchTransfer | None = None,
) -> JobResult:
    """Go on with a job that was interrupted or killed; only tasks that were not finished are repeated.

    Args:
        output: Folder or address that was given to ``run``.
        watch: Called with the job a few times a second.
        memory_limit_bytes: Memory that each task may take; see ``run``.
        gpu_limit: GPUs of this machine that are used at most; None: all.
        watch_transfer: See ``run``.

    Returns:
        How it ended, as ``run`` does.

    Raises:
        InputError: There is no interrupted job in the folder, or it still runs.
        StorageError: The results could not be uploaded; they are kept.
        KeyboardInterrupt: It was interrupted again.

    Example:
        >>> resume("no_such_folder")
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such_folder holds no interrupted job; give the folder of one.
    """
    target, folder = _places_of(output)
    if not is_interrupted(output):
        raise InputError(f"{output} holds no interrupted job; give the folder of one.")
    if file := _interrupted_spec(folder):
        spec = JobSpec.read(file)
        unit_count = sum(video.part_count for video in spec.videos)
        settings = _settings(unit_count, memory_limit_bytes, gpu_limit)
        result = _run_to_the_end(folder, settings, lambda _: spec.job_id, watch)
    else:
        result = JobResult.read(JobFolder(folder).result)
    return _uploaded(result, target, watch_transfer or _ignore_bytes) if target else result


def is_interrupted(output: Path | str) -> bool:
    """Whether ``resume`` can go on with a job: one that was interrupted, or whose results were not uploaded."""
    target, folder = _places_of(output)
    return _interrupted_spec(folder) is not None or (target is not None and JobFolder(folder).result.exists())


def _interrupted_spec(folder: Path) -> Path | None:
    return next((folder / _WORKSPACE_NAME).glob("jobs/*/job.json"), None)


def _places_of(output: Path | str) -> tuple[ObjectAddress | None, Path]:
    """Where the results go, if that is an object storage; and the local folder."""
    if is_address(output):
        target = ObjectAddress.parse(str(output))
        return target, work_folder(target)
    return None, Path(output).absolute()


def _local_videos(sources: Sequence[Source], folder: Path, watch: WatchTransfer) -> list[tuple[str, Path]]:
    """The videos as files, in the uploads of the workspace where they had to be fetched: the job moves them away."""
    if not any(isinstance(source, ObjectAddress) for source in sources):
        return fetch_videos(sources, folder, watch)
    workspace = Workspace(folder / _WORKSPACE_NAME)
    try:
        workspace.uploads_dir.mkdir(parents=True)
        return fetch_videos(sources, workspace.new_upload_path(), watch)
    except BaseException:  # nothing was begun
        shutil.rmtree(workspace.path, ignore_errors=True)
        raise


def _uploaded(result: JobResult, target: ObjectAddress, watch: WatchTransfer) -> JobResult:
    """Move the results of a job to an object storage."""
    folder = work_folder(target)
    uploaded = result.moved_to(Path(), result.package and Path(result.package.name), str(target))
    uploaded.write(JobFolder(folder).result)
    upload_results(folder, target, watch)
    return uploaded


def _length(path: Path) -> VideoLength | None:
    """The length of a large file, which may be split; None for others, which begin sooner without."""
    try:
        if path.stat().st_size < _MEASURED_FROM_BYTES:
            return None
        found = probe(path)
    except (OSError, VideoPrepError):  # its first task will say what is wrong
        return None
    return VideoLength(found.duration_s, float(found.rate), can_be_split=not found.not_split_because)


def _run_to_the_end(
    folder: Path, settings: EngineSettings, start: Callable[[Service], str], watch: Watcher | None
) -> JobResult:
    """Wait for the job whose id ``start`` gives, hand its files over and delete the rest.

    An interrupted job keeps its workspace, with which ``resume`` goes on.
    """
    workspace = Workspace(folder / _WORKSPACE_NAME)
    fork_server(task_environment(workspace, settings))  # it imports while the service starts
    with ExitStack() as until_handed_over:
        with Service(workspace, settings, _LIMITS) as service:
            job_id = start(service)
            result = _wait(service, job_id, watch or _ignore)
            until_handed_over.enter_context(_uninterrupted())
        handed_over = _hand_over(workspace.job_folder(job_id), result, folder)
        shutil.rmtree(workspace.path, ignore_errors=True)
    return handed_over


def _settings(unit_count: int, memory_limit_bytes: int | None, gpu_limit: int | None) -> EngineSettings:
    """A worker per video, or part of one, as far as cores and memory go, and one per GPU.

    A notebook has a process of its own anyway. On a short video it has no use for a second core.
    """
    gpus = visible_gpus()[:gpu_limit]
    room = machine_memory_bytes() // (memory_limit_bytes or _MEMORY_PER_WORKER_BYTES) - len(gpus)
    return EngineSettings(
        worker_count=max(1, min(unit_count, core_count(), room)),
        gpus=gpus,
        separate_processes=False,
        memory_per_task_bytes=memory_limit_bytes,
    )


def _ignore(view: JobView) -> None:
    return None


def _ignore_bytes(address: str, done_bytes: int, total_bytes: int) -> None:
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
            if service.row(job_id).state not in ENDED:
                raise


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
    parts = (folder.spec, folder.reports, folder.preview, folder.scratch, folder.manifest, folder.exports)
    for part in (*parts, folder.kept_for_exports, folder.uncorrected, folder.left_out):
        if part.exists():
            part.replace(output / part.name)
    package = output / folder.package.name if folder.package.exists() else None
    handed_over = result.moved_to(output, package)
    handed_over.write(JobFolder(output).result)
    if package:
        folder.package.replace(package)
    sync(output)
    return handed_over
