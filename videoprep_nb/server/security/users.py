"""The users of a running service."""

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.server.security.digests import digest_of
from videoprep_nb.server.security.passwords import is_right
from videoprep_nb.server.security.tokens import TokenRecord
from videoprep_nb.server.security.user_file import UserFile, UserRecord, date_old_tokens, read_users

_log = logging.getLogger(__name__)


class Users:
    """The users of a running service, read again whenever their file has changed. Any thread may call it.

    Args:
        file: The user file. Tokens of version 0.1 in it are given their end.
        now: The clock.

    Raises:
        InputError: It cannot be read, or has no user.
    """

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._now = now
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(16)
        self._watch: Callable[[UserFile, UserFile], None] | None = None
        date_old_tokens(file, now())
        self._version = _version_of(file)
        self._content = self._last_read = read_users(file)
        if not self._content.users:
            raise InputError(f"{file} has no user; add one with: videoprep users add NAME --auth-file {file}")

    def watch(self, on_change: Callable[[UserFile, UserFile], None]) -> UserFile:
        """Have every change of the file reported as soon as it is noticed.

        Args:
            on_change: Called with the users before and after.

        Returns:
            The users now.
        """
        self._watch = on_change
        return self._content

    @property
    def file(self) -> Path:
        """Their file."""
        return self._file

    @property
    def content(self) -> UserFile:
        """The users and invites now."""
        return self._current()

    def refresh(self) -> None:
        """Read the file again if it has changed; everything else here does so, too."""
        self._current()

    def named(self, name: str) -> UserRecord | None:
        """The user of a name, None when there is none."""
        return self._current().named(name)

    def with_id(self, user_id: str) -> UserRecord | None:
        """The user of an id, None when there is none any more."""
        return next((user for user in self._current().users if user.user_id == user_id), None)

    def mail_address_of(self, user_id: str) -> str:
        """Where a user gets e-mail; empty when they have said nothing, or are not there any more."""
        user = self.with_id(user_id)
        return user.mail_address if user else ""

    def with_password(self, name: str, password: str) -> UserRecord | None:
        """The user who logs in so, None when name or password is wrong; it takes as long for names that are unknown."""
        users = self._current().users
        record = next((user for user in users if user.name == name), None)
        checked = record or self._stand_in(users, name)
        return record if checked and is_right(password, checked.password_hash) else None

    def with_token(self, token: str) -> UserRecord | None:
        """The user of a token, also of one that has expired; it takes the same time whatever the token is."""
        digest = digest_of(token)
        found = [
            record
            for record in self._current().users
            if hmac.compare_digest(record.token.sha256 if record.token else "", digest)
        ]
        return found[0] if found else None

    def has_expired(self, token: TokenRecord) -> bool:
        """Whether a token has ended."""
        return token.has_expired(self._now())

    def _stand_in(self, users: tuple[UserRecord, ...], name: str) -> UserRecord | None:
        """Whose hash is checked for a name that is unknown: always the same, so that it takes the time of a user."""
        place = int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), key=self._key, digest_size=8).digest())
        return users[place % len(users)] if users else None

    def _current(self) -> UserFile:
        with self._lock:
            version = _version_of(self._file)
            if version != self._version:
                self._version = version
                try:
                    self._content = read_users(self._file)
                except InputError as error:
                    # whoever was taken out of the file must not get in because the rest of it is broken
                    _log.error("Nobody can log in: %s", error)
                    self._content = UserFile()
                else:
                    if self._watch:
                        self._watch(self._last_read, self._content)
                    self._last_read = self._content
            return self._content


def _version_of(file: Path) -> tuple[int, ...]:
    """What distinguishes one content of a file from the next; it is always replaced by rename, so the inode changes."""
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size
