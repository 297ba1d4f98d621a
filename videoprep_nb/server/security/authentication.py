"""Who sends a request: a browser that has logged in, a program with a token, or, without users, this machine."""

import math
import os
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus

from anyio import CapacityLimiter, Semaphore, to_thread
from starlette.requests import HTTPConnection

from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.server.logs import ServiceLogs
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.audit import AuditLog
from videoprep_nb.server.security.invites import accept_invite, find_invite
from videoprep_nb.server.security.known_clients import KnownClients
from videoprep_nb.server.security.passwords import check_length
from videoprep_nb.server.security.sessions import Sessions
from videoprep_nb.server.security.throttle import Throttle, network_of
from videoprep_nb.server.security.user_file import (
    LOCAL_ADMIN,
    InviteRecord,
    User,
    UserRecord,
    is_user_name,
    set_password,
)
from videoprep_nb.server.security.users import Users

COOKIE = "videoprep_session"
DEVICE_COOKIE = "videoprep_device"
WANTS_TOKEN = {"WWW-Authenticate": "Bearer"}
"""Headers of every answer that asks a program to prove who it is."""

# more free tries for a network than for a name: a whole office may share one address
_FREE_TRIES_PER_NETWORK = 30
_FREE_TRIES_PER_NAME = 10
_FREE_TRIES_PER_KNOWN_CLIENT = 10
# each check of a password takes a core and 19 MiB
_PASSWORD_CHECKS_AT_A_TIME = min(os.cpu_count() or 1, 4)
_MAX_WAITING = 1000
_LONGEST_NAME = 64
_NO_NAME = "(not a user name)"


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


@dataclass(frozen=True)
class LoggedIn:
    """What a browser gets when somebody has logged in.

    Args:
        session: The secret for the cookie of the session.
        device: The secret for the cookie by which the browser is known at the next log-in.
    """

    session: str
    device: str


@dataclass(frozen=True)
class _Attempt:
    """Somebody's try to log in.

    Args:
        name: The name that was given, for the log.
        address: Where it comes from.
        counts: What counts it, and under which key.
        refusing: Those of them that may refuse it.
        known_by: What the user of the name is known by; empty when they come from elsewhere.
    """

    name: str
    address: str
    counts: list[tuple[Throttle, str]]
    refusing: list[tuple[Throttle, str]]
    known_by: str

    @property
    def wait_s(self) -> float:
        """Seconds until it may be made, because too many were wrong before."""
        return max(throttle.wait_s(key) for throttle, key in self.refusing)

    def check(self) -> None:
        """Check that it may be made now.

        Raises:
            TooManyTries: Too many were wrong before.
        """
        if self.wait_s:
            raise TooManyTries(self.wait_s)

    def begin(self) -> None:
        """Count it before it is made."""
        for throttle, key in self.counts:
            throttle.add(key)

    def forgive(self) -> None:
        """It was right after all."""
        for throttle, key in self.counts:
            throttle.forgive(key)

    @property
    def count(self) -> int:
        """The highest count of wrong tries."""
        return max(throttle.count(key) for throttle, key in self.counts)


@dataclass
class Authentication:
    """The users of a service, and how they prove who they are.

    Wrong passwords are counted by name and by network, and slow down whoever is not known. Whoever has logged in before
    from a browser or a network is only slowed down by wrong passwords for their name from there: nobody is kept out by
    guesses from elsewhere.

    Args:
        users: The users, None: whoever reaches the service is its admin.
        sessions: Who is logged in.
        known_clients: From where users have logged in.
        audit: Where log-ins are noted.
    """

    users: Users | None
    sessions: Sessions
    known_clients: KnownClients
    audit: AuditLog
    _by_network: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NETWORK))
    _by_name: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NAME))
    _by_known_client: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_KNOWN_CLIENT, first_wait_s=1.0))
    # apart from passwords: a forgotten script with an old token must not keep its office out
    _tokens_by_network: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NETWORK))
    _invites_by_network: Throttle = field(default_factory=lambda: Throttle(_FREE_TRIES_PER_NETWORK))
    _turns: Semaphore = field(default_factory=lambda: Semaphore(_PASSWORD_CHECKS_AT_A_TIME))
    # who is known does not wait behind strangers
    _turns_of_known: Semaphore = field(default_factory=lambda: Semaphore(_PASSWORD_CHECKS_AT_A_TIME))
    # nor does either wait for a thread behind long downloads
    _threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2 * _PASSWORD_CHECKS_AT_A_TIME))

    @classmethod
    def of_workspace(cls, workspace: Workspace, users: Users | None, logs: ServiceLogs) -> "Authentication":
        """Keep what has to outlive the service in its folder."""
        audit = AuditLog(logs.audit)
        if users:
            audit.follow(users)
        sessions = Sessions(workspace.path / "sessions.json")
        return cls(users, sessions, KnownClients(workspace.path / "known_clients.json"), audit)

    def user_of(self, connection: HTTPConnection) -> User | None:
        """Who sends a request; None when nobody has logged in.

        Raises:
            Refused: It bears a token that is not known, or has expired.
            TooManyTries: It does, and so did many before from the same network.
        """
        if self.users is None:
            return LOCAL_ADMIN
        self.users.refresh()  # also for strangers: the audit log notes changes when they are noticed
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._user_of_token(token.strip(), address_of(connection), self.users)
        return self.sessions.user_of(connection.cookies.get(COOKIE, ""), self.users)

    async def log_in(self, connection: HTTPConnection, name: str, password: str) -> LoggedIn | None:
        """Begin a session; the one that the browser had ends.

        Returns:
            The secrets for its cookies, None when name or password is wrong.

        Raises:
            TooManyTries: Too many were wrong before.
            Refused: Too many people are logging in.
        """
        if self.users is None:
            return None
        device = connection.cookies.get(DEVICE_COOKIE, "")
        attempt = self._attempt(name[:_LONGEST_NAME], device, address_of(connection), self.users)
        record = await self._checked(attempt, name, password, self.users)
        if record is None:
            self._note_wrong("log-in", attempt)
            return None
        self.log_out(connection)
        self.audit.note("log-in", "good", record.name, attempt.address)
        return await self._let_in(connection, record)

    def logged_in(self, connection: HTTPConnection) -> UserRecord:
        """Who has logged in with this browser, for what no token may do.

        Raises:
            Refused: It is a program, or there are no users.
        """
        record = None
        if self.users and "authorization" not in connection.headers:
            record = self.sessions.record_of(connection.cookies.get(COOKIE, ""), self.users)
        if record is None:
            raise Refused(HTTPStatus.FORBIDDEN, "This is only for people who have logged in with a browser.")
        return record

    async def change_password(self, connection: HTTPConnection, old: str, new: str) -> LoggedIn | None:
        """Give who has logged in another password; their token and their sessions in other browsers end.

        Args:
            connection: The request.
            old: The password until now.
            new: The password from now on.

        Returns:
            The secrets for the cookies of the session with which this browser goes on; None when the old one is wrong.

        Raises:
            Refused: It is a program, or there are no users, or too many people are logging in.
            TooManyTries: Too many were wrong before.
            InputError: The new one is too short or long, or the user file cannot be changed.
        """
        known = self.logged_in(connection)
        assert self.users is not None
        check_length(new)
        attempt = self._attempt(
            known.name, connection.cookies.get(DEVICE_COOKIE, ""), address_of(connection), self.users
        )
        if await self._checked(attempt, known.name, old, self.users) is None:
            self._note_wrong("change password", attempt)
            return None
        await to_thread.run_sync(set_password, self.users.file, known.name, new, limiter=self._threads)
        self.audit.note("change password", "done", known.name, attempt.address)
        return await self._let_in(connection, self.users.named(known.name) or known)

    def find_invite(self, connection: HTTPConnection, key: str) -> InviteRecord | None:
        """The invite of a key, None when it has ended, or there never was one.

        Raises:
            TooManyTries: Too many from the same network were wrong before.
        """
        found = find_invite(self.users.content, key) if self.users else None
        if found is None:
            network = network_of(address_of(connection))
            if wait_s := self._invites_by_network.wait_s(network):
                raise TooManyTries(wait_s)
            self._invites_by_network.add(network)
            count = self._invites_by_network.count(network)
            self.audit.note("invite", "unknown", address=address_of(connection), count=count)
        return found

    async def accept_invite(self, connection: HTTPConnection, key: str, name: str, password: str) -> LoggedIn:
        """Make the user of an invite and begin their session.

        Args:
            connection: The request.
            key: The key of an invite that was found.
            name: The name that they have chosen.
            password: Their password.

        Raises:
            InputError: The invite has ended, the name is no good or taken, the password is too short or long, or the
                user file cannot be changed.
        """
        assert self.users is not None
        async with self._turns:
            record = await to_thread.run_sync(
                accept_invite, self.users.file, key, name, password, limiter=self._threads
            )
        self.audit.note("accept invite", "done", record.name, address_of(connection), record.user_id)
        return await self._let_in(connection, record)

    async def _let_in(self, connection: HTTPConnection, record: UserRecord) -> LoggedIn:
        """Begin a session, and know the browser at the next log-in."""
        network = network_of(address_of(connection))
        device = connection.cookies.get(DEVICE_COOKIE, "")
        if self.known_clients.find(record.user_id, device, network) in ("", network):
            device = secrets.token_urlsafe(32)
        session = await to_thread.run_sync(self.sessions.start, record)
        await to_thread.run_sync(self.known_clients.remember, record.user_id, device, network)
        return LoggedIn(session, device)

    def log_out(self, connection: HTTPConnection) -> None:
        """End the session of a browser."""
        secret = connection.cookies.get(COOKIE)
        if secret and self.users:
            user = self.sessions.user_of(secret, self.users)
            self.sessions.end(secret)
            if user:
                self.audit.note("log-out", "done", user.name, address_of(connection))

    def _attempt(self, name: str, device: str, address: str, users: Users) -> _Attempt:
        network = network_of(address)
        by_network, by_name = (self._by_network, network), (self._by_name, name)
        record = users.named(name)
        # some people type their password into the wrong field
        name = name if is_user_name(name) else _NO_NAME
        known_by = self.known_clients.find(record.user_id, device, network) if record else ""
        if not record or not known_by:
            return _Attempt(name, address, [by_network, by_name], [by_network, by_name], "")
        of_client = (self._by_known_client, f"{record.user_id} {known_by}")
        return _Attempt(name, address, [by_network, of_client], [of_client], known_by)

    async def _checked(self, attempt: _Attempt, name: str, password: str, users: Users) -> UserRecord | None:
        """The user of a name and a password, if they are right; asked for only when it may be."""
        attempt.check()  # before it waits for its turn
        turns = self._turns_of_known if attempt.known_by else self._turns
        if turns.statistics().tasks_waiting >= _MAX_WAITING:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "Too many people are logging in; try again.", {"Retry-After": "5"}
            )
        async with turns:
            attempt.check()  # others were wrong meanwhile
            attempt.begin()
            record = await to_thread.run_sync(users.with_password, name, password, limiter=self._threads)
        if record:
            attempt.forgive()
        return record

    def _note_wrong(self, action: str, attempt: _Attempt) -> None:
        self.audit.note(action, "wrong", attempt.name, attempt.address, count=attempt.count)
        if attempt.wait_s:  # of the next; those that are refused until then are in the access log
            wait_s = math.ceil(attempt.wait_s)
            self.audit.note(action, "slowed", attempt.name, attempt.address, count=attempt.count, wait_s=wait_s)

    def _user_of_token(self, token: str, address: str, users: Users) -> User:
        # A known token passes even while its network has to wait: 256 random bits cannot be guessed at any speed, and
        # a forgotten script with an old token must not keep out everybody else in its office.
        record = users.with_token(token)
        has_expired = record is not None and record.token is not None and users.has_expired(record.token)
        if record and not has_expired:
            return record.user
        network = network_of(address)
        if wait_s := self._tokens_by_network.wait_s(network):
            raise TooManyTries(wait_s)
        self._tokens_by_network.add(network)
        count = self._tokens_by_network.count(network)
        outcome, name = ("expired", record.name) if record else ("unknown", "")
        self.audit.note("token", outcome, name, address, count=count)
        sentence = "This token has expired" if has_expired else "Unknown token"
        raise Refused(
            HTTPStatus.UNAUTHORIZED, f"{sentence}; ask the administrator of the service for a new one.", WANTS_TOKEN
        )


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from."""
    return connection.client.host if connection.client else ""
