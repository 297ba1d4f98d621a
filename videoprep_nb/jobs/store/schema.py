"""The tables of the store, as the steps that lead from one version of the database to the next."""

import sqlite3
from collections.abc import Sequence

from videoprep_nb.core.errors import InputError

MIGRATIONS: Sequence[Sequence[str]] = [
    [
        # number: order of submission; search_text: what ``search.py`` makes of a job; times: UTC in ISO format
        """
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            state TEXT NOT NULL,
            message TEXT NOT NULL,
            video_names TEXT NOT NULL,
            search_text TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            keep_scratch INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            started_at TEXT,
            ended_at TEXT,
            results_deleted_at TEXT
        )
        """,
        "CREATE INDEX jobs_by_state ON jobs (state, number)",
        "CREATE INDEX jobs_by_owner ON jobs (owner, number)",
        """
        CREATE TABLE units (
            number INTEGER PRIMARY KEY,
            job_id TEXT NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            stage TEXT NOT NULL,
            video_id TEXT,
            part INTEGER,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 0,
            done INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            unit TEXT NOT NULL DEFAULT '',
            message TEXT NOT NULL DEFAULT '',
            started_at TEXT,
            ended_at TEXT,
            report TEXT NOT NULL DEFAULT '',
            UNIQUE (job_id, key)
        )
        """,
        # AUTOINCREMENT: the id of a deleted event never comes back, so "events since N" misses none
        """
        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id TEXT NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            data TEXT NOT NULL
        )
        """,
        "CREATE INDEX events_by_job ON events (job_id, id)",
    ],
    ["ALTER TABLE jobs ADD COLUMN cancel_wanted INTEGER NOT NULL DEFAULT 0"],
    ["ALTER TABLE jobs RENAME COLUMN cancel_wanted TO cancel_requested"],
    [
        "ALTER TABLE units RENAME TO tasks",
        "ALTER TABLE tasks RENAME COLUMN unit TO progress_unit",
        "UPDATE events SET kind = 'task' WHERE kind = 'unit'",
    ],
    [
        """
        CREATE TABLE deliveries (
            number INTEGER PRIMARY KEY,
            delivery_id TEXT NOT NULL UNIQUE,
            job_id TEXT NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
            state TEXT NOT NULL,
            ended_at TEXT NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 0,
            due_at TEXT NOT NULL,
            problem TEXT NOT NULL DEFAULT ''
        )
        """,
        "CREATE INDEX deliveries_by_job ON deliveries (job_id)",
    ],
    [
        "ALTER TABLE jobs ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        # the search finds jobs by their users, too, whose names are ASCII
        "UPDATE jobs SET search_text = "
        "search_text || char(10) || lower(substr(owner, 1, instr(owner || '#', '#') - 1))",
    ],
    ["ALTER TABLE deliveries ADD COLUMN channel TEXT NOT NULL DEFAULT 'webhook'"],
    ["ALTER TABLE jobs ADD COLUMN disk_bytes INTEGER"],
]
"""Statements of each step; a database of version n has had the first n steps. Steps are added, never changed."""


def version_of(connection: sqlite3.Connection) -> int:
    """Version of a database, 0 when it is new."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    """Bring a database to the newest version; each step happens wholly or not at all.

    Args:
        connection: In autocommit mode.
        migrations: Statements of each step.

    Raises:
        InputError: The database was written by a newer version of the toolkit.
    """
    version = version_of(connection)
    if version > len(migrations):
        raise InputError(
            f"The job database has version {version}, this toolkit knows versions up to {len(migrations)}; "
            "use the newer toolkit that wrote it, or another workspace."
        )
    for number, statements in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
