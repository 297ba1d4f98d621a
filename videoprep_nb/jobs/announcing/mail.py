"""E-mail at the end of a job: to who submitted it, if an address is known, and to whom the operator names."""

import logging
import re
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import visible
from videoprep_nb.core.text import plural, shortened
from videoprep_nb.jobs.announcing.announcement import Announcement, AnnouncementError, check_address, job_address
from videoprep_nb.jobs.task import without_task_key

PASSWORD_VARIABLE = "VIDEOPREP_SMTP_PASSWORD"  # noqa: S105 - where it is, not what it is
_TIMEOUT_S = 20.0
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_PORTS = {"smtp": 587, "smtps": 465}
_MAX_NAME = 60
_log = logging.getLogger(__name__)


def is_mail_address(text: str) -> bool:
    """Whether a text is an address of e-mail, without a name beside it.

    Example:
        >>> is_mail_address("anna@example.org"), is_mail_address("Anna <anna@example.org>")
        (True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True)
class MailServer:
    """What takes our messages.

    Args:
        url: ``smtps://user@mail.example.org:465`` is encrypted from the start, ``smtp://…:587`` from STARTTLS on, which
            is demanded except on this machine. The port may be left out, and the user where nobody logs in.
        password: The user's password.
        sender: Address that messages come from.
        copies_to: Who gets a message for every job.
        public_url: Address of the page of this service, for links to jobs.
    """

    url: str
    password: str
    sender: str
    copies_to: tuple[str, ...]
    public_url: str

    def __post_init__(self) -> None:
        """Raises ``InputError``: an address is none, or there is a user without a password."""
        try:
            parts = urlsplit(self.url)
            is_server = parts.scheme in _PORTS and parts.hostname and not parts.password and parts.port != 0
        except ValueError:  # brackets, or a port, that are none
            is_server = False
        if not is_server:
            raise InputError(f"{self.url} is no mail server; expected one such as smtps://user@mail.example.org.")
        for address in (self.sender, *self.copies_to):
            if not is_mail_address(address):
                raise InputError(f"{address} is no address of e-mail; expected one such as videoprep@example.org.")
        check_address(self.public_url)
        if parts.username and not self.password:
            raise InputError(f"The user of the mail server has no password; give its file, or set {PASSWORD_VARIABLE}.")

    @property
    def host(self) -> str:
        """Its name and port, as in a sentence."""
        return f"{self._name}:{self._port}"

    @property
    def _name(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def _port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    def connect(self) -> smtplib.SMTP:
        """A connection, logged in.

        Raises:
            OSError: There is none; also what smtplib raises.
        """
        parts = urlsplit(self.url)
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if parts.scheme == "smtps":
            connection = smtplib.SMTP_SSL(self._name, self._port, timeout=_TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(self._name, self._port, timeout=_TIMEOUT_S)
        try:
            if parts.scheme == "smtp" and not is_loopback(self._name):
                connection.starttls(context=context)
            if parts.username:
                connection.login(unquote(parts.username), self.password)
        except BaseException:
            connection.close()
            raise
        return connection


class Mail:
    """Announces ends of jobs by e-mail.

    Args:
        server: What takes the messages.
        address_of: Gives the address of the owner of a job by their id; empty where none is known.
    """

    name = "e-mail"

    def __init__(self, server: MailServer, address_of: Callable[[str], str]) -> None:
        self._server = server
        self._address_of = address_of

    def send(self, announcement: Announcement) -> None:
        """Send the message of one end; nothing is sent where nobody is to get it.

        Raises:
            AnnouncementError: The server does not take it.
        """
        receivers = self._receivers(announcement.job.owner)
        if not receivers:
            return
        message = write_message(announcement, self._server, receivers)
        try:
            with self._server.connect() as connection:
                refused = connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise AnnouncementError(f"{self._server.host} did not take the message ({_reason_of(error)}).") from error
        for address in refused:  # the others have it, so it is not sent again
            _log.warning("%s does not take messages for %s", self._server.host, address)

    def check(self) -> str:
        """Connect and log in, without a message.

        Returns:
            What answered, in words.

        Raises:
            AnnouncementError: There is no connection.
        """
        try:
            with self._server.connect() as connection:
                connection.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise AnnouncementError(f"{self._server.host} cannot be used ({_reason_of(error)}).") from error
        return f"{self._server.host} takes messages from {self._server.sender}"

    def _receivers(self, owner_id: str) -> list[str]:
        own = self._address_of(owner_id)
        return list(dict.fromkeys([*([own] if is_mail_address(own) else []), *self._server.copies_to]))


def write_message(announcement: Announcement, server: MailServer, receivers: Iterable[str]) -> EmailMessage:
    """The message of one end: what came out, and where to see it.

    Args:
        announcement: The end.
        server: Whose sender and links it has.
        receivers: Who gets it.
    """
    job = announcement.job
    message = EmailMessage()
    message["Subject"] = f"{job.heading}: {announcement.state} ({_names(job.video_names)})"
    message["From"] = server.sender
    message["To"] = ", ".join(receivers)
    message["Date"] = format_datetime(announcement.ended_at)
    # the same at every attempt, so a message that was taken without our knowledge is shown once
    message["Message-ID"] = f"<{announcement.delivery_id}@{server.sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    came_out = [str(announcement.totals)] if announcement.totals else []
    why = [visible(without_task_key(announcement.message))] if announcement.message else []
    lines = [
        f"{job.heading} has ended: {announcement.state}.",
        *came_out,
        *why,
        "",
        job_address(server.public_url, job),
    ]
    message.set_content("\n".join(lines) + "\n")
    return message


def _names(names: Sequence[str]) -> str:
    first = shortened(visible(names[0]), _MAX_NAME) if names else "no video"
    return f"{first} and {plural(len(names) - 1, 'more video')}" if len(names) > 1 else first


def _reason_of(error: Exception) -> str:
    """Why, in words; the answers of mail servers are bytes."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return visible(f"{error.smtp_code} {text}")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it refuses {', '.join(error.recipients)}"
    return visible(str(error) or type(error).__name__)
