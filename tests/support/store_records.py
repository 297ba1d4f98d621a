"""Jobs to put into a store, and the rows of its file, read by plain sqlite3."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from videoprep_nb.jobs.models import JobSpec, VideoInput
from videoprep_nb.jobs.params import JobOptions

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def job_id(number: int) -> str:
    return f"20260131-{number:016x}"


def spec(number: int, *names: str) -> JobSpec:
    videos = [
        VideoInput(video_id=str(index), original_name=name, path=Path(f"{index}.mp4"))
        for index, name in enumerate(names or ("a.mp4",), start=1)
    ]
    return JobSpec(
        job_id=job_id(number),
        created_at=START,
        version="0",
        videos=videos,
        options=JobOptions(keep_scratch=number % 2 == 1),
    )


def rows(database: Path, query: str, *values: Any) -> list[tuple]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query, values).fetchall()
