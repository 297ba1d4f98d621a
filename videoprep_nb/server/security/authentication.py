"""Who sends a request: a browser that has logged in, a program with a token, or, without users, this machine."""

import math
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection

from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.sessions import Sessions
from videoprep_nb.server.security.throttle import Throttle, network_of
from videoprep_nb.server.security.users import LOCAL_ADMIN, User, Users

COOKIE = "videoprep_session"
WANTS_TOKEN = {"WWW-Authenticate": "Bearer"}
"""Headers of every answer that asks a program to prove who it is."""

# more free tries for a network than for a name: a whole office may share one address
_FREE_TRIES_PER_NETWORK = 30
_FREE_TRIES_PER_NAME = 5
# each check of a password takes 64 MiB and a tenth of a second
_PASSWORD_CHECKS_AT_A_TIME = 2


class TooManyTries(Refused):
    """Somebody has to wait before the next try.

    Args:
        wait_s: Seconds to wait.
    """

    def __init__(self, wait_s: float) -> None:
        self.wait_s = math.ceil(wait_s)
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many wrong tries; wait {self.wait_s} s and try again.",
            {"Retry-After": str(self.wait_s)},
        )


@dataclass
class Authentication:
    """The users of a service, and how they prove who they are.

    Args:
        users: The users, None: whoever reaches the service is its admin.
        sessions: Who is logged in.
    """

    users: Users | None
    sessions: Sessions
    _by_network: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NETWORK))
    _by_name: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NAME))
    _password_checks: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_PASSWORD_CHECKS_AT_A_TIME))

    @classmethod
    def of_workspace(cls, workspace: Path, users: Users | None) -> "Authentication":
        """Keep the sessions in the folder of the service."""
        return cls(users, Sessions(workspace / "sessions.json"))

    def user_of(self, connection: HTTPConnection) -> User | None:
        """Who sends a request; None when nobody has logged in.

        Raises:
            Refused: It bears a token that is not known.
            TooManyTries: It does, and so did many before from the same network.
        """
        if self.users is None:
            return LOCAL_ADMIN
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._user_of_token(token.strip(), _network(connection), self.users)
        return self.sessions.user_of(connection.cookies.get(COOKIE, ""), self.users)

    async def log_in(self, connection: HTTPConnection, name: str, password: str) -> str | None:
        """Begin a session; the one that the browser had ends.

        Returns:
            The secret for the cookie, None when name or password is wrong.

        Raises:
            TooManyTries: Too many were wrong before.
        """
        if self.users is None:
            return None
        network = _network(connection)
        pair = f"{network} {name[:100]}"
        for throttle, key in ((self._by_network, network), (self._by_name, pair)):
            if wait_s := throttle.begin(key):
                raise TooManyTries(wait_s)
        record = await to_thread.run_sync(self.users.with_password, name, password, limiter=self._password_checks)
        if record is None:
            return None
        self._by_name.forget(pair)
        self._by_network.forget(network)
        self.log_out(connection)
        return await to_thread.run_sync(self.sessions.start, record)

    def log_out(self, connection: HTTPConnection) -> None:
        """End the session of a browser."""
        if secret := connection.cookies.get(COOKIE):
            self.sessions.end(secret)

    def _user_of_token(self, token: str, network: str, users: Users) -> User:
        # A known token passes even while its network has to wait: 256 random bits cannot be guessed at any speed, and
        # a forgotten script with an old token must not keep out everybody else in its office.
        if user := users.with_token(token):
            return user
        if wait_s := self._by_network.begin(network):
            raise TooManyTries(wait_s)
        raise Refused(
            HTTPStatus.UNAUTHORIZED, "Unknown token; ask the administrator of the service for a new one.", WANTS_TOKEN
        )


def _network(connection: HTTPConnection) -> str:
    return network_of(connection.client.host if connection.client else "")
