"""Which task runs next: owners take turns, and within an owner the job that began first comes first."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.attempts import Attempt
from videoprep_nb.jobs.task import Task


def next_owner(waiting: Iterable[str], running: Mapping[str, int], turns: Mapping[str, int]) -> str:
    """The owner who is served next: the one of whom the fewest run; of those, the one who has waited longest.

    Args:
        waiting: Owners of whom something could run now, at least one.
        running: How many of each owner run now.
        turns: Number of the last turn of each owner who has had one.

    Example:
        >>> next_owner(["anna", "bert", "cleo"], running={"anna": 1}, turns={"anna": 2, "bert": 1, "cleo": 0})
        'cleo'
    """
    return min(waiting, key=lambda owner: (running.get(owner, 0), turns.get(owner, -1)))


class TaskTurns:
    """Gives out the tasks of all jobs, one at a time."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._next_turn = 0

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
        owner = next_owner(ready, Counter(attempt.owner for attempt in attempts), self._turns)
        self._turns[owner] = self._next_turn
        self._next_turn += 1
        job, task = ready[owner]
        job.ready.remove(task)
        return job, task
