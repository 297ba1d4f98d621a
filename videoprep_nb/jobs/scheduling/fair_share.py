"""Which task runs next: owners take turns, and within an owner the job that began first comes first."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from videoprep_nb.core.turns import Turns
from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.attempts import Attempt
from videoprep_nb.jobs.task import Task


@dataclass(frozen=True)
class QueuePlace:
    """Where a job stands in the queue.

    Args:
        jobs_ahead: Unfinished jobs of the same owner that come first; this one gets the workers that they leave free.
        other_owners: Owners of other unfinished jobs, who take turns with this one however many jobs each has.
    """

    jobs_ahead: int
    other_owners: int


def queue_places(jobs: Iterable[ActiveJob]) -> dict[str, QueuePlace]:
    """Where jobs stand in the queue, by id; one that is to be stopped gets no turn, and has no place.

    Args:
        jobs: All jobs, in the order in which they began or will begin.
    """
    waiting = [job for job in jobs if not job.stopped]
    other_owners = len({job.owner for job in waiting}) - 1
    before: Counter[str] = Counter()
    places = {}
    for job in waiting:
        places[job.spec.job_id] = QueuePlace(before[job.owner], other_owners)
        before[job.owner] += 1
    return places


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
        gpu_count = sum(attempt.needs_gpu for attempt in attempts)
        gpu_is_free, cpu_is_free = gpu_count < slots.gpu, len(attempts) - gpu_count < slots.cpu
        ready: dict[str, tuple[ActiveJob, Task]] = {}
        for job in jobs:
            if job.owner not in ready and (task := job.first_ready(slots, gpu_is_free, cpu_is_free)):
                ready[job.owner] = job, task
        if not ready:
            return None
        job, task = ready[self._turns.take(ready, Counter(attempt.owner for attempt in attempts))]
        job.ready.remove(task)
        return job, task
