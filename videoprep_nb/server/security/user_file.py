"""The user file: who may use a service, with their roles and the hashes of their passwords and tokens."""

import fcntl
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, model_validator

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import Record
from videoprep_nb.jobs.announcing.mail import is_mail_address
from videoprep_nb.jobs.models import OWNER_MARK
from videoprep_nb.server.security.digests import write_private
from videoprep_nb.server.security.passwords import new_hash
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
        mail_address: Where they get a message when a job of theirs ends; empty: nowhere.
    """

    user_id: str
    name: str
    role: Role
    password_hash: str
    token: TokenRecord | None = None
    mail_address: str = ""

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


class InviteRecord(Record):
    """A link with which somebody makes themselves a user, once.

    Args:
        invite_id: What the link is called in lists and logs; it opens nothing.
        sha256: SHA-256 of its key in hexadecimal form.
        role: What the user will see.
        made_by: Name of the admin who made it; empty when it was made on the command line.
        expires_at: When it ends.
    """

    invite_id: str
    sha256: str
    role: Role
    made_by: str
    expires_at: AwareDatetime


class UserFile(Record):
    """All users; only its owner may read the file.

    Args:
        users: The users, in the order in which they were added.
        invites: Links for further users that nobody has used yet; one that has expired stays until the next change.
    """

    users: tuple[UserRecord, ...] = ()
    invites: tuple[InviteRecord, ...] = ()

    def named(self, name: str) -> UserRecord | None:
        """The user of a name."""
        return next((user for user in self.users if user.name == name), None)


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
    record = new_user(name, role, password)
    change_file(file, lambda content: with_user(content, record))


def new_user(name: str, role: Role, password: str) -> UserRecord:
    """A user who is in no file yet.

    Raises:
        InputError: The name is no good, or the password is too short or long.
    """
    if not is_user_name(name):
        raise InputError(f"{name[:100]!r} is no user name; take up to 64 of the characters A-Z a-z 0-9 . _ @ -")
    user_id = f"{name}{OWNER_MARK}{secrets.token_hex(4)}"
    return UserRecord(user_id=user_id, name=name, role=role, password_hash=new_hash(password))


def with_user(content: UserFile, record: UserRecord) -> UserFile:
    """A user file with one more user.

    Raises:
        InputError: The name is taken.
    """
    name = record.name
    if content.named(name):
        raise InputError(f"There is a user {name} already; choose another name.")
    return content.model_copy(update={"users": (*content.users, record)})


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


def set_mail_address(file: Path, name: str, address: str) -> None:
    """Say where a user gets e-mail; empty: nowhere.

    Raises:
        InputError: The file cannot be used, has no such user, or the address is none.
    """
    if address and not is_mail_address(address):
        raise InputError(f"{address[:100]!r} is no address of e-mail; expected one such as anna@example.org.")
    _update_user(file, name, {"mail_address": address})


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
    change_file(file, lambda content: content.model_copy(update={"users": tuple(change(list(content.users)))}))


def change_file(file: Path, change: Callable[[UserFile], UserFile]) -> None:
    """Replace the content of a user file, which is made when it is missing; nobody else changes it meanwhile.

    Args:
        file: The user file.
        change: Makes the new content of the old one; what it raises leaves the file as it is.

    Raises:
        InputError: The file cannot be used.
    """
    now = datetime.now(UTC)
    with _locked(file.parent):
        content = change(read_users(file) if file.exists() else UserFile())
        users = tuple(_with_dated_token(user, now) for user in content.users)
        invites = tuple(invite for invite in content.invites if invite.expires_at > now)
        write_private(UserFile(users=users, invites=invites), file)


def date_old_tokens(file: Path, now: datetime) -> None:
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
