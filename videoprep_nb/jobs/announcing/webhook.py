"""Lets another program know that a job has ended: a signed POST.

The form is that of https://www.standardwebhooks.com, for which there are libraries in most languages. An end may arrive
twice, always with the same ``webhook-id``.
"""

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

import videoprep_nb
from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.announcing.announcement import Announcement, AnnouncementError, check_address, job_address

SECRET_VARIABLE = "VIDEOPREP_WEBHOOK_SECRET"  # noqa: S105 - where it is, not what it is
_SECRET_PREFIX = "whsec_"  # noqa: S105
_MIN_SECRET_BYTES = 24
_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Webhook:
    """Where the ends of jobs are sent.

    Args:
        url: Address of the receiver, ``https://hooks.example.org/videoprep``. The operator names it, so it may lie in a
            private network; redirects are not followed.
        key: What messages are signed with, see ``read_secret``.
        public_url: Address of the page of this service, for links to jobs.
    """

    url: str
    key: bytes
    public_url: str
    name = "webhook"

    def __post_init__(self) -> None:
        """Raises ``InputError``: an address is none."""
        for url in (self.url, self.public_url):
            check_address(url)

    def send(self, announcement: Announcement) -> None:
        """Announce an end, once.

        Raises:
            AnnouncementError: It was not taken.
        """
        job, totals = announcement.job, announcement.totals
        content = {
            "type": "job.ended",
            "timestamp": announcement.ended_at.isoformat(),
            "data": {
                "job_id": job.job_id,
                "number": job.number,
                "name": job.name,
                "owner": job.owner_name,
                "state": announcement.state,
                "message": announcement.message,
                "address": job_address(self.public_url, job),
                "totals": totals.model_dump() if totals else None,
            },
        }
        self._post(announcement.delivery_id, content)

    def _post(self, delivery_id: str, content: dict[str, Any]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = signed_headers(self.key, delivery_id, body, datetime.now(UTC))
        try:
            # streamed: the answer's body, whatever its size, is not read
            with httpx.stream("POST", self.url, content=body, headers=headers, timeout=_TIMEOUT_S) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AnnouncementError(f"{self._host} does not answer ({str(error) or type(error).__name__}).") from error
        if 300 <= status < 400:
            raise AnnouncementError(
                f"{self._host} redirects (status {status}), which is not followed; give its new address."
            )
        if not 200 <= status < 300:
            raise AnnouncementError(f"{self._host} answers with status {status}, expected 2xx.")

    def check(self) -> str:
        """Send a message of type ``ping``.

        Returns:
            Where it was taken.

        Raises:
            AnnouncementError: It was not.
        """
        now = datetime.now(UTC).isoformat()
        self._post(uuid.uuid4().hex, {"type": "ping", "timestamp": now, "data": {"address": self.public_url}})
        return f"{self._host} took a ping"

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc  # never the path, which is a secret with many receivers


def read_secret(text: str) -> bytes:
    """The key in a secret: ``whsec_`` and 24 bytes or more in base64.

    Raises:
        InputError: It is no such secret.
    """
    prefix, encoded = text[: len(_SECRET_PREFIX)], text[len(_SECRET_PREFIX) :]
    try:
        key = base64.b64decode(encoded, validate=True) if prefix == _SECRET_PREFIX else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _MIN_SECRET_BYTES:
        raise InputError(
            f"The secret of the webhook cannot be used; expected {_SECRET_PREFIX} and {_MIN_SECRET_BYTES} bytes or "
            f'more in base64, as echo "{_SECRET_PREFIX}$(openssl rand -base64 32)" makes it.'
        )
    return key


def signed_headers(key: bytes, delivery_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Headers by which a receiver knows who sent a message, when, and whether it has it already.

    Args:
        key: What it is signed with.
        delivery_id: The message.
        body: Its bytes.
        at: When it is sent; receivers refuse what is minutes old, so nobody can send it again later.
    """
    timestamp = str(int(at.timestamp()))
    signature = hmac.digest(key, b".".join((delivery_id.encode(), timestamp.encode(), body)), hashlib.sha256)
    return {
        "content-type": "application/json",
        "user-agent": f"videoprep/{videoprep_nb.__version__}",
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
