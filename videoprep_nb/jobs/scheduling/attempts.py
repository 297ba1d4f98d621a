"""Attempts at tasks: what a worker is given, and what is known of those that run."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.jobs.engine.cluster import EngineSettings, task_environment
from videoprep_nb.jobs.engine.worker import TaskRequest
from videoprep_nb.jobs.fingerprints.code import code_version
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.registry import STAGES


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
        environment=task_environment(workspace, settings),
        timeout_s=settings.timeout_s,
        memory_limit_bytes=settings.memory_limit_bytes,
    )
