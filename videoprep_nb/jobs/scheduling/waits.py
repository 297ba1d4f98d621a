"""The tasks that wait because of trouble of the machine: how often they are tried again, and when."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.notebook_runner.process import OutcomeKind
from videoprep_nb.jobs.store.rows import JobRow

WHAT: Mapping[OutcomeKind, str] = {
    OutcomeKind.DIED: "another attempt",
    OutcomeKind.LOST: "another worker",
    OutcomeKind.TROUBLE: "the machine",
    OutcomeKind.DISK_FULL: "disk space",
    OutcomeKind.SCRATCH_FULL: "disk space of a worker",
    OutcomeKind.OUT_OF_MEMORY: "memory",
}
"""The ends of a task that are tried again, and what is waited for. All others would come again."""

_CHECK_INTERVAL_S = 2.0


def doubling_delays(first_s: float, max_s: float, total_s: float) -> tuple[float, ...]:
    """Delays that double up to a longest one, as many as fit into a time.

    Example:
        >>> doubling_delays(1, 4, 12)
        (1, 2, 4, 4)
    """
    delays: list[float] = []
    delay_s = first_s
    while sum(delays) + delay_s <= total_s:
        delays.append(delay_s)
        delay_s = min(2 * delay_s, max_s)
    return tuple(delays)


@dataclass(frozen=True)
class _Wait:
    due_s: float
    sentence: str
    is_over: bool = False


def with_waits(rows: Iterable[JobRow], sentences: Mapping[str, str]) -> list[JobRow]:
    """Jobs as people see them: the message of one that waits is the reason.

    Args:
        rows: The jobs.
        sentences: See ``Waits.sentences``.
    """
    return [
        replace(row, message=sentences[row.job_id]) if row.job_id in sentences and row.state not in ENDED else row
        for row in rows
    ]


class Waits:
    """Only the dispatcher changes it; any thread may read the sentences.

    A task is named by its job and its key; an empty key stands for the job as a whole.

    Args:
        max_wait_s: How long something waits for disk space or memory.
    """

    def __init__(self, max_wait_s: float) -> None:
        self._max_wait_s = max_wait_s
        self._delays: Mapping[OutcomeKind, tuple[float, ...]] = {
            OutcomeKind.DIED: (1.0,),
            OutcomeKind.LOST: (1.0, 1.0),
            OutcomeKind.TROUBLE: doubling_delays(2.0, 60.0, 900.0),
            OutcomeKind.DISK_FULL: doubling_delays(5.0, 300.0, max_wait_s),
            OutcomeKind.SCRATCH_FULL: doubling_delays(5.0, 300.0, max_wait_s),
            OutcomeKind.OUT_OF_MEMORY: (5.0,) if max_wait_s else (),
        }
        self._tries: Counter[tuple[str, str, OutcomeKind]] = Counter()
        self._held_since_s: dict[tuple[str, str], float] = {}
        self._waits: dict[tuple[str, str], _Wait] = {}

    def put_off(self, job_id: str, key: str, kind: OutcomeKind, reason: str) -> str:
        """Have something wait that went wrong.

        Args:
            job_id: The job.
            key: The task.
            kind: How it ended.
            reason: What is wrong, in one sentence.

        Returns:
            The sentence for people; empty when it is not tried again, or was tried often enough.
        """
        delays = self._delays.get(kind, ())
        tries = self._tries[job_id, key, kind]
        if tries >= len(delays):
            return ""
        self._tries[job_id, key, kind] += 1
        return self._wait(job_id, key, kind, reason, delays[tries])

    def hold(self, job_id: str, key: str, kind: OutcomeKind, reason: str) -> str:
        """Have something wait that had better not begin now.

        Args:
            job_id: The job.
            key: The task.
            kind: How it would end.
            reason: What is wrong.

        Returns:
            The sentence for people; empty when it has waited for too long.
        """
        now_s = time.monotonic()
        since_s = self._held_since_s.setdefault((job_id, key), now_s)
        if now_s - since_s > self._max_wait_s:
            return ""
        return self._wait(job_id, key, kind, reason, _CHECK_INTERVAL_S)

    def tries(self, job_id: str, key: str, kind: OutcomeKind) -> int:
        """How often something was put off after such an end."""
        return self._tries[job_id, key, kind]

    def is_held(self, job_id: str, key: str) -> bool:
        """Whether a task has been kept from beginning."""
        return (job_id, key) in self._held_since_s

    def is_due(self, job_id: str, key: str) -> bool:
        """Whether something need not wait, or no longer."""
        wait = self._waits.get((job_id, key))
        return wait is None or time.monotonic() >= wait.due_s

    def jobs_to_go_on(self) -> list[str]:
        """The jobs of which a wait is over since the last call."""
        now_s = time.monotonic()
        over = {name: wait for name, wait in self._waits.items() if not wait.is_over and now_s >= wait.due_s}
        self._waits |= {name: replace(wait, is_over=True) for name, wait in over.items()}
        return list(dict.fromkeys(job_id for job_id, _ in over))

    def end(self, job_id: str, key: str) -> None:
        """Something goes on; how often it was tried is not forgotten."""
        self._waits.pop((job_id, key), None)
        self._held_since_s.pop((job_id, key), None)

    def forget(self, job_id: str) -> None:
        """A job has ended."""
        self._waits = {name: wait for name, wait in self._waits.items() if name[0] != job_id}
        self._held_since_s = {name: since_s for name, since_s in self._held_since_s.items() if name[0] != job_id}
        self._tries = Counter({name: tries for name, tries in self._tries.items() if name[0] != job_id})

    def sentences(self) -> dict[str, str]:
        """What each job waits for, in one sentence, by its id."""
        return {job_id: wait.sentence for (job_id, _), wait in self._waits.copy().items()}

    def _wait(self, job_id: str, key: str, kind: OutcomeKind, reason: str, delay_s: float) -> str:
        next_try = datetime.now(UTC) + timedelta(seconds=delay_s)
        sentence = f"Waiting for {WHAT[kind]}: {reason.rstrip('.')}; next try at {next_try:%H:%M:%S} UTC."
        self._waits[job_id, key] = _Wait(time.monotonic() + delay_s, sentence)
        return sentence
