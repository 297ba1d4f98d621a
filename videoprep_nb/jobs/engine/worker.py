"""What a Dask worker does: one task of work is one notebook in a process of its own."""

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import DiskFullError, VideoPrepError
from videoprep_nb.core.layout import disk_full_as_error
from videoprep_nb.core.memory import MEMORY_ADVICE, MEMORY_VARIABLE, gigabytes, memory_limit_bytes
from videoprep_nb.core.progress import PROGRESS_FILE_VARIABLE
from videoprep_nb.jobs.engine.attempt import Start, begin_attempt, is_requested, start_of
from videoprep_nb.jobs.engine.local_scratch import LocalScratch, find_scratch_dir
from videoprep_nb.jobs.fingerprints.code import code_version, notebooks_folder
from videoprep_nb.jobs.fingerprints.tasks import read_done_marker, write_done_marker
from videoprep_nb.jobs.notebook_runner.process import (
    CANCEL_GRACE_S,
    NotebookProcess,
    NotebookRequest,
    Outcome,
    OutcomeKind,
)
from videoprep_nb.jobs.notebook_runner.trouble import outcome_of_error
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.storage.folder import JobFolder

WORKER_LOST = "The worker that ran this task was lost; its memory may have run out."
PROGRESS_NAME = "progress.json"
DONE_NAME = "done.json"

_LOOK_INTERVAL_S = 0.25
_MEMORY_CHECK_INTERVAL_S = 1.0


@dataclass(frozen=True)
class TaskRequest:
    """One attempt at a task of work as it is sent to a worker; all folders lie in the shared workspace.

    Args:
        attempt: Unique name of the attempt.
        version: Version of the code that the worker must have, see ``code_version``.
        folder: The task's folder of small files.
        notebook: The notebook: a name among those of the worker's own installation, or an absolute path.
        output: Where the executed notebook goes; its page goes beside it.
        parameters: Values for its parameters cell.
        fingerprint: What the task is made from, for its done marker.
        environment: Variables for the notebook process.
        timeout_s: The task is stopped after this many seconds.
        memory_limit_bytes: The task is stopped when its processes together take more; None: what is set for the
            worker, or nine tenths of its machine.
        job_params: What the machine must have before the first task of a video begins; None for later tasks.
        job: The folder of the job, if the task may work on a local disk of the worker instead of there.
        video_id: The video that it works on; empty: all of them.
        pages_first: Executed notebooks whose pages must be there before the task ends: for the last task of a job its
            own and those before it. Without any, its page is written while the worker goes on with the next task.
    """

    attempt: str
    version: str
    folder: Path
    notebook: Path
    output: Path
    parameters: dict[str, Any]
    fingerprint: str
    environment: dict[str, str]
    timeout_s: float
    memory_limit_bytes: int | None
    job_params: JobParams | None = None
    job: JobFolder | None = None
    video_id: str = ""
    pages_first: tuple[Path, ...] = ()


def run_task(task: TaskRequest) -> Outcome:
    """Run a task to its end; one that is done already (its worker died just after) is not run again.

    Args:
        task: The task.

    Returns:
        How it ended, also when it failed, was cancelled or stopped, or when the machine could not run it.
    """
    if task.version != code_version():
        return _wrong_version(task)
    try:
        with disk_full_as_error(task.folder.parent):
            return _run_unless_done(task)
    except (OSError, DiskFullError) as error:
        return outcome_of_error(error)


def _run_unless_done(task: TaskRequest) -> Outcome:
    marker = read_done_marker(task.folder / DONE_NAME, task.fingerprint)
    if marker is not None:
        return marker.outcome
    if start_of(task.folder, task.attempt) is not None:
        # Dask gives the work of a lost worker to another one; the service has to know, and to count the attempts
        return Outcome(kind=OutcomeKind.LOST, message=WORKER_LOST, elapsed_s=0.0)
    start = Start(attempt=task.attempt, worker=_worker_address(), at=datetime.now(UTC))
    if not begin_attempt(task.folder, start):
        return _stopped(0.0)
    outcome = _unfit(task) or _run(task)
    if outcome.kind is OutcomeKind.FAILED and not is_requested(task.folder, task.attempt):
        return _stopped(outcome.elapsed_s)  # it failed because its folder has gone, or just before it was stopped
    if outcome.kind is OutcomeKind.DONE:
        write_done_marker(task.folder / DONE_NAME, task.fingerprint, outcome, datetime.now(UTC))
    return outcome


def _unfit(task: TaskRequest) -> Outcome | None:
    """How a task ends whose job this machine cannot do; None if it can."""
    try:
        if task.job_params is not None:
            task.job_params.check_machine()
    except VideoPrepError as error:
        return outcome_of_error(error)
    return None


def _run(task: TaskRequest) -> Outcome:
    scratch_dir = find_scratch_dir(task.environment)
    if task.job is None or scratch_dir is None:
        return _run_notebook(task)
    scratch = LocalScratch(scratch_dir, task.job, task.video_id, task.parameters)
    with scratch.opened() as parameters:
        outcome = _run_notebook(replace(task, parameters=parameters))
        if outcome.kind is not OutcomeKind.DONE:
            scratch.hand_over_kept()
        elif not scratch.hand_over(lambda: is_requested(task.folder, task.attempt)):
            return _stopped(outcome.elapsed_s)
        if outcome.kind is OutcomeKind.SCRATCH_FULL:
            scratch.make_room()
    return outcome


def _run_notebook(task: TaskRequest) -> Outcome:
    limit_bytes = task.memory_limit_bytes or memory_limit_bytes()
    process = NotebookProcess(_request(task, limit_bytes), task.environment)
    end = process.close
    try:
        outcome = _watch(process, task, limit_bytes)
        if outcome.kind is OutcomeKind.DONE:
            end = process.close_after_page
        return outcome
    finally:
        end()


def _worker_address() -> str:
    """Address of the Dask worker that this is, empty outside of one."""
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return ""


def _request(task: TaskRequest, limit_bytes: int) -> NotebookRequest:
    return NotebookRequest(
        notebook=str(notebooks_folder() / task.notebook),
        output=str(task.output),
        parameters=task.parameters,
        working_folder=str(task.folder),
        environment={
            PROGRESS_FILE_VARIABLE: str(task.folder / PROGRESS_NAME),
            MEMORY_VARIABLE: str(limit_bytes),
        },
        pages_first=tuple(map(str, task.pages_first)),
    )


def _watch(process: NotebookProcess, task: TaskRequest, limit_bytes: int) -> Outcome:
    """Wait for the outcome; stop the task when it is cancelled, takes too long or too much memory."""
    started_s = time.monotonic()
    memory_checked_s = started_s
    give_up_s = started_s + task.timeout_s
    stopped: Outcome | None = None
    while (outcome := process.poll(_LOOK_INTERVAL_S)) is None:
        now_s = time.monotonic()
        if stopped is None and not is_requested(task.folder, task.attempt):
            stopped = _stopped(now_s - started_s)
            process.cancel()
            give_up_s = now_s + 2 * CANCEL_GRACE_S
        if now_s > give_up_s:
            return stopped or _too_long(task, now_s - started_s)
        if now_s - memory_checked_s > _MEMORY_CHECK_INTERVAL_S:
            memory_checked_s = now_s
            with suppress(OSError):  # without a free file descriptor it cannot be measured, which is no reason to stop
                if process.takes_more_memory_than(limit_bytes):
                    return _too_much_memory(limit_bytes, now_s - started_s)
    return outcome


def _stopped(elapsed_s: float) -> Outcome:
    return Outcome(kind=OutcomeKind.CANCELLED, message="Stopped on request.", elapsed_s=elapsed_s)


def _wrong_version(task: TaskRequest) -> Outcome:
    message = (
        f"The worker {_worker_address()} runs code {code_version()}, the service runs {task.version}; install the same "
        "version on all machines and restart the workers."
    )
    return Outcome(kind=OutcomeKind.FAILED, message=message, elapsed_s=0.0)


def _too_long(task: TaskRequest, elapsed_s: float) -> Outcome:
    message = f"Stopped because it took longer than {task.timeout_s:.0f} s; raise the limit or split the video."
    return Outcome(kind=OutcomeKind.TIMED_OUT, message=message, elapsed_s=elapsed_s)


def _too_much_memory(limit_bytes: int, elapsed_s: float) -> Outcome:
    message = f"Stopped: it needs more memory than the {gigabytes(limit_bytes)} that a task may take; {MEMORY_ADVICE}."
    return Outcome(kind=OutcomeKind.OUT_OF_MEMORY, message=message, elapsed_s=elapsed_s)
