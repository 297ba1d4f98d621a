"""What becomes of work that the machine could not do: whether it is tried again, when, and what people are shown."""

import logging
from dataclasses import dataclass

from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind
from videoprep_nb.jobs.notebook_runner.trouble import kind_of_error
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.room import Room
from videoprep_nb.jobs.scheduling.waits import Waits
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.task import Task

_GONE = "The folder of the task could not be found"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """Why a task does not begin now.

    Args:
        sentence: For people.
        is_final: Whether it never will.
        is_new: Whether it could have begun before.
    """

    sentence: str
    is_final: bool
    is_new: bool


class Trouble:
    """Judges trouble of the machine, for the dispatcher; it changes nothing in the store.

    Args:
        workspace: The workspace.
        store: Its store.
        settings: Where tasks run.
        limits: What must stay free, and how long to wait.
    """

    def __init__(self, workspace: Workspace, store: Store, settings: EngineSettings, limits: Limits) -> None:
        self._settings = settings
        self.waits = Waits(limits.max_wait.total_seconds())
        self._room = Room(workspace, store, limits, is_local=settings.scheduler is None)
        self.make_room = self._room.make_room

    def judge(self, job: ActiveJob, key: str, outcome: Outcome, is_alone: bool) -> tuple[Outcome, str]:
        """What becomes of a task that has ended.

        Args:
            job: Its job.
            key: The task.
            outcome: How it ended.
            is_alone: Whether no other task runs, which could have taken its memory.

        Returns:
            The outcome as it is reported at last, and the sentence of its wait; empty when it is not tried again.
        """
        if job.stopped:
            return outcome, ""
        job_id = job.spec.job_id
        if outcome.kind is OutcomeKind.CANCELLED:  # nobody has asked for it
            outcome = outcome.model_copy(update={"kind": OutcomeKind.TROUBLE, "message": _GONE})
        reason = outcome.message
        if outcome.kind is OutcomeKind.DISK_FULL:
            reason = self._room.note_disk_full(job, key)
        elif outcome.kind is OutcomeKind.OUT_OF_MEMORY:
            reason = "" if is_alone else reason
            self._room.note_out_of_memory(job_id, key, self._settings.memory_limit_bytes)
        sentence = self.waits.put_off(job_id, key, outcome.kind, reason) if reason else ""
        tries = self.waits.tries(job_id, key, outcome.kind)
        if not sentence and tries:
            outcome = outcome.model_copy(update={"message": f"{outcome.message} It was tried {tries + 1} times."})
        return outcome, sentence

    def put_off(self, job_id: str, error: Exception) -> bool:
        """Have a job wait with which something could not be done; whether it may be tried again."""
        kind = kind_of_error(error)
        if kind is OutcomeKind.FAILED:  # a file of ours is not there: perhaps the disk of the workspace
            kind = OutcomeKind.TROUBLE
        if kind is OutcomeKind.DISK_FULL:
            self.make_room()
        sentence = self.waits.put_off(job_id, "", kind, str(error))
        _log.warning("job %s: %s", job_id, sentence or error)
        return bool(sentence)

    def hold(self, job: ActiveJob, task: Task) -> Held | None:
        """Why a task cannot begin now; None when it can, and then it no longer waits."""
        job_id = job.spec.job_id
        shortage = self._room.shortage(job, task)
        if shortage is None:
            self.waits.end(job_id, task.key)
            return None
        is_new = not self.waits.is_held(job_id, task.key)
        if shortage.is_final:
            return Held(f"Not enough {shortage.what}: {shortage.reason}.", is_final=True, is_new=is_new)
        if sentence := self.waits.hold(job_id, task.key, shortage.kind, shortage.reason):
            return Held(sentence, is_final=False, is_new=is_new)
        return Held(f"Waited too long for {shortage.what}: {shortage.reason}.", is_final=True, is_new=is_new)

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self.waits.forget(job_id)
        self._room.forget(job_id)
