"""The file of a store: opened, refused, read by others, and what survives."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.store_records import START, job_id, rows, spec
from videoprep_nb.core.errors import InputError, StoreUnavailable
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.patience import patient
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.store.schema import MIGRATIONS
from videoprep_nb.jobs.store.store import Store


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
from tests.support.store_records import START, spec
from videoprep_nb.jobs.store.store import Store
from pathlib import Path
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
    store._database._connection.execute("PRAGMA user_version = 99")
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


@contextmanager
def held_by_another_program(database: Path) -> Iterator[Callable[[], None]]:
    """A process that keeps everybody else from writing, until its input ends."""
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder.stdin.close
        finally:
            holder.kill()


def test_change_waits_for_another_program_and_reads_do_not(store: Store, database: Path):
    with held_by_another_program(database) as give_free, ThreadPoolExecutor() as pool:
        added = pool.submit(store.add_job, spec(1), 1, "", START)
        time.sleep(0.5)
        started_s = time.monotonic()
        assert store.jobs()[1] == 0
        assert time.monotonic() - started_s < 0.4
        assert not added.done()
        give_free()
        added.result(timeout=10)
    assert store.jobs()[1] == 1


def test_change_that_waits_too_long_is_refused_and_changes_nothing(
    store: Store, database: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("videoprep_nb.jobs.store.database._BUSY_TIMEOUT_S", 0.2)
    with held_by_another_program(database), pytest.raises(StoreUnavailable, match="database is locked"):
        store.add_job(spec(1), 1, "", START)
    assert store.jobs()[1] == 0
    store.add_job(spec(1), 1, "", START)


def test_patient_store_waits_until_it_is_called_off(store: Store, database: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("videoprep_nb.jobs.store.database._BUSY_TIMEOUT_S", 0.1)
    goes_on = threading.Event()
    goes_on.set()
    waiting = patient(store, goes_on.is_set, lambda: None)
    with held_by_another_program(database) as give_free, ThreadPoolExecutor() as pool:
        added = pool.submit(waiting.add_job, spec(1), 1, "", START)
        time.sleep(1.0)
        assert not added.done()
        give_free()
        added.result(timeout=10)
    with held_by_another_program(database), ThreadPoolExecutor() as pool:
        added = pool.submit(waiting.add_job, spec(2), 1, "", START)
        goes_on.clear()
        assert isinstance(added.exception(timeout=10), StoreUnavailable)
    assert waiting.jobs()[1] == 1
