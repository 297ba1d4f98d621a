"""Which task runs next: owners take turns, and within an owner the job that began first comes first."""

from collections import Counter
from collections.abc import Collection, Iterable

from videoprep_nb.core.turns import Turns
from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.attempts import Attempt
from videoprep_nb.jobs.task import Task


class TaskTurns:
    """Gives out the tasks of all jobs, one at a time."""

    def __init__(self) -> None:
        self._turns = Turns()

    def take(
        self, jobs: Iterable[ActiveJob], attempts: Collection[Attempt], slots: Slots
    ) -> tuple[ActiveJob, Task] | None:
        """Take the next task from those that are ready.

        Args:
            jobs: All jobs, in the order in which they began or will begin.
            attempts: What runs now.
            slots: How many tasks can run at a time.

        Returns:
            The task and its job; None while nothing that is ready can run.
        """
        if len(attempts) >= slots.tasks:
            return None
        gpu_is_free = sum(attempt.needs_gpu for attempt in attempts) < slots.gpu
        ready: dict[str, tuple[ActiveJob, Task]] = {}
        for job in jobs:
            if job.owner not in ready and (task := job.first_ready(gpu_is_free)):
                ready[job.owner] = job, task
        if not ready:
            return None
        job, task = ready[self._turns.take(ready, Counter(attempt.owner for attempt in attempts))]
        job.ready.remove(task)
        return job, task
