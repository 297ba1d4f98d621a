"""The thread that works on all unfinished jobs: it hands units to the engine and writes down what becomes of them."""

import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from videoprep_nb.errors import VideoPrepError
from videoprep_nb.jobs.active import ActiveJob
from videoprep_nb.jobs.engine import Engine, EngineSettings
from videoprep_nb.jobs.models import ENDED, JobSpec, State
from videoprep_nb.jobs.plan import Unit
from videoprep_nb.jobs.process import Outcome, OutcomeKind
from videoprep_nb.jobs.rows import UnitRow
from videoprep_nb.jobs.store import Store
from videoprep_nb.jobs.worker import CANCEL_NAME, PROGRESS_NAME, STARTED_NAME, UnitTask
from videoprep_nb.jobs.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.progress import read_progress
from videoprep_nb.threads import THREADS_VARIABLE

T = TypeVar("T")

MAX_ATTEMPTS = 3
_TICK_S = 0.25
_STATE_OF_OUTCOME = {OutcomeKind.DONE: State.DONE, OutcomeKind.CANCELLED: State.CANCELLED}
_log = logging.getLogger(__name__)


class Dispatcher:
    """Works on jobs in a thread of its own, the only one that changes the states of units.

    Args:
        workspace: The workspace, locked.
        store: Its store.
        settings: Where units run.
        warm_up: Whether a process is made ready after the last known unit, for jobs to come.
    """

    def __init__(self, workspace: Workspace, store: Store, settings: EngineSettings, *, warm_up: bool) -> None:
        self._workspace = workspace
        self._store = store
        self._settings = settings
        self._warm_up = warm_up
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._jobs: dict[str, ActiveJob] = {}
        self._attempts: dict[tuple[str, str], str] = {}
        self._cancel_attempt: dict[tuple[str, str], Callable[[], object]] = {}
        self._closing = threading.Event()
        self.engine: Engine | None = None
        self._thread = threading.Thread(target=self._work, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Start the engine and go on with every unfinished job."""
        self._thread.start()

    def take_up(self, job_id: str) -> None:
        """Begin to work on a queued job; returns at once."""
        self._calls.put(partial(self._take_up, job_id))

    def cancel(self, job_id: str) -> None:
        """Stop working on a job; returns at once."""
        self._calls.put(partial(self._cancel, job_id))

    def call(self, action: Callable[[], T]) -> T:
        """Do something between two steps of the work, so that no job changes meanwhile."""
        future: Future[T] = Future()

        def act() -> None:
            try:
                future.set_result(action())
            except Exception as error:
                future.set_exception(error)  # the caller gets it

        self._calls.put(act)
        return future.result()

    def close(self) -> None:
        """Stop; running units are interrupted and will be repeated by the next service."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        self.engine = self._start_engine()
        if self.engine is None:
            return
        for row in self._store.unfinished_jobs():
            self._calls.put(partial(self._take_up, row.job_id))
        try:
            while not self._closing.is_set():
                self._work_for_a_moment()
        finally:
            for job in self._jobs.values():
                self._stop_units(job)
            self.engine.close()

    def _start_engine(self) -> Engine | None:
        """The engine, as soon as its scheduler answers; None when the service is closed before."""
        while not self._closing.is_set():
            try:
                return Engine(self._settings)
            except OSError as error:
                _log.warning("the scheduler does not answer, still trying: %s", error)
        return None

    def _work_for_a_moment(self) -> None:
        end_s = time.monotonic() + _TICK_S
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                self._calls.get(timeout=left_s)()
            except queue.Empty:
                break
        for job_id in list(self._jobs):
            self._guarded(job_id, self._watch)

    def _guarded(self, job_id: str, action: Callable[[ActiveJob], None]) -> None:
        """Do something with a job; whatever goes wrong is the end of this job and of no other."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        try:
            action(job)
        except (VideoPrepError, OSError) as error:
            _log.warning("job %s: %s", job_id, error)
            self._give_up(job, str(error))
        except Exception as error:
            _log.exception("job %s", job_id)
            self._give_up(job, f"The service made a mistake: {type(error).__name__}: {error}")

    def _take_up(self, job_id: str) -> None:
        row = self._store.job(job_id)
        if row.state not in (State.QUEUED, State.RUNNING):
            return
        folder = self._workspace.job_folder(job_id)
        spec = JobSpec.read(folder.spec)
        self._jobs[job_id] = ActiveJob(spec, folder)
        if row.state is State.RUNNING:
            self._store.set_job_state(job_id, State.QUEUED, "The service was started again.", _now())
        self._guarded(job_id, self._resume)

    def _resume(self, job: ActiveJob) -> None:
        job.folder.reports.mkdir(exist_ok=True)
        job.folder.units.mkdir(parents=True, exist_ok=True)
        self._store.add_units(job.spec.job_id, [_row_of(unit) for unit in job.units()])
        states = self._states(job)
        for unit in job.units():
            stays_done = states[unit.key] is State.DONE and job.is_done(unit, states)
            if not stays_done and states[unit.key] is not State.WAITING:
                self._set_state(job, unit.key, State.WAITING, "")
                states[unit.key] = State.WAITING
        self._advance(job)

    def _advance(self, job: ActiveJob) -> None:
        """Start what can be started; finish the job when nothing is left."""
        self._store.add_units(job.spec.job_id, [_row_of(unit) for unit in job.units()])
        while True:
            states = self._states(job)
            ready, hopeless = job.next_units(states)
            for unit in hopeless:
                self._set_state(job, unit.key, State.CANCELLED, "A unit that this one needs has failed.")
            if not hopeless:
                break
        for unit in ready:
            self._start(job, unit)
        if all(row.state in ENDED for row in self._store.units(job.spec.job_id)):
            self._finish(job)

    def _start(self, job: ActiveJob, unit: Unit) -> None:
        assert self.engine is not None
        states = self._states(job)
        folder = job.unit_folder(unit.key)
        folder.mkdir(exist_ok=True)
        for name in (STARTED_NAME, CANCEL_NAME, PROGRESS_NAME):
            (folder / name).unlink(missing_ok=True)
        task = UnitTask(
            folder=folder,
            notebook=job.notebook(unit),
            output=job.report(unit.key),
            parameters=job.parameters(unit, states),
            fingerprint=job.fingerprint(unit, states),
            processes_folder=self._workspace.processes_dir,
            environment=self._environment(),
            timeout_s=self._settings.timeout_s,
            memory_limit_bytes=self._settings.memory_limit_bytes,
            warm_up_next=self._warm_up or unit.stage != "package",
        )
        self._set_state(job, unit.key, State.QUEUED, "")
        job_id, key = job.spec.job_id, unit.key
        attempt = f"{job_id}/{key}/{time.monotonic_ns()}"
        self._attempts[job_id, key] = attempt
        needs_gpu = unit.stage == "track_persons" and job.spec.params.get(unit.stage, {}).get("device") == "cuda"
        future = self.engine.submit(
            attempt,
            task,
            self._priority(job),
            needs_gpu,
            lambda outcome: self._calls.put(lambda: self._ended(job_id, key, attempt, outcome)),
        )
        self._cancel_attempt[job_id, key] = future.cancel

    def _environment(self) -> dict[str, str]:
        threads = str(self._settings.threads_per_unit)
        return {THREADS_VARIABLE: threads, "OMP_NUM_THREADS": threads, WORKSPACE_VARIABLE: str(self._workspace.path)}

    def _priority(self, job: ActiveJob) -> float:
        """First come, first served; but with each unit that it has had, a job steps back behind one more newcomer."""
        number = self._store.job(job.spec.job_id).number
        had = sum(row.state in ENDED for row in self._store.units(job.spec.job_id))
        return -float(number + had)

    def _ended(self, job_id: str, key: str, attempt: str, outcome: Outcome) -> None:
        if self._attempts.get((job_id, key)) != attempt:
            return  # an attempt that was given up
        del self._attempts[job_id, key], self._cancel_attempt[job_id, key]
        self._guarded(job_id, lambda job: self._take_outcome(job, key, outcome))

    def _take_outcome(self, job: ActiveJob, key: str, outcome: Outcome) -> None:
        row = next(row for row in self._store.units(job.spec.job_id) if row.key == key)
        if row.state is State.QUEUED:
            self._mark_running(job, key)
            row = next(row for row in self._store.units(job.spec.job_id) if row.key == key)
        if outcome.kind is OutcomeKind.DIED and row.attempt < MAX_ATTEMPTS and not job.cancelled:
            reason = f"Attempt {row.attempt} ended early and is repeated: {outcome.message}"
            self._store.add_event(job.spec.job_id, reason, _now(), {"key": key, "attempt": row.attempt})
            self._set_state(job, key, State.WAITING, reason)
        else:
            state = _STATE_OF_OUTCOME.get(outcome.kind, State.FAILED)
            report = job.report(key).name if job.report(key).exists() else ""
            message = f"{key}: {outcome.message}" if outcome.message else ""  # names the notebook in the reports
            self._store.set_unit_state(job.spec.job_id, key, state, message, _now(), report)
        self._advance(job)

    def _watch(self, job: ActiveJob) -> None:
        """Note which units have started, and how far they are."""
        for row in self._store.units(job.spec.job_id):
            folder = job.unit_folder(row.key)
            if row.state is State.QUEUED and (folder / STARTED_NAME).exists():
                self._mark_running(job, row.key)
            progress = read_progress(folder / PROGRESS_NAME) if row.state is State.RUNNING else None
            if progress and (progress.done, progress.total) != (row.done, row.total):
                self._store.set_unit_progress(job.spec.job_id, row.key, progress.done, progress.total, progress.unit)

    def _mark_running(self, job: ActiveJob, key: str) -> None:
        if self._store.job(job.spec.job_id).state is State.QUEUED:
            self._store.set_job_state(job.spec.job_id, State.RUNNING, "", _now())
        self._set_state(job, key, State.RUNNING, "")

    def _cancel(self, job_id: str) -> None:
        self._guarded(job_id, self._cancel_job)

    def _cancel_job(self, job: ActiveJob) -> None:
        job.cancelled = True
        for row in self._store.units(job.spec.job_id):
            if row.state is State.WAITING or (row.state is State.QUEUED and self._withdraw(job, row.key)):
                self._set_state(job, row.key, State.CANCELLED, "Stopped on request.")
        self._stop_units(job)
        self._advance(job)

    def _withdraw(self, job: ActiveJob, key: str) -> bool:
        """Take back an attempt that has not started."""
        if (job.unit_folder(key) / STARTED_NAME).exists():
            return False
        self._cancel_attempt.pop((job.spec.job_id, key))()
        del self._attempts[job.spec.job_id, key]
        # had it started at this very moment, it will find this and stop
        (job.unit_folder(key) / CANCEL_NAME).touch()
        return True

    def _stop_units(self, job: ActiveJob) -> None:
        for job_id, key in self._attempts:
            if job_id == job.spec.job_id:
                (job.unit_folder(key) / CANCEL_NAME).touch()

    def _finish(self, job: ActiveJob) -> None:
        job_id = job.spec.job_id
        row = self._store.job(job_id)
        result = job.finish(self._store.units(job_id), row.started_at or row.created_at, _now())
        if row.state is State.QUEUED and result.state not in (State.FAILED, State.CANCELLED):
            self._store.set_job_state(job_id, State.RUNNING, "", _now())
        del self._jobs[job_id]
        self._store.set_job_state(job_id, result.state, result.message, _now())

    def _give_up(self, job: ActiveJob, message: str) -> None:
        """End a job that cannot be worked on; its running units are stopped."""
        job_id = job.spec.job_id
        self._stop_units(job)
        del self._jobs[job_id]
        for key in [key for key in self._attempts if key[0] == job_id]:
            self._cancel_attempt.pop(key)()
            del self._attempts[key]
        if not job.spec.keep_scratch:
            shutil.rmtree(job.folder.scratch, ignore_errors=True)
        self._store.set_job_state(job_id, State.FAILED, message, _now())

    def _states(self, job: ActiveJob) -> dict[str, State]:
        return {row.key: row.state for row in self._store.units(job.spec.job_id)}

    def _set_state(self, job: ActiveJob, key: str, state: State, message: str) -> None:
        self._store.set_unit_state(job.spec.job_id, key, state, message, _now())


def _row_of(unit: Unit) -> UnitRow:
    return UnitRow(unit.key, unit.stage, unit.video.video_id if unit.video else None, unit.part)


def _now() -> datetime:
    return datetime.now(UTC)
