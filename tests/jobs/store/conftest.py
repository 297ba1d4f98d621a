"""Stores: empty, with five jobs, and with one task."""

from pathlib import Path

import pytest

from tests.support.store_records import START, at, job_id, spec
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.store import Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "what? #1%.sqlite"


@pytest.fixture
def store(database: Path):
    store = Store(database)
    yield store
    store.close()


@pytest.fixture
def five_jobs(store: Store) -> Store:
    for number, (names, owner) in enumerate(
        [(["a.mp4"], "ann"), (["100%_b.mp4"], "bob"), (["c.mp4", "Über.MOV"], "ann"), (["d.mp4"], ""), (["e'.mp4"], "")]
    ):
        store.add_job(spec(number, *names), 1, owner, at(number))
    store.set_job_state(job_id(2), State.RUNNING, "", at(10))
    store.set_job_state(job_id(3), State.CANCELLED, "Stopped on request.", at(11))
    return store


@pytest.fixture
def task_store(store: Store) -> Store:
    """A store with one job of one task, named ``u``."""
    store.add_job(spec(1), 0, "", START)
    store.plan_tasks(job_id(1), [TaskRow("u", "clip", "1", part=3)])
    return store
