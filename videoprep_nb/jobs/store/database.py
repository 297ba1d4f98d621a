"""The SQLite file of a service: opened, checked, read and changed by one thread at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import disk_full_error
from videoprep_nb.jobs.store.schema import MIGRATIONS, migrate, version_of

_BUSY_TIMEOUT_S = 10.0


class Database:
    """A connection. Any thread may use it; one call at a time goes through.

    Args:
        path: The SQLite file; its folder must exist.
        read_only: Only read an existing database, while no service runs.

    Raises:
        InputError: The file cannot be opened, is no such database, or is of another version.

    Attributes:
        lock: Held during every call; hold it for queries that must see the same rows.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self._path = path
        self.lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
                uri=True,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,  # transactions start and end where we say so
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            try:
                self._check_version() if read_only else self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be opened as a job database ({error}).") from error

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._connection.close()

    def read(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        """The rows that a query finds; values are bound to its question marks."""
        with self.lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A block that changes the database wholly or not at all.

        Raises:
            DiskFullError: There was no room for the change.
        """
        # an error that a log keeps would keep the cursor too, and an open cursor keeps the file open for ever
        with self.lock, closing(self._connection.cursor()) as cursor:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                    raise disk_full_error(self._path.parent) from error
                raise
            finally:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # a power cut may lose the last moments, never the file; done markers on the disk make good for them
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        migrate(self._connection, MIGRATIONS)

    def _check_version(self) -> None:
        version = version_of(self._connection)
        if version != len(MIGRATIONS):
            raise InputError(
                f"{self._path} has version {version}, expected {len(MIGRATIONS)}; "
                "start the service of this toolkit once to bring it up to date, or use the toolkit that wrote it."
            )
