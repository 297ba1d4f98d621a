"""The jobs of a store, read back by plain sqlite3: what is in the file is what counts."""

import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.jobs.test_states import ALLOWED
from tests.support.store_records import START, at, job_id, rows, spec
from videoprep_nb.core.errors import NoSuchJob, WrongState
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.store import Store


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


def test_unfinished_jobs_come_in_the_order_in_which_they_began(five_jobs: Store):
    expected = [job_id(number) for number in (2, 0, 1, 4)]
    assert [job.job_id for job in five_jobs.unfinished_jobs()] == expected
    assert five_jobs.count_by_state() == {State.QUEUED: 3, State.RUNNING: 1, State.CANCELLED: 1}
    five_jobs.set_job_state(job_id(2), State.QUEUED, "The service was started again.", at(12))
    assert [job.job_id for job in five_jobs.unfinished_jobs()] == expected


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


def test_wish_to_cancel_lasts_until_the_end(task_store: Store):
    task_store.request_cancel(job_id(1))
    for state, requested in ((State.RUNNING, True), (State.QUEUED, True), (State.CANCELLED, False)):
        task_store.set_job_state(job_id(1), state, "", START)
        assert task_store.job(job_id(1)).cancel_requested is requested
    task_store.request_cancel(job_id(1))  # too late
    task_store.set_job_state(job_id(1), State.QUEUED, "", START)
    assert not task_store.job(job_id(1)).cancel_requested


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
        pytest.param(lambda store, name: store.task(name, "u"), id="task"),
        pytest.param(lambda store, name: store.add_event(name, "x", START), id="add_event"),
        pytest.param(lambda store, name: store.mark_results_deleted(name, START), id="mark_results_deleted"),
        pytest.param(lambda store, name: store.delete_job(name), id="delete_job"),
    ],
)
def test_unknown_job_is_named(task_store: Store, database: Path, call):
    before = list(task_store._database._connection.iterdump())
    with pytest.raises(NoSuchJob, match=job_id(7)):
        call(task_store, job_id(7))
    assert list(task_store._database._connection.iterdump()) == before


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
