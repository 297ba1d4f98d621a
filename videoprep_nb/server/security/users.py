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
from enum import StrEnum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import Record

MIN_PASSWORD_LENGTH = 10
_MAX_PASSWORD_LENGTH = 1000
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_log = logging.getLogger(__name__)

# argon2-cffi, with the parameters of RFC 9106 for 64 MiB of memory: it is here anyway (Jupyter's server needs it), and
# its hashes say how they were made, so that stronger ones can follow. scrypt of the standard library would need a
# format of our own.
_hasher = PasswordHasher()


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
    """

    name: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether they see all jobs."""
        return self.role is Role.ADMIN


LOCAL_ADMIN = User("", Role.ADMIN)
"""Whoever uses a service without a user file, which only this machine reaches."""


class UserRecord(Record):
    """A user in the file.

    Args:
        name: What they log in as.
        role: What they may see.
        password_hash: Argon2 hash of their password.
        token_sha256: SHA-256 of their token in hexadecimal form; empty when they have none.
    """

    name: str
    role: Role
    password_hash: str
    token_sha256: str = ""

    @property
    def user(self) -> User:
        """The user without what proves it."""
        return User(self.name, self.role)

    def has_password(self, password: str) -> bool:
        """Whether this is their password; takes about a tenth of a second and 64 MiB, on purpose."""
        try:
            return len(password) <= _MAX_PASSWORD_LENGTH and _hasher.verify(self.password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


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
        file: The user file.

    Raises:
        InputError: It cannot be read, or has no user.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._nobody = UserRecord(name="", role=Role.MEMBER, password_hash=_hasher.hash(secrets.token_hex()))
        self._version = _version_of(file)
        self._content = read_users(file)
        if not self._content.users:
            raise InputError(f"{file} has no user; add one with: videoprep users add NAME --auth-file {file}")

    def named(self, name: str) -> UserRecord | None:
        """The user of a name, None when there is none."""
        return self._current().named(name)

    def with_password(self, name: str, password: str) -> UserRecord | None:
        """The user who logs in so, None when name or password is wrong; it takes as long for names that are unknown."""
        record = self.named(name)
        return record if (record or self._nobody).has_password(password) else None

    def with_token(self, token: str) -> User | None:
        """The user of a token, None when it is not one; it takes the same time whatever the token is."""
        digest = digest_of(token)
        found = [record for record in self._current().users if hmac.compare_digest(record.token_sha256, digest)]
        return found[0].user if found else None

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
            return self._content


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
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:100]!r} is no user name; take up to 64 of the characters A-Z a-z 0-9 . _ @ -")
    record = UserRecord(name=name, role=role, password_hash=_hash(password))

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
    """Give a user another password; sessions end at once.

    Raises:
        InputError: The file cannot be used, has no such user, or the password is too short or long.
    """
    _update_user(file, name, {"password_hash": _hash(password)})


def new_token(file: Path, name: str) -> str:
    """Make a token with which a user's programs can use the API; an older one ends.

    Returns:
        The token, which is kept nowhere.

    Raises:
        InputError: The file cannot be used, or has no such user.
    """
    token = secrets.token_urlsafe(32)
    _update_user(file, name, {"token_sha256": digest_of(token)})
    return token


def digest_of(secret: str) -> str:
    """How a random secret is kept: its SHA-256 in hexadecimal form."""
    return hashlib.sha256(secret.encode()).hexdigest()


def write_private(record: Record, file: Path) -> None:
    """Write a record that nobody but the owner of the file may read, from the first moment on.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        with (
            staged_file(file) as staging,
            os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as opened,
        ):
            opened.write(record.model_dump_json(indent=1))
            if os.geteuid() == 0 and file.exists():  # root manages the users of a service that is not root's
                os.fchown(opened.fileno(), file.stat().st_uid, file.stat().st_gid)
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}).") from error


def _hash(password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH:
        raise InputError(
            f"The password has {len(password)} characters; take {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH}, "
            "such as four words."
        )
    return _hasher.hash(password)


def _update_user(file: Path, name: str, values: dict[str, str]) -> None:
    _check_known(file, name)
    _change_users(file, lambda users: [user.model_copy(update=values) if user.name == name else user for user in users])


def _check_known(file: Path, name: str) -> None:
    if read_users(file).named(name) is None:
        raise InputError(f"{file} has no user {name[:100]!r}; videoprep users list shows who is in it.")


def _change_users(file: Path, change: Callable[[list[UserRecord]], list[UserRecord]]) -> None:
    with _locked(file.parent):
        users = list(read_users(file).users) if file.exists() else []
        write_private(UserFile(users=tuple(change(users))), file)


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
