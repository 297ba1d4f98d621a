"""Whether the machine has the disk space and memory that a task needs, before it begins."""

import shutil
from dataclasses import dataclass

import psutil

from videoprep_nb.core.memory import machine_memory_bytes
from videoprep_nb.core.text import format_size, reason_of
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.notebook_runner.process import OutcomeKind
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.waits import WHAT
from videoprep_nb.jobs.storage.retention import free_stashes
from videoprep_nb.jobs.storage.workspace import Workspace, disk_bytes
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.registry import STAGES

_MORE = 1.5
_MIN_MORE_BYTES = 10**7
_SMALL_FILES_BYTES = 10**6


@dataclass(frozen=True)
class Shortage:
    """What is missing for a task.

    Args:
        kind: How it would end.
        reason: The numbers.
        is_final: Whether waiting is of no use: the machine never has so much.
    """

    kind: OutcomeKind
    reason: str
    is_final: bool

    @property
    def what(self) -> str:
        """What is missing, in words."""
        return WHAT[self.kind]


class Room:
    """The disk of the workspace and the memory of this machine.

    Args:
        workspace: The workspace.
        store: Its store.
        limits: What must stay free.
        is_local: Whether tasks run on this machine, whose memory counts then.
    """

    def __init__(self, workspace: Workspace, store: Store, limits: Limits, is_local: bool) -> None:
        self._workspace = workspace
        self._store = store
        self._limits = limits
        self._is_local = is_local
        self._disk_needs: dict[tuple[str, str], int] = {}
        self._memory_needs: dict[tuple[str, str], int] = {}

    def shortage(self, job: ActiveJob, task: Task) -> Shortage | None:
        """What a task lacks that is about to begin; what is kept for retries makes room for it."""
        key = job.spec.job_id, task.key
        return self._disk_shortage(self._disk_need(job, task)) or self._memory_shortage(
            max(self._limits.free_memory_bytes, self._memory_needs.get(key, 0))
        )

    def make_room(self) -> None:
        """Free what the job database and other small files need, if that is kept for retries."""
        free_stashes(self._workspace, self._store, self._limits.free_bytes + _SMALL_FILES_BYTES)

    def note_disk_full(self, job: ActiveJob, key: str) -> str:
        """Remember that what is free now was not enough for a task, and require half as much again.

        Returns:
            The numbers; empty if there can never be so much, even if all that is not of this job were deleted.
        """
        try:
            disk, own_bytes = shutil.disk_usage(self._workspace.path), disk_bytes(job.folder.path)
        except OSError as error:  # the disk does not answer, which is no reason not to try again
            return reason_of(error)
        needed = max(int(_MORE * disk.free), disk.free + _MIN_MORE_BYTES)
        self._disk_needs[job.spec.job_id, key] = needed
        return _numbers(disk.free, needed) if needed <= disk.total - own_bytes else ""

    def note_out_of_memory(self, job_id: str, key: str, limit_bytes: int | None) -> None:
        """Remember how much memory was not enough for a task."""
        self._memory_needs[job_id, key] = limit_bytes or 0

    def forget(self, job_id: str) -> None:
        """Forget what was remembered of a job."""
        for needs in (self._disk_needs, self._memory_needs):
            for name in [name for name in needs if name[0] == job_id]:
                del needs[name]

    def _disk_need(self, job: ActiveJob, task: Task) -> int:
        """What must be free: for a video that is to be begun, room for all that becomes of it."""
        begun = 0
        if task.video is not None and STAGES[task.stage].reads_raw_video and task.video.path.is_file():
            begun = int(task.video.path.stat().st_size * self._limits.free_per_input_byte)
        return max(self._limits.free_bytes + begun, self._disk_needs.get((job.spec.job_id, task.key), 0))

    def _disk_shortage(self, needed: int) -> Shortage | None:
        disk = shutil.disk_usage(self._workspace.path)
        if disk.free < needed:
            free_stashes(self._workspace, self._store, needed)
            disk = shutil.disk_usage(self._workspace.path)
        if disk.free >= needed:
            return None
        reason = _numbers(disk.free, needed)
        is_final = needed > disk.total
        more = f", and the whole disk has {format_size(disk.total)}" if is_final else ""
        return Shortage(OutcomeKind.DISK_FULL, reason + more, is_final)

    def _memory_shortage(self, needed: int) -> Shortage | None:
        memory = psutil.virtual_memory()
        if not self._is_local or memory.available >= needed:
            return None
        reason = f"{format_size(memory.available)} available, {format_size(needed)} needed"
        total_bytes = machine_memory_bytes()
        is_final = needed > total_bytes
        more = f", and the machine has {format_size(total_bytes)}" if is_final else ""
        return Shortage(OutcomeKind.OUT_OF_MEMORY, reason + more, is_final)


def _numbers(free_bytes: int, needed_bytes: int) -> str:
    return f"{format_size(free_bytes)} free, {format_size(needed_bytes)} needed"
