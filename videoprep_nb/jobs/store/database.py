"""The SQLite file of a service: opened, checked, read and changed by one thread at a time."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeVar

from videoprep_nb.core.errors import InputError, StoreDamaged, StoreUnavailable
from videoprep_nb.core.layout import disk_full_error
from videoprep_nb.jobs.store.schema import MIGRATIONS, migrate, version_of

DAMAGED = (
    "The job database of the service is damaged; no result is lost. The administrator stops the service, runs "
    "videoprep jobs rebuild and starts it again."
)
"""The sentence for everybody; where the database lies is for the log."""

UNAVAILABLE = "The job database cannot be used for now ({reason}). Nothing is lost; try again in a few seconds."

_OPEN_TIMEOUT_S = 60.0
_BUSY_TIMEOUT_S = 5.0
_BUSY_INTERVAL_S = 0.05
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_TROUBLE = (
    *_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)
_log = logging.getLogger(__name__)

T = TypeVar("T")


class Database:
    """A connection. Any thread may use it; one call at a time goes through.

    Args:
        path: The SQLite file; its folder must exist.
        read_only: Only read an existing database, while no service runs.

    Raises:
        StoreDamaged: The file is damaged, or is no database.
        InputError: The file cannot be opened, or is of another version.

    Attributes:
        lock: Held during every call; hold it for queries that must see the same rows.
    """

    def __init__(self, path: Path, read_only: bool = False) -> None:
        self._path = path
        self.lock = threading.RLock()
        self._is_damaged = False
        self._read_only = read_only
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
                uri=True,
                timeout=_OPEN_TIMEOUT_S,
                isolation_level=None,  # transactions start and end where we say so
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            try:
                self._check_pages()
                self._check_version() if read_only else self._prepare()
                # from here on we wait ourselves, without keeping others from reading meanwhile
                self._connection.execute("PRAGMA busy_timeout = 0")
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            if _is_damage(error):
                raise _damaged_at_start(path, str(error)) from error
            raise InputError(f"{path} cannot be opened as a job database ({error}).") from error

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._connection.close()

    def read(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        """The rows that a query finds; values are bound to its question marks.

        Raises:
            StoreDamaged: The database is damaged.
            StoreUnavailable: It cannot be used for now.
        """
        with self._trouble_reported():
            return self._when_free(lambda: self._connection.execute(query, values).fetchall())

    def check_writable(self) -> None:
        """Change nothing, but for real: another version number would be written in the same way.

        Raises:
            DiskFullError: There is no room.
            StoreDamaged: The database is damaged.
            StoreUnavailable: It cannot be written for now.
        """
        if self._is_damaged:
            raise StoreDamaged(DAMAGED)
        with self.transaction() as cursor:
            cursor.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A block that changes the database wholly or not at all.

        Raises:
            DiskFullError: There was no room for the change.
            StoreDamaged: The database is damaged.
            StoreUnavailable: It cannot be used for now.
        """
        with self._trouble_reported(), self._begun() as cursor:
            try:
                yield cursor
                cursor.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")

    @contextmanager
    def _begun(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that has begun; ``lock`` is held until the end of the block."""
        with ExitStack() as until_end:

            def begin() -> sqlite3.Cursor:
                with ExitStack() as held:
                    held.enter_context(self.lock)
                    # an error that a log keeps would keep the cursor too, and an open cursor keeps the file open
                    cursor = held.enter_context(closing(self._connection.cursor()))
                    cursor.execute("BEGIN IMMEDIATE")
                    until_end.push(held.pop_all())
                return cursor

            yield self._when_free(begin)

    def _when_free(self, action: Callable[[], T]) -> T:
        """Do something as soon as no other program holds the database; ``lock`` is free while we wait."""
        give_up_s = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                with self.lock:
                    return action()
            except sqlite3.OperationalError as error:
                if _code(error) not in _BUSY or time.monotonic() > give_up_s:
                    raise
            time.sleep(_BUSY_INTERVAL_S)

    @contextmanager
    def _trouble_reported(self) -> Iterator[None]:
        """Turn what is wrong with the database, or with the machine that it lies on, into an error of ours."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                if not self._is_damaged:  # every call is going to fail; the log needs it once
                    _log.error("%s is damaged (%s). %s", self._path, error, DAMAGED)
                self._is_damaged = True
                raise StoreDamaged(DAMAGED) from error
            if _code(error) == sqlite3.SQLITE_FULL:
                raise disk_full_error(self._path.parent) from error
            is_refused_change = self._read_only and _code(error) == sqlite3.SQLITE_READONLY
            if _code(error) in _TROUBLE and not is_refused_change:
                raise StoreUnavailable(UNAVAILABLE.format(reason=error)) from error
            raise

    def _check_pages(self) -> None:
        found = [str(row[0]) for row in self._connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise _damaged_at_start(self._path, " ".join(found[0].split()))

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


def _is_damage(error: sqlite3.Error) -> bool:
    return _code(error) in _DAMAGE


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # the low byte; the others say more


def _damaged_at_start(path: Path, reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"{path} cannot be opened as a job database, because it is damaged ({reason}). No result is lost: run "
        f"videoprep jobs rebuild --workspace {path.parent}, then start the service again."
    )
