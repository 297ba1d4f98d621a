"""The store, read back by plain sqlite3: what is in the file is what counts."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.scheduling.test_states import ALLOWED
from videoprep_nb.core.errors import InputError, NoSuchJob, WrongState
from videoprep_nb.jobs.models import ENDED, JobSpec, State, VideoInput
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.schema import MIGRATIONS
from videoprep_nb.jobs.store.store import Store

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


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "what? #1%.sqlite"


@pytest.fixture
def store(database: Path):
    store = Store(database)
    yield store
    store.close()


def test_job_is_read_back(store: Store):
    store.add_job(spec(1, "Straße.mp4", "b.mov"), 123, "eve", START)
    job = store.job(job_id(1))
    assert (job.number, job.job_id, job.owner, job.state, job.message) == (1, job_id(1), "eve", State.QUEUED, "")
    assert (job.video_names, job.size_bytes, job.keep_scratch) == (("Straße.mp4", "b.mov"), 123, True)
    assert (job.created_at, job.started_at, job.ended_at, job.results_deleted_at) == (START, None, None, None)


def test_job_is_found_by_its_number(five_jobs: Store):
    assert [five_jobs.job_id_of(number) for number in range(1, 6)] == [job_id(number) for number in range(5)]
    five_jobs.delete_job(job_id(2))
    for absent in (0, 3, 6, 2**63, 10**100):
        with pytest.raises(NoSuchJob, match=f"There is no job {str(absent)[:50]}"):
            five_jobs.job_id_of(absent)


def test_times_of_any_zone_are_kept_in_utc(store: Store, database: Path):
    store.add_job(spec(1), 0, "", datetime.fromisoformat("2026-01-31T13:00:00+01:00"))
    assert rows(database, "SELECT created_at FROM jobs") == [("2026-01-31T12:00:00.000000+00:00",)]


@pytest.fixture
def five_jobs(store: Store) -> Store:
    for number, (names, owner) in enumerate(
        [(["a.mp4"], "ann"), (["100%_b.mp4"], "bob"), (["c.mp4", "Über.MOV"], "ann"), (["d.mp4"], ""), (["e'.mp4"], "")]
    ):
        store.add_job(spec(number, *names), 1, owner, at(number))
    store.set_job_state(job_id(2), State.RUNNING, "", at(10))
    store.set_job_state(job_id(3), State.CANCELLED, "Stopped on request.", at(11))
    return store


@pytest.mark.parametrize(
    ("filters", "numbers", "total"),
    [
        pytest.param({}, [4, 3, 2, 1, 0], 5, id="all, newest first"),
        pytest.param({"limit": 2}, [4, 3], 5, id="first page"),
        pytest.param({"limit": 2, "offset": 4}, [0], 5, id="last page"),
        pytest.param({"offset": 9}, [], 5, id="past the end"),
        pytest.param({"state": State.QUEUED}, [4, 1, 0], 3, id="state"),
        pytest.param({"owner": "ann"}, [2, 0], 2, id="owner"),
        pytest.param({"owner": ""}, [4, 3], 2, id="nobody's"),
        pytest.param({"owner": "ann", "state": State.RUNNING}, [2], 1, id="owner and state"),
        pytest.param({"text": "über.mov"}, [2], 1, id="name in other case"),
        pytest.param({"text": "%"}, [1], 1, id="percent is a letter"),
        pytest.param({"text": "_"}, [1], 1, id="underscore is a letter"),
        pytest.param({"text": "'; DROP TABLE jobs; --"}, [], 0, id="quote"),
        pytest.param({"text": job_id(3)[-5:]}, [3], 1, id="end of the id"),
        pytest.param({"text": "Job 4"}, [3], 1, id="number"),
        pytest.param({"text": ""}, [4, 3, 2, 1, 0], 5, id="empty text"),
    ],
)
def test_list_is_filtered_and_paged(five_jobs: Store, filters: dict, numbers: list[int], total: int):
    page, count = five_jobs.jobs(**filters)
    assert ([job.job_id for job in page], count) == ([job_id(number) for number in numbers], total)


def test_unfinished_jobs_come_in_the_order_of_submission(five_jobs: Store):
    assert [job.job_id for job in five_jobs.unfinished_jobs()] == [job_id(number) for number in (0, 1, 2, 4)]
    assert five_jobs.count_by_state() == {State.QUEUED: 3, State.RUNNING: 1, State.CANCELLED: 1}


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        pytest.param(["running"], (0, None), id="started"),
        pytest.param(["running", "done"], (0, 1), id="ended"),
        pytest.param(["cancelled"], (None, 0), id="never started"),
        pytest.param(["running", "queued", "running"], (0, None), id="service started anew"),
        pytest.param(["running", "failed", "queued"], (None, None), id="to be retried"),
        pytest.param(["running", "failed", "queued", "running", "done"], (3, 4), id="retried"),
    ],
)
def test_times_of_a_job(store: Store, steps: list[str], times: tuple[int | None, int | None]):
    store.add_job(spec(1), 0, "", START)
    for second, state in enumerate(steps):
        store.set_job_state(job_id(1), State(state), "", at(second))
    job = store.job(job_id(1))
    assert (job.started_at, job.ended_at) == tuple(None if time is None else at(time) for time in times)


@pytest.fixture
def task_store(store: Store) -> Store:
    """A store with one job of one task, named ``u``."""
    store.add_job(spec(1), 0, "", START)
    store.plan_tasks(job_id(1), [TaskRow("u", "clip", "1", part=3)])
    return store


@pytest.mark.parametrize(
    ("steps", "attempt", "times"),
    [
        pytest.param([], 0, (None, None), id="planned"),
        pytest.param(["queued", "running"], 1, (1, None), id="started"),
        pytest.param(["queued", "running", "done"], 1, (1, 2), id="done"),
        pytest.param(["queued", "running", "waiting"], 1, (None, None), id="worker died"),
        pytest.param(["queued", "running", "waiting", "queued", "running"], 2, (4, None), id="second attempt"),
        pytest.param(["queued", "running", "failed", "waiting"], 0, (None, None), id="to be retried"),
        pytest.param(["queued", "running", "failed", "waiting", "queued", "running"], 1, (5, None), id="retried"),
    ],
)
def test_times_and_attempts_of_a_task(
    task_store: Store, steps: list[str], attempt: int, times: tuple[int | None, int | None]
):
    for second, state in enumerate(steps):
        task_store.set_task_state(job_id(1), "u", State(state), f"{state} now", at(second), report=f"{state}.ipynb")
        task_store.set_task_progress(job_id(1), "u", 5, 10, "clips")
    (task,) = task_store.tasks(job_id(1))
    last = steps[-1] if steps else "waiting"
    assert (task.key, task.stage, task.video_id, task.part) == ("u", "clip", "1", 3)
    assert (task.state, task.attempt) == (last, attempt)
    assert (task.started_at, task.ended_at) == tuple(None if time is None else at(time) for time in times)
    assert (task.message, task.report) == ((f"{last} now", f"{last}.ipynb") if steps else ("", ""))
    assert (task.done, task.total, task.progress_unit) == ((0, 0, "") if last == "waiting" else (5, 10, "clips"))


def test_progress_never_shrinks_and_late_reports_are_ignored(task_store: Store, database: Path):
    def note(done: int) -> tuple:
        task_store.set_task_progress(job_id(1), "u", done, 100, "frames")
        return rows(database, "SELECT done, total, progress_unit FROM tasks")[0]

    assert note(1) == (0, 0, "")  # it has not started
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", START)
    assert [note(done) for done in (10, 30, 20)] == [(10, 100, "frames"), (30, 100, "frames"), (30, 100, "frames")]
    task_store.set_task_state(job_id(1), "u", State.FAILED, "", START)
    assert note(90) == (30, 100, "frames")


def test_tasks_planned_again_keep_their_state(task_store: Store):
    task_store.set_task_state(job_id(1), "u", State.QUEUED, "", START)
    task_store.plan_tasks(job_id(1), [TaskRow("u", "clip", "1"), TaskRow("v", "package", None)])
    assert [(task.key, task.state) for task in task_store.tasks(job_id(1))] == [("u", "queued"), ("v", "waiting")]


def test_tasks_that_are_no_longer_planned_go(task_store: Store):
    task_store.plan_tasks(job_id(1), [TaskRow("v", "package", None)])
    assert [task.key for task in task_store.tasks(job_id(1))] == ["v"]


def test_wish_to_cancel_lasts_until_the_end(task_store: Store):
    task_store.request_cancel(job_id(1))
    for state, requested in ((State.RUNNING, True), (State.QUEUED, True), (State.CANCELLED, False)):
        task_store.set_job_state(job_id(1), state, "", START)
        assert task_store.job(job_id(1)).cancel_requested is requested
    task_store.request_cancel(job_id(1))  # too late
    task_store.set_job_state(job_id(1), State.QUEUED, "", START)
    assert not task_store.job(job_id(1)).cancel_requested


def test_tasks_end_with_their_job(task_store: Store):
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", at(1))
    task_store.set_job_state(job_id(1), State.FAILED, "The disk is full.", at(2))
    (task,) = task_store.tasks(job_id(1))
    assert (task.state, task.ended_at) == (State.CANCELLED, at(2))


def test_attempts_are_counted_anew_when_asked(task_store: Store):
    for state in (State.QUEUED, State.RUNNING):
        task_store.set_task_state(job_id(1), "u", state, "", START)
    task_store.set_task_state(job_id(1), "u", State.WAITING, "", START, forget_attempts=True)
    assert task_store.tasks(job_id(1))[0].attempt == 0


def test_events_tell_every_step(task_store: Store):
    task_store.set_job_state(job_id(1), State.RUNNING, "", at(1))
    task_store.set_task_state(job_id(1), "u", State.QUEUED, "", at(2))
    task_store.set_task_state(job_id(1), "u", State.RUNNING, "", at(3))
    task_store.set_task_state(job_id(1), "u", State.WAITING, "The kernel died.", at(4))
    task_store.add_event(job_id(1), "The disk is nearly full.", at(5), {"free_bytes": 5})
    events = task_store.events(job_id(1))
    assert [(event.kind, event.text, event.at) for event in events] == [
        ("job", "queued", START),
        ("job", "running", at(1)),
        ("task", "u: queued", at(2)),
        ("task", "u: running", at(3)),
        ("task", "u: The kernel died.", at(4)),
        ("message", "The disk is nearly full.", at(5)),
    ]
    assert events[4].data == {"key": "u", "state": "waiting", "attempt": 1, "message": "The kernel died."}
    assert events[5].data == {"free_bytes": 5}
    assert task_store.events(job_id(1), since_id=events[3].id) == events[4:]


def test_ids_of_deleted_events_never_come_back(task_store: Store):
    last = task_store.events(job_id(1))[-1].id
    task_store.delete_job(job_id(1))
    task_store.add_job(spec(2), 0, "", START)
    assert task_store.events(job_id(2))[0].id > last


def test_deleted_job_leaves_nothing(task_store: Store, database: Path):
    task_store.add_job(spec(2), 0, "", START)
    task_store.delete_job(job_id(1))
    for table in ("jobs", "tasks", "events"):
        assert {row[0] for row in rows(database, f"SELECT job_id FROM {table}")} <= {job_id(2)}


def test_results_are_marked_as_deleted(store: Store):
    store.add_job(spec(1), 0, "", START)
    store.mark_results_deleted(job_id(1), at(5))
    assert store.job(job_id(1)).results_deleted_at == at(5)
    assert store.events(job_id(1))[-1].text == "Results deleted on 2026-01-31."


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store, name: store.job(name), id="job"),
        pytest.param(lambda store, name: store.set_job_state(name, State.RUNNING, "", START), id="set_job_state"),
        pytest.param(lambda store, name: store.plan_tasks(name, [TaskRow("u", "clip", "1")]), id="plan_tasks"),
        pytest.param(lambda store, name: store.set_task_state(name, "u", State.QUEUED, "", START), id="set_task_state"),
        pytest.param(lambda store, name: store.add_event(name, "x", START), id="add_event"),
        pytest.param(lambda store, name: store.mark_results_deleted(name, START), id="mark_results_deleted"),
        pytest.param(lambda store, name: store.delete_job(name), id="delete_job"),
    ],
)
def test_unknown_job_is_named(task_store: Store, database: Path, call):
    before = list(task_store._connection.iterdump())
    with pytest.raises(NoSuchJob, match=job_id(7)):
        call(task_store, job_id(7))
    assert list(task_store._connection.iterdump()) == before


@pytest.mark.parametrize("seed", range(5))
def test_random_changes_never_leave_the_table_of_states(task_store: Store, database: Path, seed: int):
    chance = random.Random(seed)
    state = {"job": "queued", "task": "waiting"}
    refused = 0
    for second in range(400):
        kind, new = chance.choice(["job", "task"]), chance.choice(list(State))
        try:
            if kind == "job":
                task_store.set_job_state(job_id(1), new, "", at(second))
            else:
                task_store.set_task_state(job_id(1), "u", new, "", at(second))
        except WrongState:
            refused += 1
        else:
            assert (state[kind], new) in ALLOWED[kind]
            state[kind] = new.value
            if kind == "job" and new in ENDED and state["task"] not in ENDED:
                state["task"] = "cancelled"
    assert 0 < refused < 400
    for kind, start in (("job", []), ("task", ["waiting"])):
        events = rows(database, "SELECT json_extract(data, '$.state') FROM events WHERE kind = ? ORDER BY id", kind)
        course = start + [event for (event,) in events]
        assert set(pairwise(course)) <= ALLOWED[kind]
        assert course[-1] == state[kind] == rows(database, f"SELECT state FROM {kind}s")[0][0]


def test_threads_do_not_get_into_each_others_way(store: Store, database: Path):
    def submit(owner: str) -> None:
        for number in range(25):
            own = spec(int(owner) * 1000 + number)
            store.add_job(own, 1, owner, START)
            store.plan_tasks(own.job_id, [TaskRow("u", "clip", "1")])
            store.set_job_state(own.job_id, State.RUNNING, "", START)
            assert store.jobs(owner=owner)[1] == number + 1

    threads = [threading.Thread(target=submit, args=(str(owner),)) for owner in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(database, "SELECT state, count(*) FROM jobs GROUP BY state") == [("running", 100)]
    assert rows(database, "SELECT count(*), count(DISTINCT id), max(id) FROM events") == [(200, 200, 200)]


def test_what_was_committed_survives_kill_9(database: Path):
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[3])!r})
from tests.jobs.store.test_store import *
store = Store(Path(sys.argv[1]))
for number in range(50):
    store.add_job(spec(number), 1, "", START)
os.kill(os.getpid(), 9)
"""
    ended = subprocess.run([sys.executable, "-c", code, str(database)])
    assert ended.returncode == -signal.SIGKILL
    with closing(Store(database)) as store:
        assert store.jobs()[1] == 50
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_new_database_has_the_newest_version_and_wal(store: Store, database: Path):
    assert rows(database, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(database, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
def test_database_of_a_newer_toolkit_is_refused_and_unharmed(store: Store, database: Path, read_only: bool):
    store.add_job(spec(1), 0, "", START)
    store._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="version 99"):
        Store(database, read_only=read_only)
    assert rows(database, "PRAGMA user_version") == [(99,)]
    assert store.jobs()[1] == 1


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
@pytest.mark.parametrize("content", [b"this is no database " * 500, b"SQLite format 3\0 but broken" * 500])
def test_file_that_is_no_database_is_refused(database: Path, content: bytes, read_only: bool):
    database.write_bytes(content)
    with pytest.raises(InputError, match="cannot be opened"):
        Store(database, read_only=read_only)
    assert database.read_bytes() == content


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
@pytest.mark.parametrize("content", [b"this is no database " * 500, b""], ids=["no database", "other version"])
def test_refused_file_is_closed(database: Path, content: bytes, read_only: bool):
    database.write_bytes(content)
    if not content:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError) as caught:
        Store(database, read_only=read_only)
    open_files = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert str(database) not in open_files, caught.value  # which holds all that was at work


def test_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be opened"):
        Store(tmp_path / "absent" / "jobs.sqlite")


def test_reader_sees_the_jobs_and_cannot_change_them(five_jobs: Store, database: Path):
    five_jobs.close()
    with closing(Store(database, read_only=True)) as reader:
        assert reader.jobs()[1] == 5
        assert reader.events(job_id(3))[-1].text == "Stopped on request."
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.delete_job(job_id(0))


def test_reader_makes_no_database(database: Path):
    with pytest.raises(InputError, match="cannot be opened"):
        Store(database, read_only=True)
    assert not database.exists()
