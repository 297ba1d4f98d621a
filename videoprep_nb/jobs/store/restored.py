"""Jobs as they are written into the database in one go, whatever their state."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from videoprep_nb.jobs.store.rows import JobRow, TaskRow, time_text
from videoprep_nb.jobs.store.search import search_text
from videoprep_nb.jobs.store.sql import insert

_TIMES = ("created_at", "started_at", "ended_at", "results_deleted_at")


def restore(cursor: sqlite3.Cursor, job: JobRow, tasks: Iterable[TaskRow]) -> int:
    """Write a job with its tasks; what was known of it before is replaced.

    Returns:
        Its number, which is another one when that of the job is unknown (0) or taken.
    """
    cursor.execute("DELETE FROM jobs WHERE job_id = ?", [job.job_id])
    number = _free_number(cursor, job)
    values = _values(job) | {
        "number": number,
        "video_names": json.dumps(job.video_names),
        "search_text": search_text(job.job_id, job.owner, job.video_names, job.about),
    }
    cursor.execute(insert("jobs", values), values)
    for task in tasks:
        of_task = _values(task) | {"job_id": job.job_id}
        cursor.execute(insert("tasks", of_task) + " ON CONFLICT (job_id, key) DO NOTHING", of_task)
    return number


def _values(row: JobRow | TaskRow) -> dict[str, Any]:
    values = asdict(row)
    return values | {name: time_text(values[name]) for name in _TIMES if values.get(name)}


def _free_number(cursor: sqlite3.Cursor, job: JobRow) -> int:
    """The number of a job, or, when it is unknown or taken, the first free one behind the jobs that came before it."""
    earlier = cursor.execute("SELECT max(number) FROM jobs WHERE created_at <= ?", [time_text(job.created_at)])
    number = job.number or (earlier.fetchone()[0] or 0) + 1
    while cursor.execute("SELECT 1 FROM jobs WHERE number = ?", [number]).fetchone():
        number += 1
    return number
