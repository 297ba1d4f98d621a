"""The commands ``videoprep users …``: who may use a service."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from videoprep_nb.cli.console import EXIT_USAGE, out, stop
from videoprep_nb.core.errors import InputError
from videoprep_nb.server.security.invites import INVITE_DAYS, INVITE_PATH, MAX_INVITE_DAYS, make_invite, revoke_invite
from videoprep_nb.server.security.tokens import MAX_TOKEN_DAYS, TOKEN_DAYS
from videoprep_nb.server.security.user_file import (
    Role,
    add_user,
    new_token,
    read_users,
    remove_user,
    revoke_token,
    set_mail_address,
    set_password,
)

users_app = typer.Typer(
    help="Manage the users of a service; a running service notices changes immediately.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Login name.")]
AuthFile = Annotated[Path, typer.Option(help="User file, as for videoprep serve.")]
_DEFAULT_FILE = Path("videoprep-users.json")
_Result = TypeVar("_Result")


@users_app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="Admins see all jobs; members see their own.")] = Role.MEMBER,
    auth_file: AuthFile = _DEFAULT_FILE,
) -> None:
    """Add a user; asks for the password, or reads it from standard input."""
    password = _read_password()
    _try(lambda: add_user(auth_file, name, role, password))


@users_app.command("list")
def list_users(auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """List users with their roles."""
    for user in _try(lambda: read_users(auth_file)).users:
        out.print(f"{user.name}  {user.role}{'  has a token' if user.token else ''}", markup=False)


@users_app.command()
def remove(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """Remove a user, their token and sessions; their jobs stay, and no later user of the name gets them."""
    _try(lambda: remove_user(auth_file, name))


@users_app.command()
def password(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """Change a password and end token and sessions of the user; asks for it, or reads it from standard input."""
    chosen = _read_password()
    _try(lambda: set_password(auth_file, name, chosen))


@users_app.command()
def mail(
    name: Name,
    address: Annotated[str, typer.Argument(help="Their address.", show_default="none: no messages any more")] = "",
    auth_file: AuthFile = _DEFAULT_FILE,
) -> None:
    """Say where a user gets a message when a job of theirs ends; the service needs --smtp for it."""
    _try(lambda: set_mail_address(auth_file, name, address))


@users_app.command()
def token(
    name: Name,
    days: Annotated[float, typer.Option(min=0.001, max=MAX_TOKEN_DAYS, help="Days until it expires.")] = TOKEN_DAYS,
    auth_file: AuthFile = _DEFAULT_FILE,
) -> None:
    """Print a new token for a user's programs; it replaces the old one. The file keeps only its hash."""
    sys.stdout.write(_try(lambda: new_token(auth_file, name, days)) + "\n")


@users_app.command()
def tokens(auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """List tokens: user, last four characters, when they were created and when they expire."""
    now = datetime.now(UTC)
    for user in _try(lambda: read_users(auth_file)).users:
        if user.token:
            expiry = f"{'expired' if user.token.has_expired(now) else 'expires'} {_time(user.token.expires_at)}"
            created = f"created {_time(user.token.created_at)}"
            out.print(f"{user.name}  …{user.token.last_four or '????'}  {created}  {expiry}", markup=False)


@users_app.command()
def revoke(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """End the token of a user at once."""
    _try(lambda: revoke_token(auth_file, name))


@users_app.command()
def invite(
    role: Annotated[Role, typer.Option(help="Admins see all jobs; members see their own.")] = Role.MEMBER,
    days: Annotated[float, typer.Option(min=0.001, max=MAX_INVITE_DAYS, help="Days until it expires.")] = INVITE_DAYS,
    address: Annotated[str, typer.Option(help="Address of the service, as people open it.")] = "http://127.0.0.1:7860",
    auth_file: AuthFile = _DEFAULT_FILE,
) -> None:
    """Print a link that works once: who opens it chooses a name and a password. The file keeps only its hash."""
    key = _try(lambda: make_invite(auth_file, role, days))
    sys.stdout.write(f"{address.rstrip('/')}{INVITE_PATH}?key={key}\n")


@users_app.command()
def invites(auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """List invites that nobody has used: id, role, who created it, and when it expires."""
    for open_invite in _try(lambda: read_users(auth_file)).invites:
        made_by = f"  created by {open_invite.made_by}" if open_invite.made_by else ""
        expiry = f"  expires {_time(open_invite.expires_at)}"
        out.print(f"{open_invite.invite_id}  {open_invite.role}{made_by}{expiry}", markup=False)


@users_app.command("revoke-invite")
def revoke_invite_link(
    invite_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, as videoprep users invites lists it.")],
    auth_file: AuthFile = _DEFAULT_FILE,
) -> None:
    """End an invite at once."""
    _try(lambda: revoke_invite(auth_file, invite_id))


def _time(at: datetime | None) -> str:
    """A time for the list; it is unknown for tokens of version 0.1."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "at an unknown time"


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _try(work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
