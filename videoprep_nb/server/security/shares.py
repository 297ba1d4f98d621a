"""Links that show one job to whoever has them. The file holds digests only, so that nothing in it opens a job."""

import hmac
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime

from videoprep_nb.core.records import Record
from videoprep_nb.server.security.digests import digest_of, read_private, write_private

SHARED_PATH = "/shared/"
"""What the paths of all links begin with."""

SHARE_DAYS = 7
"""How long a link lasts unless somebody says otherwise."""

MAX_SHARE_DAYS = 365


class Share(Record):
    """A link to one job.

    Args:
        share_id: What the link is called in addresses, lists and logs; it opens nothing.
        sha256: SHA-256 of its key in hexadecimal form.
        job_id: The job.
        made_by: Id of the user who made it.
        created_at: When.
        expires_at: When it ends.
    """

    share_id: str
    sha256: str
    job_id: str
    made_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime

    @property
    def path(self) -> str:
        """Where the job is shown."""
        return f"{SHARED_PATH}{self.share_id}"


class _ShareFile(Record):
    shares: tuple[Share, ...] = ()


class Shares:
    """The links of a service; they outlive it. Any thread may call it.

    Args:
        file: Where they are kept.
        now: The clock.
    """

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._now = now
        self._lock = threading.Lock()
        self._shares = read_private(_ShareFile, file).shares  # no link works when the file is spoilt

    def of_job(self, job_id: str) -> list[Share]:
        """The links of a job that have not expired, oldest first."""
        return [share for share in self._living() if share.job_id == job_id]

    def make(self, job_id: str, made_by: str, days: float) -> tuple[Share, str]:
        """Make a link.

        Args:
            job_id: The job.
            made_by: Id of the user who makes it.
            days: How long it lasts.

        Returns:
            The link, and its key, which is kept nowhere.
        """
        key = secrets.token_urlsafe(32)
        now = self._now()
        share = Share(
            share_id=secrets.token_hex(6),
            sha256=digest_of(key),
            job_id=job_id,
            made_by=made_by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        with self._lock:
            self._keep([*self._living(), share])
        return share, key

    def revoke(self, share_id: str) -> None:
        """End a link; nothing happens when it has ended already."""
        with self._lock:
            self._keep([share for share in self._living() if share.share_id != share_id])

    def find(self, share_id: str, key: str) -> Share | None:
        """The link of a key, None when it has ended; it takes the same time whatever the key is."""
        digest = digest_of(key)
        share = next((share for share in self._living() if share.share_id == share_id), None)
        is_right = hmac.compare_digest(share.sha256 if share else digest_of(""), digest)
        return share if is_right else None

    def _living(self) -> list[Share]:
        now = self._now()
        return [share for share in self._shares if share.expires_at > now]

    def _keep(self, shares: list[Share]) -> None:
        self._shares = tuple(shares)
        write_private(_ShareFile(shares=self._shares), self._file)
