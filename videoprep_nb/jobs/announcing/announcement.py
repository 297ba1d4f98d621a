"""The end of a job, as it is announced, and what can announce it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.jobs.totals import Totals


class AnnouncementError(VideoPrepError):
    """An announcement was not taken."""


@dataclass(frozen=True)
class Announcement:
    """The end of a job.

    Args:
        delivery_id: The same at every attempt, so a receiver can tell what it has already.
        job: The job.
        state: How it ended.
        message: Why, in one sentence; may be empty.
        ended_at: When.
        totals: What came out; None where nothing did, or when it was tried again since.
    """

    delivery_id: str
    job: JobRow
    state: State
    message: str
    ended_at: datetime
    totals: Totals | None


class Channel(Protocol):
    """A way to announce ends of jobs."""

    name: str
    """As in a sentence: "has not reached the webhook"."""

    def send(self, announcement: Announcement) -> None:
        """Announce an end, once.

        Raises:
            AnnouncementError: It was not taken.
        """

    def check(self) -> str:
        """Try it without an end of a job.

        Returns:
            What took it, in words.

        Raises:
            AnnouncementError: It does not work.
        """


def job_address(public_url: str, job: JobRow) -> str:
    """Address of the page of a job."""
    return f"{public_url.rstrip('/')}/?job={job.job_id}"


def check_address(url: str) -> None:
    """Check an address of the web.

    Raises:
        InputError: It is none.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        is_address = False
    if not is_address:
        raise InputError(f"{url} is not an address; expected one such as https://hooks.example.org/videoprep.")
