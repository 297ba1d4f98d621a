"""Ends of jobs that a channel has not announced yet; each is noted in the transaction that ends its job."""

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.database import Database
from videoprep_nb.jobs.store.rows import time_text
from videoprep_nb.jobs.store.sql import insert

_SELECT = "SELECT deliveries.*, jobs.number AS job_number FROM deliveries JOIN jobs USING (job_id)"


@dataclass(frozen=True)
class Delivery:
    """The end of a job, on its way to a channel.

    Args:
        delivery_id: The same at every attempt, so a receiver can tell what it has already.
        job_id: The job.
        job_number: Its number.
        state: How it ended.
        ended_at: When.
        attempt: How often it was tried.
        problem: Why the last attempt failed, in one sentence; empty before the first.
    """

    delivery_id: str
    job_id: str
    job_number: int
    state: State
    ended_at: datetime
    attempt: int
    problem: str


class Deliveries:
    """The ends of jobs that are to be delivered. A job that is deleted takes its deliveries with it.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.channels: set[str] = set()
        """Names of the channels that announce ends; each has a delivery of its own."""

    def add(self, cursor: sqlite3.Cursor, job_id: str, state: State, at: datetime) -> None:
        """Note the end of a job, within the transaction that ends it."""
        for channel in self.channels:
            values = {
                "delivery_id": uuid.uuid4().hex,
                "job_id": job_id,
                "channel": channel,
                "state": state,
                "ended_at": time_text(at),
                "due_at": time_text(at),
            }
            cursor.execute(insert("deliveries", values), values)

    def due(self, channel: str, now: datetime) -> list[Delivery]:
        """What a channel is to try now, the oldest end first."""
        rows = self._database.read(
            f"{_SELECT} WHERE channel = ? AND due_at <= ? ORDER BY deliveries.number", channel, time_text(now)
        )
        return [_delivery_from(row) for row in rows]

    def failing(self, channel: str) -> list[Delivery]:
        """What a channel tried in vain and will try again, the oldest end first."""
        rows = self._database.read(f"{_SELECT} WHERE channel = ? AND attempt > 0 ORDER BY deliveries.number", channel)
        return [_delivery_from(row) for row in rows]

    def postpone(self, delivery_id: str, problem: str, due_at: datetime) -> None:
        """Note an attempt that failed, and when the next one is due."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE deliveries SET attempt = attempt + 1, problem = ?, due_at = ? WHERE delivery_id = ?",
                [problem, time_text(due_at), delivery_id],
            )

    def remove(self, delivery_id: str) -> None:
        """Forget a delivery: it has arrived, or is given up."""
        with self._database.transaction() as cursor:
            cursor.execute("DELETE FROM deliveries WHERE delivery_id = ?", [delivery_id])


def _delivery_from(row: sqlite3.Row) -> Delivery:
    return Delivery(
        delivery_id=row["delivery_id"],
        job_id=row["job_id"],
        job_number=row["job_number"],
        state=State(row["state"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        attempt=row["attempt"],
        problem=row["problem"],
    )
