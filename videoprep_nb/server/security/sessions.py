"""Who is logged in with a browser. The file holds digests only, so that nobody can log in with what is in it."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime

from videoprep_nb.core.records import Record
from videoprep_nb.server.security.digests import digest_of, read_private, write_private
from videoprep_nb.server.security.user_file import User, UserRecord
from videoprep_nb.server.security.users import Users

SESSION_LIFETIME = timedelta(days=7)
"""Then everybody logs in anew, however often they come; it spans a weekend."""

_MAX_SESSIONS_PER_USER = 20


class Session(Record):
    """One browser that has logged in.

    Args:
        digest: SHA-256 of what its cookie holds.
        name: The user.
        password_digest: SHA-256 of the password's hash, so that the session ends when the password changes.
        expires_at: When it ends.
    """

    digest: str
    name: str
    password_digest: str
    expires_at: AwareDatetime


class _SessionFile(Record):
    sessions: tuple[Session, ...] = ()


class Sessions:
    """The sessions of a service; they outlive it. Any thread may call it.

    A cookie holds a random secret and nothing else. There is nothing to sign, no key to keep, and a session that was
    ended is gone.

    Args:
        file: Where they are kept.
        now: The clock.
    """

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._now = now
        self._lock = threading.Lock()
        # everybody logs in anew when the file is spoilt
        self._sessions = {session.digest: session for session in read_private(_SessionFile, file).sessions}

    def start(self, record: UserRecord) -> str:
        """Begin a session; the oldest of the user ends when there are too many.

        Returns:
            The secret for the cookie.
        """
        secret = secrets.token_urlsafe(32)
        session = Session(
            digest=digest_of(secret),
            name=record.name,
            password_digest=digest_of(record.password_hash),
            expires_at=self._now() + SESSION_LIFETIME,
        )
        with self._lock:
            now = self._now()
            living = [known for known in self._sessions.values() if known.expires_at > now]
            own = [known for known in living if known.name == record.name]
            surplus = own[: max(0, len(own) + 1 - _MAX_SESSIONS_PER_USER)]
            self._keep([*(known for known in living if known not in surplus), session])
        return secret

    def user_of(self, secret: str, users: Users) -> User | None:
        """The user of a cookie, None when the session has ended."""
        record = self.record_of(secret, users)
        return record.user if record else None

    def record_of(self, secret: str, users: Users) -> UserRecord | None:
        """The same with what proves it."""
        session = self._sessions.get(digest_of(secret))
        if session is None or session.expires_at <= self._now():
            return None
        record = users.named(session.name)
        if record is None or digest_of(record.password_hash) != session.password_digest:
            return None
        return record

    def end(self, secret: str) -> None:
        """End a session; nothing happens when it has ended already."""
        with self._lock:
            digest = digest_of(secret)
            self._keep([known for known in self._sessions.values() if known.digest != digest])

    def _keep(self, sessions: list[Session]) -> None:
        self._sessions = {session.digest: session for session in sessions}
        write_private(_SessionFile(sessions=tuple(sessions)), self._file)
