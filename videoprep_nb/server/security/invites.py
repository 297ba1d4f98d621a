"""Links with which people make themselves users: an admin sends one, and it works once."""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.server.security.digests import digest_of
from videoprep_nb.server.security.user_file import (
    InviteRecord,
    Role,
    UserFile,
    UserRecord,
    change_file,
    new_user,
    read_users,
    with_user,
)

INVITE_PATH = "/login/invite"
"""Where an invite is accepted: below the path of the cookie by which a browser is known."""

INVITE_DAYS = 7
"""How long an invite lasts unless somebody says otherwise."""

MAX_INVITE_DAYS = 90
_MAX_INVITES = 200
_ENDED = "This invite was used, has expired, or was revoked; ask the administrator of the service for a new one."


def make_invite(file: Path, role: Role, days: float = INVITE_DAYS, made_by: str = "") -> str:
    """Make an invite.

    Args:
        file: The user file.
        role: What the invited user will see.
        days: How long it lasts.
        made_by: Name of the admin who makes it.

    Returns:
        The key for its link, which is kept nowhere.

    Raises:
        InputError: The file cannot be used, or has too many invites.
    """
    key = secrets.token_urlsafe(32)
    invite = InviteRecord(
        invite_id=secrets.token_hex(4),
        sha256=digest_of(key),
        role=role,
        made_by=made_by,
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )

    def add(content: UserFile) -> UserFile:
        if len(content.invites) >= _MAX_INVITES:
            raise InputError(f"There are {_MAX_INVITES} invites already; revoke some of them.")
        return content.model_copy(update={"invites": (*content.invites, invite)})

    read_users(file)  # an invite makes no user file: it would be one without an admin
    change_file(file, add)
    return key


def find_invite(content: UserFile, key: str) -> InviteRecord | None:
    """The invite of a key, None when it has ended; it takes the same time whatever the key is."""
    digest = digest_of(key)
    found = [invite for invite in content.invites if hmac.compare_digest(invite.sha256, digest)]
    return found[0] if found and found[0].expires_at > datetime.now(UTC) else None


def accept_invite(file: Path, key: str, name: str, password: str) -> UserRecord:
    """Make the user of an invite, which ends.

    Args:
        file: The user file.
        key: The key of its link.
        name: The name that the user has chosen.
        password: Their password.

    Raises:
        InputError: The invite has ended, the name is no good or taken, the password is too short or long, or the file
            cannot be used.
    """
    expected = find_invite(read_users(file), key)
    if expected is None:
        raise InputError(_ENDED)
    record = new_user(name, expected.role, password)

    def accept(content: UserFile) -> UserFile:
        if expected not in content.invites:  # somebody was faster
            raise InputError(_ENDED)
        return with_user(_without(content, expected.invite_id), record)

    change_file(file, accept)
    return record


def revoke_invite(file: Path, invite_id: str) -> None:
    """End an invite.

    Raises:
        InputError: The file cannot be used, or has no such invite (any more).
    """
    if all(invite.invite_id != invite_id for invite in read_users(file).invites):
        raise InputError(f"There is no invite {invite_id[:100]!r}; it was used, has expired, or was revoked.")
    change_file(file, lambda content: _without(content, invite_id))


def _without(content: UserFile, invite_id: str) -> UserFile:
    kept = tuple(invite for invite in content.invites if invite.invite_id != invite_id)
    return content.model_copy(update={"invites": kept})
