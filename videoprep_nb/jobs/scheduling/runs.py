"""What runs on the engine: the attempts at tasks, from the choice of the next one to its end."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from videoprep_nb.jobs.engine.attempt import request_attempt, start_of, withdraw_attempt
from videoprep_nb.jobs.engine.cluster import Engine, EngineSettings, WorkerInfo
from videoprep_nb.jobs.engine.worker import PROGRESS_NAME
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.notebook_runner.process import Outcome
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.attempts import Attempt, note_course, task_request
from videoprep_nb.jobs.scheduling.fair_share import TaskTurns
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.task import Task

_RECONNECT_INTERVAL_S = 2.0
_log = logging.getLogger(__name__)


class Runs:
    """The engine and the attempts that it has not given an outcome for. Only the dispatcher changes it.

    Args:
        workspace: The workspace.
        store: Its store.
        settings: Where tasks run.
        on_end: Called from another thread with job, task, name of the attempt and outcome.
    """

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        settings: EngineSettings,
        on_end: Callable[[str, str, str, Outcome], None],
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._settings = settings
        self._on_end = on_end
        self._attempts: dict[tuple[str, str], Attempt] = {}
        self._turns = TaskTurns()
        self._connect_from_s = 0.0
        self._engine: Engine | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is an engine; its scheduler may have been lost just now."""
        return self._engine is not None

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler of the engine does not answer any more."""
        return self._engine is not None and not self._engine.is_connected

    def workers(self) -> list[WorkerInfo]:
        """The workers that tasks run on; none while they start."""
        return self._engine.workers() if self._engine else []

    def connect(self) -> bool:
        """Start an engine, if there is none and it is time to try; whether there is a new one."""
        if self._engine is not None or time.monotonic() < self._connect_from_s:
            return False
        try:
            self._engine = Engine(self._settings)
        except (OSError, RuntimeError) as error:  # without a scheduler that answers, jobs are only kept
            self._connect_from_s = time.monotonic() + _RECONNECT_INTERVAL_S
            _log.warning("the scheduler does not answer, still trying: %s", error)
            return False
        return True

    def disconnect(self) -> list[tuple[str, str]]:
        """Call off everything that the lost scheduler was given; job and key of each task."""
        _log.warning("the connection to the scheduler was lost")
        for attempt in self._attempts.values():
            withdraw_attempt(attempt.folder)
        lost = self.running()
        self._attempts.clear()
        assert self._engine is not None
        self._engine.close()
        self._engine = None
        return lost

    def close(self) -> None:
        """Stop everything and the engine."""
        for attempt in self._attempts.values():
            with suppress(OSError):  # their workers end now anyway, or lose this service
                withdraw_attempt(attempt.folder)
        if self._engine is not None:
            self._engine.close()

    def next_task(self, jobs: Iterable[ActiveJob]) -> tuple[ActiveJob, Task] | None:
        """Take the next task from those that are ready, see ``TaskTurns``; None while no worker is free for one."""
        if self._engine is None or not self._engine.is_connected:
            return None
        return self._turns.take(jobs, self._attempts.values(), self._engine.slots())

    def start(self, job: ActiveJob, task: Task, states: Mapping[str, State]) -> None:
        """Submit a task to the engine.

        Args:
            job: Its job.
            task: The task.
            states: The states of the tasks of the job.
        """
        assert self._engine is not None
        job_id, key = job.spec.job_id, task.key
        request = task_request(job, task, states, self._workspace, self._settings)
        request.folder.mkdir(exist_ok=True)
        (request.folder / PROGRESS_NAME).unlink(missing_ok=True)
        request_attempt(request.folder, request.attempt)
        self._store.set_task_state(job_id, key, State.QUEUED, "", datetime.now(UTC))
        needs_gpu = job.needs_gpu(task, self._engine.slots())
        cancel = self._engine.submit(request, needs_gpu, partial(self._on_end, job_id, key, request.attempt))
        self._attempts[job_id, key] = Attempt(request.attempt, request.folder, job.owner, needs_gpu, cancel)

    def running(self) -> list[tuple[str, str]]:
        """Job and key of each task that has been submitted and has not ended."""
        return list(self._attempts)

    def is_running(self, job_id: str, key: str, name: str) -> bool:
        """Whether this very attempt has neither ended nor been called off."""
        attempt = self._attempts.get((job_id, key))
        return attempt is not None and attempt.name == name

    def note_course(self, job_id: str, key: str, has_ended: bool) -> None:
        """Note in the store that a task has started, and how far it is; nothing of one that does not run."""
        if attempt := self._attempts.get((job_id, key)):
            note_course(self._store, job_id, key, attempt, has_ended)

    def forget(self, job_id: str, key: str) -> None:
        """Forget a task that has ended."""
        self._attempts.pop((job_id, key), None)

    def call_off(self, job_id: str, key: str) -> bool:
        """Have a task stop; True when it does not run, so that no outcome will come."""
        attempt = self._attempts.get((job_id, key))
        if attempt is None:
            return True
        withdraw_attempt(attempt.folder)
        if start_of(attempt.folder, attempt.name) is not None:
            return False
        attempt.cancel()
        del self._attempts[job_id, key]
        return True
