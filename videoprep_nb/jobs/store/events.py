"""Events of jobs as they are written into the database."""

import json
import sqlite3
from datetime import datetime
from typing import Any

from videoprep_nb.jobs.store.rows import EventKind, time_text
from videoprep_nb.jobs.store.sql import insert


def add_state_event(cursor: sqlite3.Cursor, job_id: str, at: datetime, data: dict[str, Any]) -> None:
    """Note that a job, or the task of its ``key``, has a new state."""
    text = data["message"] or str(data["state"])
    if "key" in data:
        text = text.removeprefix(f"{data['key']}: ")
        add_event(cursor, job_id, "task", f"{data['key']}: {text}", data, at)
    else:
        add_event(cursor, job_id, "job", text, data, at)


def add_event(
    cursor: sqlite3.Cursor, job_id: str, kind: EventKind, text: str, data: dict[str, Any], at: datetime
) -> None:
    """Note what happened to a job."""
    values = {"job_id": job_id, "at": time_text(at), "kind": kind, "text": text, "data": json.dumps(data)}
    cursor.execute(insert("events", values), values)
