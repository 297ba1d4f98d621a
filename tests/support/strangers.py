"""What another user of the machine can try on the ports of a service, and which ports there are."""

import asyncio
import ipaddress
import pickle
import ssl
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import psutil

_TIMEOUT_S = 4


def listeners(processes: Iterable[psutil.Process]) -> set[tuple[str, int]]:
    """Address and port of every socket on which processes accept connections from a network."""
    found = set()
    for process in processes:
        try:
            connections = process.net_connections(kind="inet")
        except psutil.NoSuchProcess:
            continue
        found |= {(end.laddr.ip, end.laddr.port) for end in connections if end.status == psutil.CONN_LISTEN}
    return found


def beyond_loopback(found: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those that other machines can reach."""
    return {(address, port) for address, port in found if not ipaddress.ip_address(address).is_loopback}


def ports_that_run_code(ports: Iterable[int], security: Any, folder: Path) -> set[int]:
    """The ports whose process, asked as Dask's client asks, has made a file in the folder.

    Args:
        ports: On the loopback address.
        security: What to show; None: nothing, and no encryption. The other side may show anything.
        folder: An empty folder.
    """

    async def ask_all() -> None:
        await asyncio.gather(*(_ask(port, security, folder / str(port)) for port in ports))

    asyncio.run(ask_all())
    return {int(file.name) for file in folder.iterdir()}


async def _ask(port: int, security: Any, file: Path) -> None:
    """Have the process behind a port make a file: a worker or nanny runs the one operation, a scheduler the other."""
    from distributed.comm import connect
    from distributed.core import send_recv

    arguments = {}
    if security is not None:
        arguments = security.get_connection_args("client")
        arguments["ssl_context"].verify_mode = ssl.CERT_NONE
    for operation in ("run", "run_function"):
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                address = f"{'tcp' if security is None else 'tls'}://127.0.0.1:{port}"
                comm = await connect(address, timeout=_TIMEOUT_S, **arguments)
                try:
                    await send_recv(comm, op=operation, function=pickle.dumps(partial(Path.touch, file)))
                finally:
                    comm.abort()
        except Exception:  # however it is refused: what counts is the file
            continue
