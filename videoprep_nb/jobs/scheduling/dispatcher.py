"""The thread that works on all unfinished jobs: what comes next in each, and what becomes of its tasks."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from videoprep_nb.core.errors import DiskFullError, StoreDamaged, StoreUnavailable, VideoPrepError
from videoprep_nb.jobs.engine.cluster import EngineSettings, SchedulerLost, WorkerInfo
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.models import ENDED, JobSpec, State
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.calls import Calls
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace, queue_places
from videoprep_nb.jobs.scheduling.runs import Runs
from videoprep_nb.jobs.scheduling.scratch import ScratchQuota
from videoprep_nb.jobs.scheduling.trouble import Trouble
from videoprep_nb.jobs.storage.measuring import measure_job
from videoprep_nb.jobs.storage.retry_stash import bring_back_kept
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.patience import patient
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.task import Task

T = TypeVar("T")

_TICK_S = 0.25
_STATE_OF_OUTCOME = {OutcomeKind.DONE: State.DONE, OutcomeKind.CANCELLED: State.CANCELLED}
_log = logging.getLogger(__name__)


class Dispatcher:
    """Works on jobs in a thread of its own, the only one that changes the states of tasks.

    Args:
        workspace: The workspace, locked.
        store: Its store.
        settings: Where tasks run.
        limits: What the service takes on.
    """

    def __init__(self, workspace: Workspace, store: Store, settings: EngineSettings, limits: Limits) -> None:
        self._workspace = workspace
        self.trouble = Trouble(workspace, store, settings, limits)
        self._store = patient(store, lambda: not self._closing.is_set(), self.trouble.make_room)
        self._limits = limits
        self._calls = Calls()
        self._jobs: dict[str, ActiveJob] = {}
        """In the order in which they began, or will begin."""
        self._unread: set[str] = set()
        """Jobs that cannot be taken up until the disk answers."""
        self._runs = Runs(workspace, self._store, settings, self._take_end)
        self._quota = ScratchQuota(limits.scratch_bytes, self._store.set_disk_bytes)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Start the engine and go on with every unfinished job."""
        for row in self._store.unfinished_jobs():
            self.take_up(row.job_id)
        self._thread.start()

    def take_up(self, job_id: str) -> None:
        """Begin to work on a queued job; returns at once."""
        self._calls.put(partial(self._take_up, job_id))

    def cancel(self, job_id: str) -> None:
        """Stop working on a job; returns at once."""
        self._calls.put(partial(self._cancel, job_id))

    def call(self, action: Callable[[], T]) -> T:
        """Do something between two steps of the work, so that no job changes meanwhile.

        Raises:
            InputError: The service has been closed.
            StoreUnavailable: It waits for its database.
        """
        return self._calls.call(action, self._thread.is_alive)

    def queue_places(self) -> dict[str, QueuePlace]:
        """Where the unfinished jobs stand in the queue, by id; one that was submitted just now may be missing."""
        return queue_places(self._jobs.copy().values())

    def workers(self) -> list[WorkerInfo]:
        """The workers that tasks run on; none while they start."""
        return self._runs.workers()

    def close(self) -> None:
        """Stop; running tasks are interrupted and will be repeated by the next service."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    self._take_turn()
                except Exception:  # without this thread the service would take jobs that nobody works on
                    _log.exception("internal error")
                    self._closing.wait(_TICK_S)
        finally:
            self._runs.close()

    def _take_turn(self) -> None:
        if self._runs.is_lost:
            self._disconnect()
        if self._runs.connect():
            for job_id in list(self._jobs):
                self._guarded(job_id, self._resume)
        self._work_for_a_moment()

    def _disconnect(self) -> None:
        """Call off everything; it starts again as soon as a scheduler answers."""
        for job_id, key in self._runs.disconnect():
            reason = "The scheduler does not answer; this starts again as soon as it does."
            self._guarded(job_id, partial(self._start_over, key=key, reason=reason))
        for job in list(self._jobs.values()):
            if job.stopped:
                self._guarded(job.spec.job_id, partial(self._stop, state=job.stopped[0], reason=job.stopped[1]))

    def _work_for_a_moment(self) -> None:
        end_s = time.monotonic() + _TICK_S
        while (left_s := end_s - time.monotonic()) > 0:
            call = self._calls.get(left_s)
            if call is None:
                break
            try:
                call()
                self._fill_workers()
            except Exception:  # it belongs to one job, and the others must go on
                _log.exception("internal error")
        self._fill_workers()  # others may have come
        for job_id, key in self._runs.running():
            self._guarded(job_id, partial(self._watch, key=key))
        running = {job_id for job_id, _ in self._runs.running()}
        for job, reason in self._quota.exceeded([self._jobs[job_id] for job_id in running if job_id in self._jobs]):
            self._fail(job, reason)
        for job_id in list(self._unread):
            self._take_up(job_id)
        for job_id in self.trouble.waits.jobs_to_go_on():
            self._guarded(job_id, self._go_on)
        for job_id in list(self._jobs):
            self._guarded(job_id, self._end_if_stuck)

    def _guarded(self, job_id: str, action: Callable[[ActiveJob], None]) -> None:
        """Do something with a job; what the machine cannot do just now is tried again, else it is the job's end."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        try:
            action(job)
        except (SchedulerLost, StoreDamaged, StoreUnavailable):
            return  # nothing that is wrong with the job: it goes on when there is a scheduler, or a database, again
        except (OSError, DiskFullError) as error:
            if not self.trouble.put_off(job_id, error):
                self._fail(job, str(error))
        except VideoPrepError as error:
            _log.warning("job %s: %s", job_id, error)
            self._fail(job, str(error))
        except Exception as error:
            _log.exception("job %s", job_id)
            self._fail(job, f"Internal error: {type(error).__name__}: {error}")

    def _take_up(self, job_id: str) -> None:
        self._unread.discard(job_id)
        row = self._store.job(job_id)
        if row.state in ENDED or job_id in self._jobs:
            return
        folder = self._workspace.job_folder(job_id)
        try:
            spec = JobSpec.read(folder.spec)
        except (VideoPrepError, OSError) as error:
            if isinstance(error, OSError) or not self._workspace.jobs_dir.is_dir():  # its disk may be gone
                self._unread.add(job_id)
            else:
                self._store.set_job_state(job_id, State.FAILED, str(error), _now())
            return
        self._jobs[job_id] = ActiveJob(spec, folder, row.owner, self._limits.free_bytes)
        self._guarded(job_id, partial(self._begin, row=row))

    def _begin(self, job: ActiveJob, row: JobRow) -> None:
        measure_job(self._workspace, self._store, row.job_id)
        if row.state is State.RUNNING:
            self._store.set_job_state(row.job_id, State.QUEUED, "The service was started again.", _now())
        if row.cancel_requested:  # of the service before, or before this one has come to the job
            self._stop(job, State.CANCELLED, "Stopped on request.")
        elif self._runs.is_connected:
            self._resume(job)

    def _resume(self, job: ActiveJob) -> None:
        bring_back_kept(job.folder)
        job.folder.reports.mkdir(exist_ok=True)
        job.folder.tasks.mkdir(parents=True, exist_ok=True)
        job.count_clips(video.video_id for video in job.spec.videos)
        self._plan(job)
        states = self._states(job)
        for task in job.tasks():
            needs_have_ended = all(states[key] in ENDED for key in task.after)
            stays_done = states[task.key] is State.DONE and needs_have_ended and job.is_done(task, states)
            if not stays_done and states[task.key] is not State.WAITING:
                self._start_over(job, task.key, "")
                states[task.key] = State.WAITING
        job.is_planned = True
        self._advance(job)

    def _go_on(self, job: ActiveJob) -> None:
        """Do what could not be done before."""
        if job.stopped:
            self._stop(job, *job.stopped)
        elif job.is_planned:
            self._advance(job)
        elif self._runs.is_connected:
            self._resume(job)
        self.trouble.waits.end(job.spec.job_id, "")

    def _advance(self, job: ActiveJob) -> None:
        """Note what can be started; finish the job when nothing is left."""
        self._note_ready(job)
        self._finish_if_over(job)

    def _note_ready(self, job: ActiveJob) -> None:
        waits = self.trouble.waits
        tasks = [] if job.stopped else self._ready_tasks(job)
        job.note_ready(task for task in tasks if waits.is_due(job.spec.job_id, task.key))

    def _finish_if_over(self, job: ActiveJob) -> None:
        if all(state in ENDED for state in self._states(job).values()):
            self._finish(job)

    def _fill_workers(self) -> None:
        """Start as many tasks as there are free workers; the others wait here, so that the next one can be chosen."""
        while taken := self._runs.next_task(self._jobs.values()):
            job, task = taken
            self._guarded(job.spec.job_id, partial(self._start_or_hold, task=task))

    def _start_or_hold(self, job: ActiveJob, task: Task) -> None:
        """Start a task, unless the machine lacks the room for it."""
        held = self.trouble.hold(job, task)
        if held is None:
            self._runs.start(job, task, self._states(job))
        elif held.is_final:
            self._set_state(job, task.key, State.QUEUED, "")
            self._set_state(job, task.key, State.FAILED, f"{task.key}: {held.sentence}")
            self._advance(job)
        elif held.is_new:
            self._store.add_event(job.spec.job_id, held.sentence, _now())

    def _plan(self, job: ActiveJob) -> None:
        """Note the tasks of a job."""
        self._store.plan_tasks(job.spec.job_id, job.rows())

    def _ready_tasks(self, job: ActiveJob) -> list[Task]:
        """The tasks that can be started; those that never can are cancelled."""
        while True:
            ready, blocked = job.next_tasks(self._states(job))
            for task in blocked:
                self._set_state(job, task.key, State.CANCELLED, "A task that this one needs has failed.")
            if not blocked:
                return ready

    def _take_end(self, job_id: str, key: str, name: str, outcome: Outcome) -> None:
        """Note that an attempt has ended, as the engine says in a thread of its own."""
        self._calls.put(lambda: self._ended(job_id, key, name, outcome))

    def _ended(self, job_id: str, key: str, name: str, outcome: Outcome) -> None:
        if not self._runs.is_running(job_id, key, name):
            return  # it was called off
        self._guarded(job_id, partial(self._watch, key=key, has_ended=True))
        self._runs.forget(job_id, key)
        self._guarded(job_id, lambda job: self._take_outcome(job, key, outcome))
        self._fill_workers()  # the end of a job may take a while
        self._guarded(job_id, self._finish_if_over)

    def _take_outcome(self, job: ActiveJob, key: str, outcome: Outcome) -> None:
        row = self._store.task(job.spec.job_id, key)
        outcome, wait = self.trouble.judge(job, key, outcome, is_alone=not self._runs.running())
        if wait:
            self._set_state(job, key, State.WAITING, wait)
        else:
            state = _STATE_OF_OUTCOME.get(outcome.kind, State.FAILED)
            message = f"{key}: {outcome.message}" if outcome.message else ""  # names the notebook in the reports
            self._store.set_task_state(job.spec.job_id, key, state, message, _now(), job.report_name(key))
        if row.video_id and not job.stopped and job.count_clips([row.video_id]):
            self._plan(job)
        self._note_ready(job)

    def _watch(self, job: ActiveJob, key: str, has_ended: bool = False) -> None:
        self._runs.note_course(job.spec.job_id, key, has_ended)

    def _cancel(self, job_id: str) -> None:
        self._guarded(job_id, lambda job: self._stop(job, State.CANCELLED, "Stopped on request."))

    def _fail(self, job: ActiveJob, message: str) -> None:
        """End a job that cannot be worked on; the first reason is the one to report."""
        is_first_try = job.stopped is None
        if job.stopped and job.stopped[0] is State.FAILED:
            message = job.stopped[1]
        try:
            self._stop(job, State.FAILED, message)
        except Exception:  # most likely a full disk; the next tick tries again, and says nothing that was said
            if is_first_try:
                _log.exception("job %s cannot be ended yet", job.spec.job_id)

    def _stop(self, job: ActiveJob, state: State, reason: str) -> None:
        """Call off what has not started and interrupt what has; the job ends with its last task."""
        job.stopped = (state, reason)
        for row in self._store.tasks(job.spec.job_id):
            if row.state not in ENDED and self._runs.call_off(job.spec.job_id, row.key):
                self._set_state(job, row.key, State.CANCELLED, reason)
        self._advance(job)

    def _end_if_stuck(self, job: ActiveJob) -> None:
        """End a job whose end could not be written down before."""
        job_id = job.spec.job_id
        if job.stopped is None or any(running == job_id for running, _ in self._runs.running()):
            return
        job.delete_scratch()
        self._store.set_job_state(job_id, *job.stopped, _now())
        self._forget(job_id)

    def _finish(self, job: ActiveJob) -> None:
        job_id = job.spec.job_id
        row = self._store.job(job_id)
        job.spec = job.spec.model_copy(update={"about": row.about})  # somebody may have changed it meanwhile
        result = job.finish(self._store.tasks(job_id), row.started_at or row.created_at, _now())
        if row.state is State.QUEUED and result.state not in (State.FAILED, State.CANCELLED):
            self._store.set_job_state(job_id, State.RUNNING, "", _now())
        self._store.set_job_state(job_id, result.state, result.message, _now())
        job.put_scratch_away(result.state, result.videos)
        self._forget(job_id)

    def _forget(self, job_id: str) -> None:
        del self._jobs[job_id]
        self.trouble.forget(job_id)
        measure_job(self._workspace, self._store, job_id)

    def _states(self, job: ActiveJob) -> dict[str, State]:
        return self._store.task_states(job.spec.job_id)

    def _start_over(self, job: ActiveJob, key: str, reason: str) -> None:
        """Have a task wait as if it had never been tried; that it was stopped is not its fault."""
        self._store.set_task_state(job.spec.job_id, key, State.WAITING, reason, _now(), forget_attempts=True)

    def _set_state(self, job: ActiveJob, key: str, state: State, message: str) -> None:
        self._store.set_task_state(job.spec.job_id, key, state, message, _now())


def _now() -> datetime:
    return datetime.now(UTC)
