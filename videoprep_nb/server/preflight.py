"""Whether a service would start and work with certain options; nothing is started or changed.

Only a webhook notices, which is sent a ping, and a mail server, where it logs in.
"""

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import InputError
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.jobs.checks import Check, CheckFailed, Probe, run_checks
from videoprep_nb.jobs.doctor import check_free_space, examine
from videoprep_nb.jobs.engine.cluster import Engine, EngineSettings
from videoprep_nb.jobs.engine.tls import TlsFiles
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.workspace_checks import RUNNING_SERVICE, check_private, examine_folder, examine_start
from videoprep_nb.server.security.gate import check_host
from videoprep_nb.server.security.user_file import read_users
from videoprep_nb.server.serving import ServerSettings, check_port

_MIN_VALIDITY = timedelta(days=30)


def examine_service(
    settings: ServerSettings,
    workspace: Workspace,
    engine: Callable[[], EngineSettings],
    cvat: Callable[[], CvatAccount | None],
    limits: Limits,
) -> list[Check]:
    """Check what a service needs, from its options to the machine.

    Args:
        settings: Where and to whom it would be offered.
        workspace: Its folder, which need not exist yet.
        engine: Makes the settings of where tasks run, or raises ``InputError``.
        cvat: The same for where admins may push results to.
        limits: What it would take on.
    """
    start = examine_start(workspace)
    is_free = all(check.ok for check in start if check.name == RUNNING_SERVICE)
    return [
        *examine_access(settings),
        # a port that the running service of this workspace holds is no fault
        *run_checks({"port": lambda: check_port(settings.host, settings.port)}, needed=is_free),
        *examine_engine(engine),
        *run_checks({channel.name: channel.check for channel in settings.channels(lambda user_id: "")}, needed=False),
        *run_checks({"CVAT": lambda: _cvat(cvat()), "room for jobs": lambda: _room(workspace, limits)}, needed=True),
        *start,
        *examine_folder(workspace),
        *examine(workspace.path),
    ]


def examine_access(settings: ServerSettings) -> list[Check]:
    """Check who may use a service, and from where.

    Args:
        settings: Where and to whom it would be offered.
    """
    file = settings.auth_file
    if file is None:
        needed: dict[str, Probe] = {"users": lambda: _nobody(settings.host)}
        useful: dict[str, Probe] = {}
    else:
        needed = {"users": lambda: _users(file)}
        useful = {
            "administrator": lambda: _administrator(file),
            "private user file": lambda: check_private(file, "600"),
        }
    useful["reverse proxy"] = lambda: _proxy(settings)
    return run_checks(needed, needed=True) + run_checks(useful, needed=False)


def examine_engine(engine: Callable[[], EngineSettings]) -> list[Check]:
    """Check where tasks would run.

    Args:
        engine: Makes the settings, or raises ``InputError``.
    """
    try:
        settings = engine()
    except InputError as error:
        return [Check("workers", False, str(error), needed=True)]
    needed: dict[str, Probe] = {"workers": lambda: _workers(settings)}
    useful: dict[str, Probe] = {}
    if tls := settings.tls:
        needed["certificates"] = lambda: _certificates(tls, timedelta(0))
        useful["renewal of certificates"] = lambda: _certificates(tls, _MIN_VALIDITY)
        useful["private TLS key"] = lambda: check_private(tls.key, "600")
    return run_checks(needed, needed=True) + run_checks(useful, needed=False)


def _nobody(host: str) -> str:
    check_host(host, None)
    return "none: whoever uses this machine is admin"


def _users(file: Path) -> str:
    users = read_users(file).users
    if not users:
        raise CheckFailed(f"{file} has none; add one with videoprep users add NAME --auth-file {file}")
    return f"{len(users)} in {file}"


def _administrator(file: Path) -> str:
    admins = [user.name for user in read_users(file).users if user.user.is_admin]
    if not admins:
        raise CheckFailed(
            f"{file} has none, so nobody sees Health or all jobs; videoprep users add NAME --role admin "
            f"--auth-file {file}"
        )
    return ", ".join(admins)


def _proxy(settings: ServerSettings) -> str:
    proxies = settings.trusted_proxies
    for proxy in proxies:
        _check_proxy(proxy)
    if proxies and settings.auth_file is None:
        raise CheckFailed(
            "without users the service answers only to localhost, whatever comes by a proxy; give --auth-file"
        )
    if not proxies and not is_loopback(settings.host):
        raise CheckFailed(
            f"none for {settings.host}: passwords and videos cross the network in plain text; put a proxy with HTTPS "
            "in front and give --trusted-proxy"
        )
    return ", ".join(proxies) or "none; only this machine reaches the service"


def _check_proxy(proxy: str) -> None:
    if proxy == "*":
        raise CheckFailed("any sender is trusted and can claim any address; name the address of the proxy")
    try:
        ipaddress.ip_network(proxy)
    except ValueError:
        raise CheckFailed(
            f"{proxy} is no address such as 10.0.0.1 and no network such as 10.0.0.0/24, and is never trusted"
        ) from None


def _workers(settings: EngineSettings) -> str:
    if settings.scheduler is None:
        gpus = f", {len(settings.gpus)} of them with a GPU" if settings.gpus else ""
        return f"{settings.local_worker_count} on this machine{gpus}"
    try:
        engine = Engine(settings)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise CheckFailed(
            f"{settings.scheduler} does not answer ({reason}); start the scheduler, and check address and certificates"
        ) from None
    try:
        workers = engine.workers()
    finally:
        engine.close()
    if not workers:
        raise CheckFailed(f"{settings.scheduler} has none; start one on each machine (docs/many-machines.md)")
    return f"{len(workers)} at {settings.scheduler}"


def _certificates(files: TlsFiles, validity: timedelta) -> str:
    end = files.valid_until()
    left = end - datetime.now(UTC)
    if left < validity:
        raise CheckFailed(
            f"one of {files.ca} and {files.cert} "
            + (f"ended on {end:%F}" if left < timedelta(0) else f"ends on {end:%F}, in {left.days} days")
            + "; make new ones for all machines of the cluster"
        )
    return f"valid until {end:%F}"


def _room(workspace: Workspace, limits: Limits) -> str:
    return check_free_space(workspace.path, limits.free_bytes, "no job begins before there is more (--min-free)")


def _cvat(account: CvatAccount | None) -> str:
    return account.server if account else "none"
