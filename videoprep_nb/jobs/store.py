"""What the service remembers: jobs, their units of work and what happened to them, in one SQLite file.

Only the service writes. Every change of state is checked against the table of states and leaves an event, in the
same transaction.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from videoprep_nb.errors import InputError, NoSuchJob
from videoprep_nb.jobs.models import JobSpec, State
from videoprep_nb.jobs.schema import MIGRATIONS, migrate, version_of
from videoprep_nb.jobs.states import ENDED, check_transition
from videoprep_nb.layout import disk_full_error

EventKind = Literal["job", "unit", "message"]

_BUSY_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class JobRow:
    """A job.

    Args:
        number: Its place in the order of submission.
        job_id: Its id.
        owner: Who submitted it; empty where nobody logs in.
        state: Its state.
        message: Why it is in this state, in one sentence; empty when there is nothing to say.
        video_names: Names of its videos as the person knows them.
        size_bytes: Size of its videos.
        keep_scratch: Keep clips, frames, detections and tracks when it has ended.
        created_at: When it was submitted.
        started_at: When its first unit started, None before.
        ended_at: When it ended, None before.
        results_deleted_at: When its files were deleted to make room, None while they are there.
    """

    number: int
    job_id: str
    owner: str
    state: State
    message: str
    video_names: tuple[str, ...]
    size_bytes: int
    keep_scratch: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    results_deleted_at: datetime | None


@dataclass(frozen=True)
class UnitRow:
    """A unit of work: one notebook.

    Args:
        key: Its name within the job.
        stage: The stage.
        video_id: The video, None for a stage that runs once per job.
        part: Which part of the video, None for the whole.
        state: Its state.
        attempt: How often it was started since it was planned, or since somebody asked for a retry.
        done: What is finished of the running attempt.
        total: What there is to do, 0 while that is unknown.
        unit: What is counted: ``frames``, ``clips``, ``files``.
        message: Why it is in this state, in one sentence; empty when there is nothing to say.
        started_at: When the last attempt started, None before.
        ended_at: When it ended, None before.
        report: File name of the executed notebook, empty when there is none.
    """

    key: str
    stage: str
    video_id: str | None
    part: int | None = None
    state: State = State.WAITING
    attempt: int = 0
    done: int = 0
    total: int = 0
    unit: str = ""
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    report: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Args:
        id: Grows with every event of any job and never comes back.
        job_id: The job.
        at: When.
        kind: ``job`` or ``unit`` for a change of state, ``message`` for anything else.
        text: One sentence, or the state.
        data: The same for programs: ``state`` and ``message``; for a unit also ``key`` and ``attempt``.
    """

    id: int
    job_id: str
    at: datetime
    kind: EventKind
    text: str
    data: dict[str, Any]


class Store:
    """The database of a service. Any thread may call it; one call at a time goes through.

    Args:
        path: The SQLite file; its folder must exist.
        read_only: Only look at an existing database, while no service runs.

    Raises:
        InputError: The file cannot be opened, is no such database, or is of another version.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self._path = path
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
                uri=True,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,  # transactions begin and end where we say so
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            if read_only:
                self._check_version()
            else:
                self._prepare()
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be opened as a job database ({error}).") from error

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # a power cut may lose the last moments, never the file; done markers on the disk make good for them
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        migrate(self._connection, MIGRATIONS)

    def _check_version(self) -> None:
        version = version_of(self._connection)
        if version != len(MIGRATIONS):
            raise InputError(
                f"{self._path} has version {version}, wanted {len(MIGRATIONS)}; "
                "start the service of this toolkit once to bring it up to date, or use the toolkit that wrote it."
            )

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def add_job(self, spec: JobSpec, size_bytes: int, owner: str, at: datetime) -> None:
        """Add a queued job.

        Args:
            spec: The job.
            size_bytes: Size of its videos.
            owner: Who submitted it.
            at: When.
        """
        names = [video.original_name for video in spec.videos]
        values = {
            "job_id": spec.job_id,
            "owner": owner,
            "state": State.QUEUED,
            "message": "",
            "video_names": json.dumps(names),
            "search_text": "\n".join([spec.job_id, *names]).casefold(),
            "size_bytes": size_bytes,
            "keep_scratch": spec.keep_scratch,
            "created_at": _text(at),
        }
        with self._transaction() as cursor:
            cursor.execute(_insert("jobs", values), values)
            _add_state_event(cursor, spec.job_id, "job", at, {"state": State.QUEUED, "message": ""})

    def job(self, job_id: str) -> JobRow:
        """A job.

        Raises:
            NoSuchJob: There is none.
        """
        rows = self._read("SELECT * FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise _no_such_job(job_id)
        return _job_row(rows[0])

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
            text: Only jobs with this text in their id or in the name of a video, upper or lower case.
            owner: Only jobs of this owner.
            offset: How many to leave out.
            limit: How many to return at most.

        Returns:
            The jobs of the page, and how many there are on all pages.
        """
        wanted: dict[str, str | None] = {
            "state = ?": state,
            "owner = ?": owner,
            "instr(search_text, ?)": text.casefold() if text else None,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        with self._lock:  # both questions see the same jobs
            total = self._read(f"SELECT count(*) FROM jobs {where}", *given.values())[0][0]  # noqa: S608 - constants
            rows = self._read(
                f"SELECT * FROM jobs {where} ORDER BY number DESC LIMIT ? OFFSET ?",  # noqa: S608 - constants
                *given.values(),
                limit,
                offset,
            )
        return [_job_row(row) for row in rows], total

    def unfinished_jobs(self) -> list[JobRow]:
        """Jobs that are queued or running, in the order of their submission."""
        rows = self._read("SELECT * FROM jobs WHERE state IN (?, ?) ORDER BY number", State.QUEUED, State.RUNNING)
        return [_job_row(row) for row in rows]

    def count_by_state(self) -> dict[State, int]:
        """How many jobs are in each state; states without a job are left out."""
        return {State(state): count for state, count in self._read("SELECT state, count(*) FROM jobs GROUP BY state")}

    def set_job_state(self, job_id: str, state: State, message: str, at: datetime) -> None:
        """Change the state of a job.

        Args:
            job_id: The job.
            state: The new state.
            message: Why, in one sentence; may be empty.
            at: When.

        Raises:
            NoSuchJob: There is no such job.
            WrongState: The job cannot go to this state from the one it is in.
        """
        with self._transaction() as cursor:
            row = cursor.execute("SELECT * FROM jobs WHERE job_id = ?", [job_id]).fetchone()
            if row is None:
                raise _no_such_job(job_id)
            check_transition("job", State(row["state"]), state)
            retried = State(row["state"]) in ENDED
            started_at = None if retried else row["started_at"]
            values = {
                "state": state,
                "message": message,
                "started_at": started_at or (_text(at) if state is State.RUNNING else None),
                "ended_at": _text(at) if state in ENDED else None,
            }
            cursor.execute(f"UPDATE jobs SET {_assignments(values)} WHERE number = :number", values | _number(row))  # noqa: S608
            _add_state_event(cursor, job_id, "job", at, {"state": state, "message": message})

    def mark_results_deleted(self, job_id: str, at: datetime) -> None:
        """Note that the files of a job were deleted to make room.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._transaction() as cursor:
            cursor.execute("UPDATE jobs SET results_deleted_at = ? WHERE job_id = ?", [_text(at), job_id])
            if cursor.rowcount == 0:
                raise _no_such_job(job_id)
            _add_event(cursor, job_id, "message", f"Results deleted on {at:%Y-%m-%d}.", {}, at)

    def delete_job(self, job_id: str) -> None:
        """Forget a job, with its units and events.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM jobs WHERE job_id = ?", [job_id])
            if cursor.rowcount == 0:
                raise _no_such_job(job_id)

    def add_units(self, job_id: str, units: Iterable[UnitRow]) -> None:
        """Add units to a job; those that it has already are left as they are.

        Raises:
            NoSuchJob: There is no such job.
        """
        with self._transaction() as cursor:
            if cursor.execute("SELECT 1 FROM jobs WHERE job_id = ?", [job_id]).fetchone() is None:
                raise _no_such_job(job_id)
            for unit in units:
                values = {"job_id": job_id} | unit.__dict__
                for name in ("started_at", "ended_at"):
                    values[name] = _text(values[name]) if values[name] else None
                cursor.execute(_insert("units", values) + " ON CONFLICT (job_id, key) DO NOTHING", values)

    def units(self, job_id: str) -> list[UnitRow]:
        """The units of a job in the order in which they were added; none when there is no such job."""
        return [_unit_row(row) for row in self._read("SELECT * FROM units WHERE job_id = ? ORDER BY number", job_id)]

    def set_unit_state(
        self, job_id: str, key: str, state: State, message: str, at: datetime, report: str = ""
    ) -> None:
        """Change the state of a unit.

        Args:
            job_id: The job.
            key: The unit.
            state: The new state.
            message: Why, in one sentence; may be empty.
            at: When.
            report: File name of the executed notebook; empty when there is none.

        Raises:
            NoSuchJob: There is no such job or unit.
            WrongState: The unit cannot go to this state from the one it is in.
        """
        with self._transaction() as cursor:
            row = cursor.execute("SELECT * FROM units WHERE job_id = ? AND key = ?", [job_id, key]).fetchone()
            if row is None:
                raise NoSuchJob(f"There is no job {job_id} with a unit {key}.")
            check_transition("unit", State(row["state"]), state)
            values = {"state": state, "message": message, "report": report} | _unit_changes(row, state, at)
            cursor.execute(f"UPDATE units SET {_assignments(values)} WHERE number = :number", values | _number(row))  # noqa: S608
            attempt = values.get("attempt", row["attempt"])
            data = {"key": key, "state": state, "attempt": attempt, "message": message}
            _add_state_event(cursor, job_id, "unit", at, data)

    def set_unit_progress(self, job_id: str, key: str, done: int, total: int, unit: str) -> None:
        """Note how far a running unit is; what is finished never shrinks, and late reports are ignored.

        Args:
            job_id: The job.
            key: The unit.
            done: What is finished.
            total: What there is to do, 0 while that is unknown.
            unit: What is counted.
        """
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE units SET done = max(done, ?), total = ?, unit = ? WHERE job_id = ? AND key = ? AND state = ?",
                [done, total, unit, job_id, key, State.RUNNING],
            )

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
        with self._transaction() as cursor:
            _add_event(cursor, job_id, "message", text, data or {}, at)

    def events(self, job_id: str, since_id: int = 0) -> list[Event]:
        """The events of a job after a certain one, oldest first; none when there is no such job."""
        rows = self._read("SELECT * FROM events WHERE job_id = ? AND id > ? ORDER BY id", job_id, since_id)
        return [_event(row) for row in rows]

    def _read(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        """A block that changes the database wholly or not at all.

        Raises:
            DiskFullError: There was no room for the change.
        """
        with self._lock:
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                    raise disk_full_error(self._path.parent) from error
                raise
            finally:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
