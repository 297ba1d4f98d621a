"""What the service remembers: jobs, their tasks (see ``tasks.py``) and what happened to them, in one SQLite file.

Only the service writes. Every change of state is checked against the table of states and leaves an event, in the
same transaction.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.core.file_names import visible_lines
from videoprep_nb.jobs.models import ENDED, JobAbout, JobSpec, State
from videoprep_nb.jobs.states import check_transition
from videoprep_nb.jobs.store.database import Database
from videoprep_nb.jobs.store.deliveries import Deliveries
from videoprep_nb.jobs.store.events import add_event, add_state_event
from videoprep_nb.jobs.store.news import read_news
from videoprep_nb.jobs.store.restored import restore
from videoprep_nb.jobs.store.rows import (
    Event,
    JobRow,
    TaskRow,
    event_from,
    job_from,
    job_times,
    time_text,
)
from videoprep_nb.jobs.store.search import CONDITION, search_text, searched
from videoprep_nb.jobs.store.sql import insert, update
from videoprep_nb.jobs.store.tasks import TaskStore, check_job, end_tasks

_MAX_NUMBER = 2**63 - 1  # the largest integer of SQLite


class Store(TaskStore):
    """The database of a service. Any thread may call it; one call at a time goes through.

    Args:
        path: The SQLite file; its folder must exist.
        read_only: Only read an existing database, while no service runs.

    Raises:
        InputError: The file cannot be opened, is no such database, or is of another version.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        super().__init__(Database(path, read_only))
        self.check_writable = self._database.check_writable
        self.news = partial(read_news, self._database)
        self.deliveries = Deliveries(self._database)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def reserve_number(self) -> int:
        """A number for a new job, which no other job gets."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO sqlite_sequence SELECT 'jobs', 0 WHERE 'jobs' NOT IN (SELECT name FROM sqlite_sequence)"
            )
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'jobs'")
            return int(cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'").fetchone()[0])

    def add_job(self, spec: JobSpec, size_bytes: int, owner: str, at: datetime) -> None:
        """Add a queued job.

        Args:
            spec: The job.
            size_bytes: Size of its videos.
            owner: Id of the user who submitted it.
            at: When.
        """
        names = [video.original_name for video in spec.videos]
        values = {
            "number": spec.number,
            "job_id": spec.job_id,
            "owner": owner,
            "state": State.QUEUED,
            "message": "",
            "video_names": json.dumps(names),
            "search_text": search_text(spec.job_id, owner, names, spec.about),
            "name": spec.about.name,
            "note": spec.about.note,
            "size_bytes": size_bytes,
            "keep_scratch": spec.options.keep_scratch,
            "created_at": time_text(at),
        }
        with self._database.transaction() as cursor:
            cursor.execute(insert("jobs", values), values)
            add_state_event(cursor, spec.job_id, at, {"state": State.QUEUED, "message": ""})

    def adopt_job(self, job: JobRow, tasks: Iterable[TaskRow], message: str, at: datetime) -> JobRow:
        """Add a job as its folder describes it, in any state; what was known of it before is replaced.

        Args:
            job: The job. Number 0 means that it is unknown; one that another job has becomes the next free one.
            tasks: Its tasks, of which the first of each key counts.
            message: Why it is added, for its events.
            at: When.

        Returns:
            The job with its number.
        """
        with self._database.transaction() as cursor:
            number = restore(cursor, job, tasks)
            add_event(cursor, job.job_id, "message", message, {}, at)
            add_state_event(cursor, job.job_id, at, {"state": job.state, "message": job.message})
        return replace(job, number=number)

    def last_changes(self) -> dict[str, datetime]:
        """When something last happened to each job, by id."""
        last_event = "SELECT max(at) FROM events WHERE events.job_id = jobs.job_id"
        rows = self._database.read(f"SELECT job_id, coalesce(({last_event}), created_at) FROM jobs")  # noqa: S608 - constants
        return {job_id: datetime.fromisoformat(at) for job_id, at in rows}

    def job(self, job_id: str) -> JobRow:
        """A job.

        Raises:
            NoSuchJob: There is none.
        """
        rows = self._database.read("SELECT * FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise NoSuchJob.with_id(job_id)
        return job_from(rows[0])

    def job_id_of(self, number: int) -> str:
        """The id of the job with a number.

        Args:
            number: As ``JobRow.number``; larger than an id of SQLite is no error.

        Raises:
            NoSuchJob: There is none.
        """
        rows = self._database.read("SELECT job_id FROM jobs WHERE number = ?", number) if number <= _MAX_NUMBER else []
        if not rows:
            raise NoSuchJob.with_id(str(number))
        return str(rows[0]["job_id"])

    def jobs(
        self,
        state: State | None = None,
        text: str | None = None,
        owner: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[JobRow], int]:
        """A page of the list of jobs, newest first.

        Args:
            state: Only jobs in this state.
            text: Only jobs with this in "Job 12", their name, note, id or user, or the name of a video; in any case.
            owner: Only jobs of this owner.
            offset: How many to leave out.
            limit: How many to return at most.

        Returns:
            The jobs of the page, and how many there are on all pages.
        """
        conditions: dict[str, str | None] = {
            "state = ?": state,
            "owner = ?": owner,
            CONDITION: searched(text),
        }
        given = {condition: value for condition, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        with self._database.lock:  # both queries see the same jobs
            total = self._database.read(f"SELECT count(*) FROM jobs {where}", *given.values())[0][0]  # noqa: S608 - constants
            rows = self._database.read(
                f"SELECT * FROM jobs {where} ORDER BY number DESC LIMIT ? OFFSET ?",  # noqa: S608 - constants
                *given.values(),
                limit,
                offset,
            )
        return [job_from(row) for row in rows], total

    def unfinished_jobs(self) -> list[JobRow]:
        """Jobs that are queued or running: those that have started, in that order, then the others by their number."""
        rows = self._database.read(
            "SELECT * FROM jobs WHERE state IN (?, ?) ORDER BY started_at IS NULL, started_at, number",
            State.QUEUED,
            State.RUNNING,
        )
        return [job_from(row) for row in rows]

    def count_by_state(self, owner: str | None = None) -> dict[State, int]:
        """How many jobs, of one owner or of all, are in each state; states without a job are left out."""
        where, values = ("", ()) if owner is None else ("WHERE owner = ?", (owner,))
        rows = self._database.read(f"SELECT state, count(*) FROM jobs {where} GROUP BY state", *values)  # noqa: S608 - constants
        return {State(state): count for state, count in rows}

    def set_job_state(self, job_id: str, state: State, message: str, at: datetime) -> None:
        """Change the state of a job; when it ends, tasks that have not ended are cancelled with it.

        Args:
            job_id: The job.
            state: The new state.
            message: Why, in one sentence; may be empty.
            at: When.

        Raises:
            NoSuchJob: There is no such job.
            WrongState: The job cannot go to this state from the one it is in.
        """
        with self._database.transaction() as cursor:
            row = cursor.execute("SELECT * FROM jobs WHERE job_id = ?", [job_id]).fetchone()
            if row is None:
                raise NoSuchJob.with_id(job_id)
            check_transition("job", State(row["state"]), state)
            message = visible_lines(message)
            update(cursor, "jobs", row, {"state": state, "message": message} | job_times(row, state, at))
            if state in ENDED:
                end_tasks(cursor, job_id, at)
                self.deliveries.add(cursor, job_id, state, at)
            add_state_event(cursor, job_id, at, {"state": state, "message": message})

    def request_cancel(self, job_id: str) -> None:
        """Note that a job is to be cancelled; nothing is noted of one that has ended, and its end clears the note.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._database.transaction() as cursor:
            check_job(cursor, job_id)
            unfinished = [State.QUEUED, State.RUNNING]
            cursor.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE job_id = ? AND state IN (?, ?)", [job_id, *unfinished]
            )

    def set_about(self, job_id: str, about: JobAbout) -> None:
        """Give a job another name and note.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._database.transaction() as cursor:
            row = cursor.execute("SELECT * FROM jobs WHERE job_id = ?", [job_id]).fetchone()
            if row is None:
                raise NoSuchJob.with_id(job_id)
            text = search_text(job_id, row["owner"], json.loads(row["video_names"]), about)
            update(cursor, "jobs", row, {"name": about.name, "note": about.note, "search_text": text})

    def set_disk_bytes(self, job_id: str, disk_bytes: int) -> None:
        """Note how much room the files of a job take; nothing happens when there is no such job."""
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE jobs SET disk_bytes = ? WHERE job_id = ?", [disk_bytes, job_id])

    def disk_bytes(self, owner: str | None = None) -> int:
        """Room that the files of the jobs take, of one owner or of all, as far as it was measured."""
        where, values = ("", ()) if owner is None else ("WHERE owner = ?", (owner,))
        return int(self._database.read(f"SELECT coalesce(sum(disk_bytes), 0) FROM jobs {where}", *values)[0][0])  # noqa: S608 - constants

    def unmeasured_jobs(self) -> list[str]:
        """The jobs of which nobody knows how much room they take, newest first."""
        rows = self._database.read("SELECT job_id FROM jobs WHERE disk_bytes IS NULL ORDER BY number DESC")
        return [row["job_id"] for row in rows]

    def mark_results_deleted(self, job_id: str, at: datetime) -> None:
        """Note that the files of a job were deleted to make room.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._database.transaction() as cursor:
            check_job(cursor, job_id)
            cursor.execute(
                "UPDATE jobs SET results_deleted_at = ?, disk_bytes = 0 WHERE job_id = ?", [time_text(at), job_id]
            )
            add_event(cursor, job_id, "message", f"Results deleted on {at:%Y-%m-%d}.", {}, at)

    def delete_job(self, job_id: str) -> None:
        """Forget a job, with its tasks and events.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._database.transaction() as cursor:
            check_job(cursor, job_id)
            cursor.execute("DELETE FROM jobs WHERE job_id = ?", [job_id])

    def add_event(self, job_id: str, text: str, at: datetime, data: dict[str, Any] | None = None) -> None:
        """Note something that is no change of state.

        Args:
            job_id: The job.
            text: One sentence.
            at: When.
            data: The same for programs, as JSON.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._database.transaction() as cursor:
            check_job(cursor, job_id)
            add_event(cursor, job_id, "message", text, data or {}, at)

    def events(self, job_id: str, since_id: int = 0, limit: int = -1) -> list[Event]:
        """The events of a job after a certain one, oldest first, -1: all; none when there is no such job."""
        query = "SELECT * FROM events WHERE job_id = ? AND id > ? ORDER BY id LIMIT ?"
        rows = self._database.read(query, job_id, since_id, limit)
        return [event_from(row) for row in rows]
