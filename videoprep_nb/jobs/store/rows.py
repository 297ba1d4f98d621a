"""Jobs, tasks and events as the store gives them back."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from videoprep_nb.jobs.models import ENDED, JobAbout, State, owner_name

EventKind = Literal["job", "task", "message"]


@dataclass(frozen=True)
class JobRow:
    """A job.

    Args:
        number: Its place in the order of submission.
        job_id: Its id.
        owner: Id of the user who submitted it; empty where nobody logs in.
        state: Its state.
        message: Why it is in this state, in one sentence; empty when there is nothing to say.
        video_names: Names of its videos as the person knows them.
        size_bytes: Size of its videos.
        keep_scratch: Keep clips, frames, detections and tracks when it has ended.
        created_at: When it was submitted.
        started_at: When its first task started, None before.
        ended_at: When it ended, None before.
        results_deleted_at: When its files were deleted to make room, None while they are there.
        cancel_requested: Somebody has asked for its end, which has not come yet.
        name: What people call it, empty when it has no name.
        note: What they noted about it.
        disk_bytes: Room that its files took on the disk when that was last measured; None before.
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
    cancel_requested: bool
    name: str = ""
    note: str = ""
    disk_bytes: int | None = field(default=None, compare=False)

    @property
    def title(self) -> str:
        """Its number for people, in messages: "Job 32"."""
        return f"Job {self.number}"

    @property
    def about(self) -> JobAbout:
        """Its name and note."""
        return JobAbout(name=self.name, note=self.note)

    @property
    def heading(self) -> str:
        """Its title with its name, if it has one: "Job 32 · Station, north"."""
        return self.about.heading(self.title)

    @property
    def owner_name(self) -> str:
        """Name of who submitted it."""
        return owner_name(self.owner)


@dataclass(frozen=True)
class TaskRow:
    """A task of work: one notebook.

    Args:
        key: Its name within the job.
        stage: The stage.
        video_id: The video, None for a stage that runs once per job.
        part: Which part of the video, None for the whole.
        state: Its state.
        attempt: How often it was started since it was planned, or since somebody asked for a retry.
        done: What is finished of the running attempt.
        total: What there is to do, 0 while that is unknown.
        progress_unit: What is counted: ``frames``, ``clips``.
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
    progress_unit: str = ""
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    report: str = ""

    @property
    def fraction_done(self) -> float:
        """Share of the task that is done, 0 to 1."""
        if self.state in ENDED:
            return 1.0
        return min(self.done / self.total, 1.0) if self.state is State.RUNNING and self.total else 0.0

    def rate_per_s(self, now: datetime) -> float | None:
        """How much was done a second since its start, None while nothing was."""
        elapsed_s = self.elapsed_s(now)
        return self.done / elapsed_s if self.done and elapsed_s > 0 else None

    def remaining_s(self, now: datetime) -> float | None:
        """Seconds until all is done at the rate so far; None while unknown, and for what comes after the last one."""
        rate = self.rate_per_s(now)
        is_counting = self.state is State.RUNNING and self.done < self.total
        return (self.total - self.done) / rate if rate and is_counting else None

    def elapsed_s(self, now: datetime) -> float:
        """Seconds from the start of the last attempt to its end, or until now; 0 before the start."""
        if self.started_at is None:
            return 0.0
        return ((self.ended_at or now) - self.started_at).total_seconds()


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Args:
        id: Grows with every event of any job and never comes back.
        job_id: The job.
        at: When.
        kind: ``job`` or ``task`` for a change of state, ``message`` for anything else.
        text: One sentence, or the state.
        data: The same for programs: ``state`` and ``message``; for a task also ``key`` and ``attempt``,
            and ``worker`` when it starts to run.
    """

    id: int
    job_id: str
    at: datetime
    kind: EventKind
    text: str
    data: dict[str, Any]


def job_from(row: sqlite3.Row) -> JobRow:
    """A job as it lies in the database."""
    values = _with_times(row, "created_at", "started_at", "ended_at", "results_deleted_at")
    del values["search_text"]
    values["state"] = State(row["state"])
    values["video_names"] = tuple(json.loads(row["video_names"]))
    values |= {name: bool(row[name]) for name in ("keep_scratch", "cancel_requested")}
    return JobRow(**values)


def task_from(row: sqlite3.Row) -> TaskRow:
    """A task as it lies in the database."""
    values = _with_times(row, "started_at", "ended_at")
    del values["number"], values["job_id"]
    values["state"] = State(row["state"])
    return TaskRow(**values)


def event_from(row: sqlite3.Row) -> Event:
    """An event as it lies in the database."""
    return Event(**_with_times(row, "at") | {"data": json.loads(row["data"])})


def time_text(at: datetime) -> str:
    """A time as it lies in the database: UTC in ISO format, so that texts sort like times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def job_times(row: sqlite3.Row, state: State, at: datetime) -> dict[str, Any]:
    """Times of a job after a change of state."""
    if state in ENDED:
        return {"ended_at": time_text(at), "cancel_requested": 0}
    if row["state"] in ENDED:
        return {"started_at": None, "ended_at": None}
    # a job that goes on after a new start of the service keeps the time of its first start
    return {"started_at": row["started_at"] or time_text(at)} if state is State.RUNNING else {}


def task_course(row: sqlite3.Row, state: State, at: datetime) -> dict[str, Any]:
    """Times, attempt and progress of a task after a change of state."""
    if state in ENDED:
        return {"ended_at": time_text(at)}
    if state is State.RUNNING:
        return {"started_at": time_text(at), "attempt": row["attempt"] + 1}
    if state is State.WAITING:
        attempt = 0 if row["state"] in ENDED else row["attempt"]
        return {"started_at": None, "ended_at": None, "done": 0, "total": 0, "progress_unit": "", "attempt": attempt}
    return {}


def _with_times(row: sqlite3.Row, *names: str) -> dict[str, Any]:
    values = dict(row)
    for name in names:
        values[name] = datetime.fromisoformat(row[name]) if row[name] else None
    return values
