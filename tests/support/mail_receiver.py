"""A mail server that keeps what it is sent, and may refuse it first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.support.web_server import free_port


@dataclass
class MailReceiver:
    """``refusals`` is how many messages it refuses before it takes one."""

    port: int = 0
    refusals: int = 0
    user: str = ""
    password: str = ""
    messages: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://{self.user}{'@' if self.user else ''}127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            self.refusals -= 1
            return "451 come back later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert sorted(envelope.rcpt_tos) == sorted(message["To"].split(", "))
        self.messages.append(message)
        return "250 taken"

    def authenticator(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        known = (self.user.encode(), self.password.encode())
        return AuthResult(success=(given.login, given.password) == known, handled=False)  # it answers


@contextmanager
def mail_receiver(user: str = "", password: str = "") -> Iterator[MailReceiver]:
    """Take messages at a free port; with a user only after a log-in."""
    receiver = MailReceiver(user=user, password=password)
    options = {"authenticator": receiver.authenticator, "auth_required": True, "auth_require_tls": False}
    receiver.port = free_port()  # the controller connects to it, and would take 0 as it is
    controller = Controller(receiver, "127.0.0.1", receiver.port, **(options if user else {}))
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
