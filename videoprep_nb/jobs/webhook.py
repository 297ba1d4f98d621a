"""Lets another program know that a job has ended: a signed POST, repeated until it is taken.

The form is that of https://www.standardwebhooks.com, for which there are libraries in most languages. A thread of its
own delivers, so neither a job nor a request ever waits for the receiver. What is not delivered yet is in the database
and survives a restart; an end may arrive twice, always with the same ``webhook-id``.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

import videoprep_nb
from videoprep_nb.core.errors import InputError, NoSuchJob, VideoPrepError
from videoprep_nb.core.text import plural
from videoprep_nb.jobs.models import JobResult
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.deliveries import Delivery
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.totals import Totals

SECRET_VARIABLE = "VIDEOPREP_WEBHOOK_SECRET"  # noqa: S105 - where it is, not what it is
_SECRET_PREFIX = "whsec_"  # noqa: S105
_MIN_SECRET_BYTES = 24
_TIMEOUT_S = 10.0
_POLL_S = 0.5
_CLOSE_TIMEOUT_S = 2.0
_FIRST_PAUSE_S = 5.0
_MAX_PAUSE_S = 3600.0
_GIVE_UP_AFTER = timedelta(days=3)
_log = logging.getLogger(__name__)


class WebhookError(VideoPrepError):
    """A webhook cannot be reached or did not take what it was sent."""


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

    def __post_init__(self) -> None:
        """Raises ``InputError``: an address is none."""
        for url in (self.url, self.public_url):
            _check_address(url)

    def send(self, delivery_id: str, content: dict[str, Any]) -> None:
        """Send one message, once.

        Args:
            delivery_id: The same whenever this message is sent again.
            content: The message, as JSON.

        Raises:
            WebhookError: It was not taken.
        """
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = signed_headers(self.key, delivery_id, body, datetime.now(UTC))
        try:
            # streamed: the answer's body, whatever its size, is not read
            with httpx.stream("POST", self.url, content=body, headers=headers, timeout=_TIMEOUT_S) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WebhookError(f"{self._host} does not answer ({str(error) or type(error).__name__}).") from error
        if 300 <= status < 400:
            raise WebhookError(
                f"{self._host} redirects (status {status}), which is not followed; give its new address."
            )
        if not 200 <= status < 300:
            raise WebhookError(f"{self._host} answers with status {status}, expected 2xx.")

    def check(self) -> str:
        """Send a message of type ``ping``.

        Returns:
            Where it was taken.

        Raises:
            WebhookError: It was not.
        """
        now = datetime.now(UTC).isoformat()
        self.send(uuid.uuid4().hex, {"type": "ping", "timestamp": now, "data": {"address": self.public_url}})
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


class WebhookSender:
    """Delivers the ends of jobs to a webhook, in the background, until it is closed.

    Args:
        workspace: Where the results of jobs lie.
        store: Where ends are noted from now on.
        webhook: Where they go.
    """

    def __init__(self, workspace: Workspace, store: Store, webhook: Webhook) -> None:
        self._workspace = workspace
        self._store = store
        self._webhook = webhook
        self._closing = threading.Event()
        store.deliveries.are_requested = True
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop. A message that is on its way is not waited for; it is sent again by the next service."""
        self._closing.set()
        self._thread.join(_CLOSE_TIMEOUT_S)

    def notices(self) -> list[str]:
        """What could not be delivered so far, a sentence each."""
        return [
            f"The end of Job {each.job_number} has not reached the webhook "
            f"({plural(each.attempt, 'attempt')}): {each.problem}"
            for each in self._store.deliveries.failing()
        ]

    def _run(self) -> None:
        while not self._closing.wait(_POLL_S):
            try:
                self._deliver_due()
            except (VideoPrepError, OSError) as error:  # of database or disk, which their other users report
                _log.warning("The webhook waits: %s", error)

    def _deliver_due(self) -> None:
        for delivery in self._store.deliveries.due(datetime.now(UTC)):
            try:
                content = self._content(delivery)
            except NoSuchJob:  # deleted meanwhile, and the delivery with it
                continue
            problem = self._problem(delivery, content)
            if self._closing.is_set():
                return
            self._note(delivery, problem)

    def _problem(self, delivery: Delivery, content: dict[str, Any]) -> str:
        """Why a message was not taken; empty when it was."""
        try:
            self._webhook.send(delivery.delivery_id, content)
        except WebhookError as error:
            return str(error)
        return ""

    def _note(self, delivery: Delivery, problem: str) -> None:
        now = datetime.now(UTC)
        if not problem:
            self._store.deliveries.remove(delivery.delivery_id)
        elif now - delivery.ended_at > _GIVE_UP_AFTER:
            _log.error("The end of Job %s is not sent to the webhook any more: %s", delivery.job_number, problem)
            self._store.deliveries.remove(delivery.delivery_id)
        else:
            pause_s = min(_FIRST_PAUSE_S * 2**delivery.attempt, _MAX_PAUSE_S)
            self._store.deliveries.postpone(delivery.delivery_id, problem, now + timedelta(seconds=pause_s))

    def _content(self, delivery: Delivery) -> dict[str, Any]:
        job = self._store.job(delivery.job_id)
        return {
            "type": "job.ended",
            "timestamp": delivery.ended_at.isoformat(),
            "data": {
                "job_id": job.job_id,
                "number": job.number,
                "name": job.name,
                "owner": job.owner_name,
                "state": delivery.state,
                "message": job.message if job.state is delivery.state else "",
                "address": f"{self._webhook.public_url.rstrip('/')}/?job={job.job_id}",
                "totals": self._totals(job, delivery),
            },
        }

    def _totals(self, job: JobRow, delivery: Delivery) -> dict[str, int] | None:
        """What came out; None where nothing did, or when it was tried again since."""
        try:
            result = JobResult.read(self._workspace.job_folder(job.job_id).result)
        except InputError:
            return None
        return Totals.of(result.videos).model_dump() if result.state is delivery.state else None


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        is_address = False
    if not is_address:
        raise InputError(f"{url} is not an address; expected one such as https://hooks.example.org/videoprep.")
