"""The users of a service: a file with their roles and the hashes of their passwords and tokens."""

import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import model_validator

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import Record
from videoprep_nb.jobs.models import OWNER_MARK
from videoprep_nb.server.security.digests import digest_of, write_private
from videoprep_nb.server.security.passwords import is_right, new_hash
from videoprep_nb.server.security.tokens import TOKEN_DAYS, TokenRecord, make_token

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_log = logging.getLogger(__name__)


class Role(StrEnum):
    """What a user may see."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True)
class User:
    """Somebody who has logged in, or a program with their token.

    Args:
        name: Their name; empty for the one user of a service without a user file.
        role: An admin sees all jobs and how the service is, a member their own jobs.
        user_id: What their jobs and uploads know them by; no later user of the name gets it.
    """

    name: str
    role: Role
    user_id: str

    @property
    def is_admin(self) -> bool:
        """Whether they see all jobs."""
        return self.role is Role.ADMIN


LOCAL_ADMIN = User("", Role.ADMIN, "")
"""Whoever uses a service without a user file, which only this machine reaches."""


class UserRecord(Record):
    """A user in the file.

    Args:
        user_id: Never changes and never comes back: the name with random digits, or the name alone for users of
            version 0.1, whose jobs know them by it.
        name: What they log in as.
        role: What they may see.
        password_hash: Argon2 hash of their password.
        token: Their token, None when they have none.
    """

    user_id: str
    name: str
    role: Role
    password_hash: str
    token: TokenRecord | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, content: Any) -> Any:
        """Users of version 0.1 had no id, and the hash of a token without an end."""
        if not isinstance(content, dict) or "user_id" in content:
            return content
        digest = content.get("token_sha256")
        older = {name: value for name, value in content.items() if name != "token_sha256"}
        return older | {"user_id": content.get("name"), "token": {"sha256": digest} if digest else None}

    @property
    def user(self) -> User:
        """The user without what proves it."""
        return User(self.name, self.role, self.user_id)


class UserFile(Record):
    """All users; only its owner may read the file.

    Args:
        users: The users, in the order in which they were added.
    """

    users: tuple[UserRecord, ...] = ()

    def named(self, name: str) -> UserRecord | None:
        """The user of a name."""
        return next((user for user in self.users if user.name == name), None)


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
        _date_old_tokens(file, now())
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

    def refresh(self) -> None:
        """Read the file again if it has changed; everything else here does so, too."""
        self._current()

    def named(self, name: str) -> UserRecord | None:
        """The user of a name, None when there is none."""
        return self._current().named(name)

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


def is_user_name(name: str) -> bool:
    """Whether a user can have a name."""
    return _NAME.fullmatch(name) is not None


def read_users(file: Path) -> UserFile:
    """The users in a file.

    Raises:
        InputError: It is missing, cannot be read, or is no user file.
    """
    try:
        return UserFile.read(file)
    except OSError as error:
        raise InputError(f"The user file {file} cannot be read ({error.strerror}).") from error
    except InputError as error:
        raise InputError(f"The user file cannot be used: {error} Make one with: videoprep users add NAME") from None


def add_user(file: Path, name: str, role: Role, password: str) -> None:
    """Add a user to a file, which is made when it is missing.

    Raises:
        InputError: The file cannot be used, the name is no good or taken, or the password is too short or long.
    """
    if not is_user_name(name):
        raise InputError(f"{name[:100]!r} is no user name; take up to 64 of the characters A-Z a-z 0-9 . _ @ -")
    record = UserRecord(
        user_id=f"{name}{OWNER_MARK}{secrets.token_hex(4)}", name=name, role=role, password_hash=new_hash(password)
    )

    def add(users: list[UserRecord]) -> list[UserRecord]:
        if any(user.name == name for user in users):
            raise InputError(f"{name} is in {file} already; change the password with: videoprep users password {name}")
        return [*users, record]

    _change_users(file, add)


def remove_user(file: Path, name: str) -> None:
    """Take a user out of a file: password, token and sessions end at once; the jobs stay.

    Raises:
        InputError: The file cannot be used, or has no such user.
    """
    _check_known(file, name)
    _change_users(file, lambda users: [user for user in users if user.name != name])


def set_password(file: Path, name: str, password: str) -> None:
    """Give a user another password; their token and sessions end at once.

    Raises:
        InputError: The file cannot be used, has no such user, or the password is too short or long.
    """
    _update_user(file, name, {"password_hash": new_hash(password), "token": None})


def new_token(file: Path, name: str, days: float = TOKEN_DAYS) -> str:
    """Make a token with which a user's programs can use the API; an older one ends.

    Args:
        file: The user file.
        name: The user.
        days: How long the token lasts.

    Returns:
        The token, which is kept nowhere.

    Raises:
        InputError: The file cannot be used, or has no such user.
    """
    token, record = make_token(days, datetime.now(UTC))
    _update_user(file, name, {"token": record})
    return token


def revoke_token(file: Path, name: str) -> None:
    """End the token of a user at once.

    Raises:
        InputError: The file cannot be used, has no such user, or they have no token.
    """
    found = read_users(file).named(name)
    if found and not found.token:
        raise InputError(f"{name} has no token; videoprep users tokens lists who has one.")
    _update_user(file, name, {"token": None})


def _update_user(file: Path, name: str, values: dict[str, Any]) -> None:
    _check_known(file, name)
    _change_users(file, lambda users: [user.model_copy(update=values) if user.name == name else user for user in users])


def _check_known(file: Path, name: str) -> None:
    if read_users(file).named(name) is None:
        raise InputError(f"{file} has no user {name[:100]!r}; videoprep users list shows who is in it.")


def _change_users(file: Path, change: Callable[[list[UserRecord]], list[UserRecord]]) -> None:
    with _locked(file.parent):
        users = list(read_users(file).users) if file.exists() else []
        dated = [_with_dated_token(user, datetime.now(UTC)) for user in change(users)]
        write_private(UserFile(users=tuple(dated)), file)


def _date_old_tokens(file: Path, now: datetime) -> None:
    """Write down when the tokens of version 0.1 end."""
    if all(_with_dated_token(user, now) == user for user in read_users(file).users):
        return
    try:
        _change_users(file, lambda users: users)
    except InputError as error:
        _log.warning("Tokens of version 0.1 do not expire as long as the user file is read-only: %s", error)


def _with_dated_token(user: UserRecord, now: datetime) -> UserRecord:
    if user.token is None or user.token.expires_at:
        return user
    dated = user.token.model_copy(update={"expires_at": now + timedelta(days=TOKEN_DAYS)})
    return user.model_copy(update={"token": dated})


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands from changing files of a folder meanwhile; a lost change would bring a user back."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{folder} cannot be used ({error.strerror}).") from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _version_of(file: Path) -> tuple[int, ...]:
    """What distinguishes one content of a file from the next; it is always replaced by rename, so the inode changes."""
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size
