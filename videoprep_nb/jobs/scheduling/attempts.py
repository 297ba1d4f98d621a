"""Attempts at tasks: what a worker is given, and what is known of those that run."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoprep_nb.core.coarse_images import COARSE_IMAGES_VARIABLE
from videoprep_nb.core.progress import read_progress
from videoprep_nb.jobs.engine.attempt import start_of
from videoprep_nb.jobs.engine.cluster import EngineSettings, task_environment
from videoprep_nb.jobs.engine.worker import PROGRESS_NAME, TaskRequest
from videoprep_nb.jobs.fingerprints.code import code_version
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.registry import STAGES

_CHECK_INTERVAL = timedelta(seconds=0.25)


@dataclass
class Attempt:
    """An attempt at a task that the engine has not given an outcome for.

    Args:
        name: Its unique name.
        folder: The task's folder of small files.
        owner: Whose job it belongs to.
        needs_gpu: Whether it runs only where there is a GPU.
        cancel: Takes it back before it has started.
        is_running: Whether it has started.
        progress: What is finished, and what there is to do.
    """

    name: str
    folder: Path
    owner: str
    needs_gpu: bool
    cancel: Callable[[], object]
    is_running: bool = False
    progress: tuple[int, int] = (0, 0)


def note_course(store: Store, job_id: str, key: str, attempt: Attempt, has_ended: bool = False) -> None:
    """Note in the store that a task has started, and how far it is.

    Args:
        store: The store.
        job_id: The job.
        key: The task.
        attempt: The attempt at it.
        has_ended: Whether it must have started, as it has ended.
    """
    if not attempt.is_running:
        start = None
        with suppress(OSError):  # it can be read a moment later
            start = start_of(attempt.folder, attempt.name)
        if start is None and not has_ended:
            return
        attempt.is_running = True
        now = datetime.now(UTC)
        # just before this check, whatever the clock of another machine says
        started_at = min(max(start.at, now - _CHECK_INTERVAL), now) if start else now
        if store.job(job_id).state is State.QUEUED:
            store.set_job_state(job_id, State.RUNNING, "", started_at)
        store.set_task_state(job_id, key, State.RUNNING, "", started_at, worker=start.worker if start else "")
    progress = read_progress(attempt.folder / PROGRESS_NAME)
    if progress and (progress.done, progress.total) != attempt.progress:
        attempt.progress = (progress.done, progress.total)
        store.set_task_progress(job_id, key, progress.done, progress.total, progress.unit)


def _environment_of_reports(job: ActiveJob, task: Task) -> dict[str, str]:
    hides_people = job.spec.params.chain.hides_people_after(STAGES[task.stage])
    return {COARSE_IMAGES_VARIABLE: "1"} if hides_people else {}


def _pages_first(job: ActiveJob, task: Task, states: Mapping[str, State]) -> tuple[Path, ...]:
    """The reports of a job, if a task is its last one; while another one runs, they are written as pages beside it."""
    if any(task.key in other.after for other in job.tasks()):
        return ()
    return (*job.done_reports(states), job.report(task.key))


def task_request(
    job: ActiveJob, task: Task, states: Mapping[str, State], workspace: Workspace, settings: EngineSettings
) -> TaskRequest:
    """What a worker is given for a new attempt at a task.

    Args:
        job: The job.
        task: The task.
        states: The states of the tasks of the job.
        workspace: The workspace.
        settings: Where tasks run.
    """
    return TaskRequest(
        attempt=f"{job.spec.job_id}/{task.key}/{time.time_ns()}",
        version=code_version(),
        folder=job.task_folder(task.key),
        notebook=Path(STAGES[task.stage].notebook),
        output=job.report(task.key),
        parameters=job.parameters(task, states),
        fingerprint=job.fingerprint(task, states),
        environment=task_environment(workspace, settings) | _environment_of_reports(job, task),
        timeout_s=settings.timeout_s,
        memory_limit_bytes=settings.memory_limit_bytes,
        job_params=None if task.after or (task.own_part or 1) > 1 else job.spec.params,
        job=job.folder,
        video_id=task.video.video_id if task.video else "",
        pages_first=_pages_first(job, task, states),
    )
