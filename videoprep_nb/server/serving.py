"""Offers a workspace's service on a port until it is stopped."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from videoprep_nb.core.errors import InputError, StoreDamaged
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.jobs.announcing.announcement import Channel
from videoprep_nb.jobs.announcing.mail import Mail, MailServer
from videoprep_nb.jobs.announcing.webhook import Webhook
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.database import DAMAGED
from videoprep_nb.server.app import create_app
from videoprep_nb.server.security.connections import (
    ACCEPTED_AT_A_TIME,
    ConnectionGuard,
    ConnectionLimits,
    GuardedConnection,
    raise_descriptor_limit,
)
from videoprep_nb.server.security.gate import check_host
from videoprep_nb.server.security.users import Users
from videoprep_nb.server.unavailable import unavailable_app

# uploads and downloads that take longer than this are cut off when the service is stopped
_SHUTDOWN_TIMEOUT_S = 2
_PRIVATE_UMASK = 0o077
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerSettings:
    """Where a service is offered, and to whom.

    Args:
        host: Name or address to listen at.
        port: The port, 0 for any that is free.
        auth_file: The user file, None: no users, and only for this machine.
        trusted_proxies: Addresses of reverse proxies whose statements about clients are trusted: the address
            (``X-Forwarded-For``) and whether it came by HTTPS (``X-Forwarded-Proto``).
        webhook: Where ends of jobs are sent; None: nowhere.
        mail_server: What sends messages at ends of jobs; None: nothing does.
    """

    host: str
    port: int
    auth_file: Path | None
    trusted_proxies: tuple[str, ...] = ()
    webhook: Webhook | None = None
    mail_server: MailServer | None = None

    def channels(self, address_of: Callable[[str], str]) -> list[Channel]:
        """What announces ends of jobs.

        Args:
            address_of: Gives the e-mail address of a user by their id; empty where none is known.
        """
        mail = [Mail(self.mail_server, address_of)] if self.mail_server else []
        return [*([self.webhook] if self.webhook else []), *mail]


def serve(
    settings: ServerSettings,
    workspace: Path,
    engine: EngineSettings,
    limits: Limits,
    cvat: CvatAccount | None,
    announce: Callable[[str], None],
) -> None:
    """Offer the service of a workspace until SIGTERM or SIGINT; with a damaged database it only says how to repair it.

    Running notebooks are then interrupted; the next service of the workspace goes on with their jobs.

    Args:
        settings: Where and to whom.
        workspace: The folder of the service; it is made when it is missing.
        engine: Where tasks run.
        limits: What the service takes on.
        cvat: Where admins may push results to; None: nowhere.
        announce: Called with the address as soon as requests are taken.

    Raises:
        InputError: The address, the auth file or the workspace cannot be used.
    """
    raise_descriptor_limit()
    users = Users(settings.auth_file) if settings.auth_file else None
    check_host(settings.host, users)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _listen(settings.host, settings.port) as listener, ExitStack() as stack:
            stack.callback(os.umask, os.umask(_PRIVATE_UMASK))  # of everything that is started here, too
            app: Starlette
            try:
                channels = settings.channels(users.mail_address_of if users else lambda owner_id: "")
                service = stack.enter_context(Service(Workspace(workspace), engine, limits, cvat, channels))
                app = create_app(service, users)
            except StoreDamaged as error:
                _log.error(str(error))
                app = unavailable_app(DAMAGED)
            announce(_address(settings.host, listener))
            make_server(app, settings.trusted_proxies).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn takes the signal, shuts down in good order, and raises it again
        return


def make_server(
    app: Starlette, trusted_proxies: Sequence[str] = (), limits: ConnectionLimits | None = None
) -> uvicorn.Server:
    """What serves an application.

    Args:
        app: The application.
        trusted_proxies: Addresses of reverse proxies, see ``ServerSettings``.
        limits: What connections are allowed; None: the usual.
    """
    guard = ConnectionGuard(limits or ConnectionLimits(), trusted_proxies)
    config = uvicorn.Config(
        app,
        port=0,
        http=partial(GuardedConnection, guard),  # type: ignore[arg-type]
        ws="none",
        log_level="warning",
        backlog=ACCEPTED_AT_A_TIME,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        server_header=False,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Disconnect followers of events, who would stay for as long as their jobs take; then shut down."""
        self.config.app.state.stopping = True  # type: ignore[union-attr]
        await super().shutdown(sockets)


def check_port(host: str, port: int) -> str:
    """Check that a service could listen, without listening.

    Returns:
        Where.

    Raises:
        InputError: It could not.
    """
    with _bind(host, port):
        return f"{host} port {port or 'of its choice'}"


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after a restart, old connections linger
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise InputError(
            f"{host} port {port} cannot be used ({error.strerror}); give another --host or --port."
        ) from error
    return bound


def _listen(host: str, port: int) -> socket.socket:
    listener = _bind(host, port)
    listener.listen()
    # asyncio does so only for sockets that it has made itself; without it small answers wait 40 ms for nothing
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(host: str, listener: socket.socket) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not disturb the closing
    raise KeyboardInterrupt
