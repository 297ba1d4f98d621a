"""Names and notes of jobs in the store, and what the search finds."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.store_records import at, job_id, spec
from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.models import JobAbout, State
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.schema import MIGRATIONS, migrate
from videoprep_nb.jobs.store.store import Store


@pytest.fixture
def named_jobs(five_jobs: Store) -> Store:
    five_jobs.set_about(job_id(0), JobAbout(name="Straßenfest, Süd", note="camera 3\nsecond try"))
    five_jobs.set_about(job_id(2), JobAbout(name="Station 100%", note="Straßenfest too"))
    return five_jobs


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        pytest.param({"text": "süd"}, [0], id="name in other case"),
        pytest.param({"text": "STRASSENFEST"}, [2, 0], id="name of one, note of another"),
        pytest.param({"text": "second TRY"}, [0], id="second line of a note"),
        pytest.param({"text": "job 3"}, [2], id="number"),
        pytest.param({"text": "Über.mov"}, [2], id="video"),
        pytest.param({"text": "BOB"}, [1], id="user"),
        pytest.param({"text": "100%"}, [2, 1], id="percent is a letter"),
        pytest.param({"text": "straßenfest", "state": State.RUNNING}, [2], id="with a state"),
        pytest.param({"text": "straßenfest", "owner": "bob"}, [], id="of another user"),
        pytest.param({"text": "straßenfest", "owner": "ann", "limit": 1, "offset": 1}, [0], id="second page"),
        pytest.param({"text": "' OR 1=1 --"}, [], id="quote"),
    ],
)
def test_jobs_are_found_by_what_people_call_them(named_jobs: Store, filters: dict, numbers: list[int]):
    page, _ = named_jobs.jobs(**filters)
    assert [job.job_id for job in page] == [job_id(number) for number in numbers]


def test_total_counts_what_is_found(named_jobs: Store):
    assert named_jobs.jobs(text="straßenfest", limit=1)[1] == 2


def test_new_name_replaces_the_old_one(named_jobs: Store):
    named_jobs.set_about(job_id(0), JobAbout(name="Market"))
    job = named_jobs.job(job_id(0))
    assert (job.name, job.note, job.heading, job.title) == ("Market", "", "Job 1 · Market", "Job 1")
    assert named_jobs.jobs(text="süd") == ([], 0)
    assert named_jobs.jobs(text="market")[1] == named_jobs.jobs(text="a.mp4")[1] == 1
    with pytest.raises(NoSuchJob):
        named_jobs.set_about(job_id(99), JobAbout(name="nobody's"))


def test_name_comes_with_the_job_and_with_one_that_is_restored(store: Store):
    about = JobAbout(name="Station", note="north")
    store.add_job(spec(1).model_copy(update={"about": about}), 1, "ann#0123", at(1))
    job = store.job(job_id(1))
    assert job.about == about
    store.adopt_job(job, [TaskRow("u", "clip", "1")], "restored", at(2))
    assert store.job(job_id(1)) == job
    assert store.jobs(text="station")[1] == store.jobs(text="ann")[1] == 1
    assert store.jobs(text="0123")[1] == 0, "the id of a user is nobody's business"


def test_database_without_names_gets_them(database: Path):
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:5])
        for number, owner in enumerate(["Ann#1f3a", "bob", ""]):
            connection.execute(
                "INSERT INTO jobs (job_id, owner, state, message, video_names, search_text, size_bytes, keep_scratch, "
                "created_at) VALUES (?, ?, 'done', '', '[\"a.mp4\"]', ?, 1, 0, ?)",
                [job_id(number), owner, f"{job_id(number)}\na.mp4", at(number).isoformat()],
            )
    with closing(Store(database)) as store:
        assert [(job.name, job.note) for job in store.jobs()[0]] == [("", "")] * 3
        assert [store.jobs(text=text)[1] for text in ("ann", "bob", "1f3a", "a.mp4")] == [1, 1, 0, 3]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("  a \n b\t c ", ""), ("a b c", "")),
        (("", "\n a\r\nb  \n\n"), ("", "a\nb")),
        (("\u202egnp.exe", "bell\a"), ("\N{REPLACEMENT CHARACTER}gnp.exe", "bell\N{REPLACEMENT CHARACTER}")),
    ],
    ids=["one line", "several lines", "what cannot be shown"],
)
def test_names_are_kept_as_they_can_be_shown(given: tuple[str, str], kept: tuple[str, str]):
    about = JobAbout(name=given[0], note=given[1])
    assert (about.name, about.note) == kept
