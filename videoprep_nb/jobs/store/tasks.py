"""The tasks of jobs in the database: planned with their job, changed one by one, gone with it."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.core.file_names import visible_lines
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.states import check_transition
from videoprep_nb.jobs.store.database import Database
from videoprep_nb.jobs.store.events import add_state_event
from videoprep_nb.jobs.store.rows import TaskRow, task_course, task_from
from videoprep_nb.jobs.store.sql import insert, update


class TaskStore:
    """The part of a store that knows tasks.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan_tasks(self, job_id: str, tasks: Iterable[TaskRow]) -> None:
        """Give a job its tasks: new ones wait, those that it has already are left as they are, all others go.

        Args:
            job_id: The job.
            tasks: All of them; only key, stage, video and part are taken.

        Raises:
            NoSuchJob: There is no such job.
        """
        planned = list(tasks)
        with self._database.transaction() as cursor:
            check_job(cursor, job_id)
            cursor.execute(
                "DELETE FROM tasks WHERE job_id = ? AND key NOT IN (SELECT value FROM json_each(?))",
                [job_id, json.dumps([task.key for task in planned])],
            )
            for task in planned:
                values = {
                    "job_id": job_id,
                    "key": task.key,
                    "stage": task.stage,
                    "video_id": task.video_id,
                    "part": task.part,
                    "state": State.WAITING,
                }
                cursor.execute(insert("tasks", values) + " ON CONFLICT (job_id, key) DO NOTHING", values)

    def tasks(self, job_id: str) -> list[TaskRow]:
        """The tasks of a job in the order in which they were added; none when there is no such job."""
        return [
            task_from(row)
            for row in self._database.read("SELECT * FROM tasks WHERE job_id = ? ORDER BY number", job_id)
        ]

    def task(self, job_id: str, key: str) -> TaskRow:
        """One task of a job.

        Raises:
            NoSuchJob: There is no such job or task.
        """
        rows = self._database.read("SELECT * FROM tasks WHERE job_id = ? AND key = ?", job_id, key)
        if not rows:
            raise _no_such_task(job_id, key)
        return task_from(rows[0])

    def task_states(self, job_id: str) -> dict[str, State]:
        """The states of the tasks of a job by their keys, in the order in which they were added."""
        rows = self._database.read("SELECT key, state FROM tasks WHERE job_id = ? ORDER BY number", job_id)
        return {row["key"]: State(row["state"]) for row in rows}

    def set_task_state(
        self,
        job_id: str,
        key: str,
        state: State,
        message: str,
        at: datetime,
        report: str = "",
        worker: str = "",
        forget_attempts: bool = False,
    ) -> None:
        """Change the state of a task.

        Args:
            job_id: The job.
            key: The task.
            state: The new state.
            message: Why, in one sentence; may be empty.
            at: When.
            report: File name of the executed notebook; empty when there is none.
            worker: Address of the worker that runs it, for the event; empty when there is none.
            forget_attempts: Count its attempts anew.

        Raises:
            NoSuchJob: There is no such job or task.
            WrongState: The task cannot go to this state from the one it is in.
        """
        with self._database.transaction() as cursor:
            row = cursor.execute("SELECT * FROM tasks WHERE job_id = ? AND key = ?", [job_id, key]).fetchone()
            if row is None:
                raise _no_such_task(job_id, key)
            check_transition("task", State(row["state"]), state)
            message = visible_lines(message)
            values = {"state": state, "message": message, "report": report} | task_course(row, state, at)
            values |= {"attempt": 0} if forget_attempts else {}
            update(cursor, "tasks", row, values)
            data = {"key": key, "state": state, "attempt": values.get("attempt", row["attempt"]), "message": message}
            add_state_event(cursor, job_id, at, data | ({"worker": worker} if worker else {}))

    def set_task_progress(self, job_id: str, key: str, done: int, total: int, progress_unit: str) -> None:
        """Note how far a running task is; what is finished never shrinks, and late reports are ignored.

        Args:
            job_id: The job.
            key: The task.
            done: What is finished.
            total: What there is to do, 0 while that is unknown.
            progress_unit: What is counted.
        """
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE tasks SET done = max(done, ?), total = ?, progress_unit = ? "
                "WHERE job_id = ? AND key = ? AND state = ?",
                [done, total, progress_unit, job_id, key, State.RUNNING],
            )

    def count_running_tasks(self) -> int:
        """How many tasks are running, of all jobs."""
        return int(self._database.read("SELECT count(*) FROM tasks WHERE state = ?", State.RUNNING)[0][0])


def end_tasks(cursor: sqlite3.Cursor, job_id: str, at: datetime) -> None:
    """Cancel what has not ended: whatever could not be written down, no task outlives its job."""
    rows = cursor.execute("SELECT * FROM tasks WHERE job_id = ?", [job_id]).fetchall()
    for row in rows:
        if State(row["state"]) not in ENDED:
            update(cursor, "tasks", row, {"state": State.CANCELLED} | task_course(row, State.CANCELLED, at))
            data = {"key": row["key"], "state": State.CANCELLED, "attempt": row["attempt"], "message": ""}
            add_state_event(cursor, job_id, at, data)


def check_job(cursor: sqlite3.Cursor, job_id: str) -> None:
    """Check that there is a job, within a transaction.

    Raises:
        NoSuchJob: There is none.
    """
    if cursor.execute("SELECT 1 FROM jobs WHERE job_id = ?", [job_id]).fetchone() is None:
        raise NoSuchJob.with_id(job_id)


def _no_such_task(job_id: str, key: str) -> NoSuchJob:
    return NoSuchJob(f"There is no job {job_id} with a task {key}.")
