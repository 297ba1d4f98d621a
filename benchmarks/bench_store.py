"""The store with 10,000 jobs, 120,000 tasks and 400,000 events: how long it takes to open, to read and to write.

Run as ``python benchmarks/bench_store.py``; prints one JSON object. Times are medians in milliseconds.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from videoprep_nb.jobs.models import JobSpec, State, VideoInput
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.store import Store

JOBS = 10_000
TASKS_PER_JOB = 12
ENDED_JOBS = 9_900
ROUNDS = 50
NOW = datetime(2026, 1, 31, tzinfo=UTC)
LIMITS_MS = {"open": 20.0, "job_and_tasks": 1.0, "page_of_50": 10.0}


def job_id(number: int) -> str:
    """An id as the service gives it out."""
    return f"20260131-{number:016x}"


def tasks_of_a_job() -> list[TaskRow]:
    return [TaskRow(f"task_{number:02d}", "clip", str(number)) for number in range(TASKS_PER_JOB)]


def fill(store: Store, ended_jobs: int = ENDED_JOBS) -> None:
    """Let the first jobs run to their end and leave the others running."""
    tasks = tasks_of_a_job()
    for number in range(JOBS):
        videos = [VideoInput(video_id="1", original_name=f"camera {number}.mp4", path=Path("000.mp4"))]
        spec = JobSpec(job_id=job_id(number), created_at=NOW, version="0", videos=videos)
        store.add_job(spec, 10**9, f"owner {number % 20}", NOW)
        store.plan_tasks(spec.job_id, tasks)
        store.set_job_state(spec.job_id, State.RUNNING, "", NOW)
        for state in (State.QUEUED, State.RUNNING, State.DONE):
            for task in tasks:
                store.set_task_state(spec.job_id, task.key, state, "", NOW)
        store.add_event(spec.job_id, "The package is being checked.", NOW)
        if number < ended_jobs:
            store.set_job_state(spec.job_id, State.DONE, "", NOW)


def median_ms(action: Callable[[int], object]) -> float:
    """Median time of an action that is given its round, in milliseconds."""
    times_s = []
    for round_number in range(ROUNDS):
        started_s = time.perf_counter()
        action(round_number)
        times_s.append(time.perf_counter() - started_s)
    return round(statistics.median(times_s) * 1000, 3)


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "jobs.sqlite"
        store = Store(database)
        started_s = time.perf_counter()
        fill(store)
        fill_s = time.perf_counter() - started_s
        running = job_id(JOBS - 1)
        store.plan_tasks(running, [*tasks_of_a_job(), TaskRow("last", "clip", "1")])
        for state in (State.QUEUED, State.RUNNING):
            store.set_task_state(running, "last", state, "", NOW)

        def somewhere(number: int) -> str:
            return job_id(number * JOBS // ROUNDS)

        measured = {
            "open": median_ms(lambda _: Store(database).close()),
            "job_and_tasks": median_ms(lambda n: (store.job(somewhere(n)), store.tasks(somewhere(n)))),
            "events": median_ms(lambda n: store.events(somewhere(n))),
            "page_of_50": median_ms(lambda n: store.jobs(offset=n * 200)),
            "page_of_50_by_state": median_ms(lambda n: store.jobs(state=State.DONE, offset=n * 100)),
            "page_of_50_by_text": median_ms(lambda n: store.jobs(text=f"Camera {n}")),
            "unfinished_jobs": median_ms(lambda _: store.unfinished_jobs()),
            "count_by_state": median_ms(lambda _: store.count_by_state()),
            "write_progress": median_ms(lambda n: store.set_task_progress(running, "last", n, 100, "frames")),
            "write_event": median_ms(lambda _: store.add_event(running, "x", NOW)),
        }
        events = store.events(running)[-1].id
        store.close()
        size_mb = database.stat().st_size / 1e6
    passed = all(measured[name] <= limit for name, limit in LIMITS_MS.items())
    result = {
        "benchmark": "store",
        "jobs": JOBS,
        "tasks": JOBS * TASKS_PER_JOB,
        "events": events,
        "database_mb": round(size_mb),
        "fill_s": round(fill_s, 1),
        "median_ms": measured,
        "limits_ms": LIMITS_MS,
        "passed": passed,
    }
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
