"""Options of ``videoprep serve`` that say how ends of jobs are announced: a webhook, e-mail."""

import os
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import warn_of_readable
from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.text import reason_of
from videoprep_nb.jobs.announcing.mail import PASSWORD_VARIABLE, MailServer
from videoprep_nb.jobs.announcing.webhook import SECRET_VARIABLE, Webhook, read_secret

WebhookUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help=f"Receives a signed POST when a job ends; requires --webhook-secret-file or {SECRET_VARIABLE}.",
        show_default="none",
    ),
]
WebhookSecretFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File that holds the secret of its signature.", show_default="none"),
]
SmtpUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Mail server that sends a message when a job ends, such as smtps://user@mail.example.org.",
        show_default="none",
    ),
]
SmtpPasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File that holds the password of its user.", show_default=f"{PASSWORD_VARIABLE}"),
]
MailFrom = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Sender of these messages.", show_default="none")]
MailTo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        help="Gets a message for every job, beside the user who submitted it; repeatable.",
        show_default="nobody",
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Address of the page as users open it, for links to jobs.",
        show_default="this machine only",
    ),
]


def own_address(host: str, port: int) -> str:
    """Address of the page for users of this machine; empty where it is not known before the start."""
    if not port or not is_loopback(host):
        return ""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def webhook_of(url: str | None, secret_file: Path | None, public_url: str) -> Webhook | None:
    """The webhook that the options name; None for none.

    Raises:
        InputError: An address or the secret is missing or cannot be used.
    """
    if not url:
        if secret_file:
            raise InputError("--webhook-secret-file needs --webhook; give both, or neither.")
        return None
    _check_public("--webhook", public_url)
    return Webhook(url, read_secret(_secret(secret_file, SECRET_VARIABLE)), public_url)


def mail_server_of(
    url: str | None, password_file: Path | None, sender: str | None, copies_to: list[str], public_url: str
) -> MailServer | None:
    """The mail server that the options name; None for none.

    Raises:
        InputError: An address or the password is missing or cannot be used.
    """
    if not url:
        if password_file or sender or copies_to:
            raise InputError("--smtp-password-file, --mail-from and --mail-to need --smtp; give it, or leave them out.")
        return None
    if not sender:
        raise InputError("--smtp needs --mail-from, the sender of the messages, such as videoprep@example.org.")
    _check_public("--smtp", public_url)
    return MailServer(url, _secret(password_file, PASSWORD_VARIABLE), sender, tuple(copies_to), public_url)


def _check_public(option: str, public_url: str) -> None:
    if not public_url:
        raise InputError(f"{option} needs --public-url for links to jobs, such as https://videoprep.example.org.")


def _secret(file: Path | None, variable: str) -> str:
    """What is in a file, or without one in an environment variable; empty when there is neither."""
    if not file:
        return os.environ.get(variable, "")
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text ({reason_of(error)}).") from None
    warn_of_readable(file)
    return secret
