"""How much room running jobs take, and how much their scratch files may: the estimate may have been too little."""

import time
from collections.abc import Callable, Iterable, Iterator

from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.storage.measuring import measure_running

_INTERVAL_S = 10.0
_PAUSE_PER_MEASUREMENT = 20


class ScratchQuota:
    """Finds jobs whose scratch files have become too large.

    Args:
        limit_bytes: What those of one job may take; None for any amount.
        note: Takes the id of a job and the room that all its files take.
    """

    def __init__(self, limit_bytes: int | None, note: Callable[[str, int], None]) -> None:
        self._limit_bytes = limit_bytes
        self._note = note
        self._next_s = 0.0

    def exceeded(self, jobs: Iterable[ActiveJob]) -> Iterator[tuple[ActiveJob, str]]:
        """Measure, if it is time to.

        Args:
            jobs: The jobs that run.

        Yields:
            Each job that takes too much, and the reason to stop it.
        """
        started_s = time.monotonic()
        if started_s < self._next_s:
            return
        for job in jobs:
            if job.stopped:
                continue
            all_bytes, used_bytes = measure_running(job.folder)
            self._note(job.spec.job_id, all_bytes)
            if self._limit_bytes is not None and used_bytes > self._limit_bytes:
                yield (
                    job,
                    (
                        f"Its scratch files took {used_bytes / 1e9:.2f} GB, at most {self._limit_bytes / 1e9:g} GB are "
                        "allowed; make several jobs of it, or choose a lower resolution or frame rate."
                    ),
                )
        elapsed_s = time.monotonic() - started_s
        self._next_s = started_s + max(_INTERVAL_S, _PAUSE_PER_MEASUREMENT * elapsed_s)
