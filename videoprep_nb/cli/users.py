"""The commands ``videoprep users …``: who may use a service."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from videoprep_nb.cli.console import EXIT_USAGE, out, stop
from videoprep_nb.core.errors import InputError
from videoprep_nb.server.security.users import Role, add_user, new_token, read_users, remove_user, set_password

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
        out.print(f"{user.name}  {user.role}{'  has a token' if user.token_sha256 else ''}", markup=False)


@users_app.command()
def remove(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """Remove a user and end their sessions; their jobs stay."""
    _try(lambda: remove_user(auth_file, name))


@users_app.command()
def password(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """Change a password and end the sessions of the user; asks for it, or reads it from standard input."""
    chosen = _read_password()
    _try(lambda: set_password(auth_file, name, chosen))


@users_app.command()
def token(name: Name, auth_file: AuthFile = _DEFAULT_FILE) -> None:
    """Print a new token for a user's programs; it replaces the old one. The file keeps only its hash."""
    sys.stdout.write(_try(lambda: new_token(auth_file, name)) + "\n")


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _try(work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
