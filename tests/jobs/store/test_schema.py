"""Databases of older versions, brought up to date step by step."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from videoprep_nb.jobs.store.schema import migrate

STEPS = [
    ["CREATE TABLE notes (text TEXT)"],
    ["ALTER TABLE notes ADD COLUMN author TEXT", "UPDATE notes SET author = 'nobody'"],
    ["CREATE INDEX notes_by_author ON notes (author)"],
]


@pytest.fixture
def connection(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "notes.sqlite", isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_database_of_any_older_version_is_brought_up_to_date(connection: sqlite3.Connection, version: int):
    migrate(connection, STEPS[:version])
    if version == 1:
        connection.execute("INSERT INTO notes VALUES ('kept')")
    migrate(connection, STEPS)
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    assert connection.execute("SELECT text, author FROM notes").fetchall() == [("kept", "nobody")] * (version == 1)


def test_step_that_fails_leaves_the_version_before(connection: sqlite3.Connection):
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [STEPS[0], [*STEPS[1], "nonsense"]])
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert [column[1] for column in connection.execute("PRAGMA table_info (notes)")] == ["text"]
