"""How the tasks of a job end with it."""

import sqlite3
from datetime import datetime

from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.store.events import add_state_event
from videoprep_nb.jobs.store.rows import task_course
from videoprep_nb.jobs.store.sql import update


def end_tasks(cursor: sqlite3.Cursor, job_id: str, at: datetime) -> None:
    """Cancel what has not ended: whatever could not be written down, no task outlives its job."""
    rows = cursor.execute("SELECT * FROM tasks WHERE job_id = ?", [job_id]).fetchall()
    for row in rows:
        if State(row["state"]) not in ENDED:
            update(cursor, "tasks", row, {"state": State.CANCELLED} | task_course(row, State.CANCELLED, at))
            data = {"key": row["key"], "state": State.CANCELLED, "attempt": row["attempt"], "message": ""}
            add_state_event(cursor, job_id, at, data)
