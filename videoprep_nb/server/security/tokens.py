"""Tokens, with which programs use the API."""

import secrets
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from videoprep_nb.core.records import Record
from videoprep_nb.server.security.digests import digest_of

TOKEN_DAYS = 90
"""How long a token lasts unless somebody says otherwise."""

MAX_TOKEN_DAYS = 3650


class TokenRecord(Record):
    """What is kept of a token.

    Args:
        sha256: SHA-256 of it in hexadecimal form.
        last_four: Its last four characters, by which people know which one it is; empty in tokens of version 0.1.
        created_at: When it was made; None in tokens of version 0.1.
        expires_at: When it ends; None only in a file of version 0.1 that could not be written to yet.
    """

    sha256: str
    last_four: str = ""
    created_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether it has ended."""
        return self.expires_at is not None and now >= self.expires_at


def make_token(days: float, now: datetime) -> tuple[str, TokenRecord]:
    """A new token, and what is kept of it.

    Args:
        days: How long it lasts.
        now: The time, with a time zone.
    """
    token = secrets.token_urlsafe(32)
    return token, TokenRecord(
        sha256=digest_of(token), last_four=token[-4:], created_at=now, expires_at=now + timedelta(days=days)
    )
