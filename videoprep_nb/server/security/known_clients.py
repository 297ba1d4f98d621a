"""From where each user has logged in: browsers, by a cookie of their own, and networks.

Guesses from elsewhere slow down everybody who is not known, and never those who are: OWASP calls the cookie a device
cookie. It proves nothing about who sends it; the password does.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime

from videoprep_nb.core.records import Record
from videoprep_nb.server.security.digests import digest_of, read_private, write_private

KNOWN_FOR = timedelta(days=180)
"""A browser or network from which a user has not logged in for so long is forgotten."""

_MAX_CLIENTS_PER_USER = 50
_WRITTEN_EVERY = timedelta(days=1)


class _KnownClient(Record):
    """A browser or network from which a user has logged in.

    Args:
        user_id: The user.
        client: SHA-256 of what the cookie of the browser holds, or the network.
        last_at: When they last did, to a day.
    """

    user_id: str
    client: str
    last_at: AwareDatetime


class _KnownClientsFile(Record):
    clients: tuple[_KnownClient, ...] = ()


class KnownClients:
    """From where users have logged in; it outlives the service. Any thread may call it.

    Args:
        file: Where it is kept.
        now: The clock.
    """

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._now = now
        self._lock = threading.Lock()
        found = read_private(_KnownClientsFile, file).clients  # everybody is new when the file is spoilt
        self._clients = {(known.user_id, known.client): known.last_at for known in found}

    def find(self, user_id: str, device: str, network: str) -> str:
        """What a user is known by: their browser, else their network; empty when they come from elsewhere.

        Args:
            user_id: The user.
            device: What the cookie of the browser holds; may be empty.
            network: Where the request comes from.
        """
        return next((client for client in (digest_of(device), network) if self._is_known(user_id, client)), "")

    def remember(self, user_id: str, device: str, network: str) -> None:
        """Note that a user has logged in.

        Args:
            user_id: The user.
            device: What the cookie of the browser holds from now on.
            network: Where they came from.
        """
        with self._lock:
            now = self._now()
            clients = (digest_of(device), network)
            noted = [self._clients.get((user_id, client)) for client in clients]
            if all(last_at and now - last_at < _WRITTEN_EVERY for last_at in noted):
                return
            living = {pair: last_at for pair, last_at in self._clients.items() if now - last_at < KNOWN_FOR}
            for client in clients:
                living.pop((user_id, client), None)  # to the end
                living[user_id, client] = now
            own = [pair for pair in living if pair[0] == user_id]
            for pair in own[: max(0, len(own) - _MAX_CLIENTS_PER_USER)]:
                del living[pair]
            self._clients = living
            records = (
                _KnownClient(user_id=user_id, client=client, last_at=last_at)
                for (user_id, client), last_at in living.items()
            )
            write_private(_KnownClientsFile(clients=tuple(records)), self._file)

    def _is_known(self, user_id: str, client: str) -> bool:
        last_at = self._clients.get((user_id, client))
        return last_at is not None and self._now() - last_at < KNOWN_FOR
