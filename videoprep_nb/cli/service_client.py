"""Requests to a running service, with one sentence and an exit code for whatever goes wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, stop
from videoprep_nb.core.errors import InputError, VideoPrepError

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 30.0
_REFUSED_INPUT = frozenset({400, 413, 415, 422})


def open_client(context: typer.Context, server: str, token: str) -> None:
    """Have a client in ``context.obj`` until the command ends.

    Args:
        context: Of the command.
        server: Address of the service.
        token: The user's token; empty where the service has no users.
    """
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        client = httpx.Client(
            base_url=f"{server.rstrip('/')}/api",
            headers=headers,
            timeout=_TIMEOUT_S,
            event_hooks={"response": [_read_reason]},
        )
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise stop(InputError(f"Got {server} ({error}), expected the address of a service."), EXIT_USAGE) from None
    context.obj = context.with_resource(client)


def job_path(job: str) -> str:
    """The path of a job, by its number or id."""
    return f"/jobs/{quote(job, safe='')}"


def ask(
    context: typer.Context, method: str, path: str, query: dict[str, Any] | None = None, content: Any = None
) -> Any:
    """Send a request; ends the command when the service refuses it.

    Args:
        context: Of the command.
        method: Of HTTP.
        path: Under ``/api``.
        query: What follows the path.
        content: Sent as JSON; None for nothing.

    Returns:
        The decoded answer, None when it is empty.
    """
    with service(context) as client:
        answer = client.request(method, path, params=query, json=content).raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def service(context: typer.Context) -> Iterator["httpx.Client"]:
    """The client of a command; ends the command with one sentence when the service cannot be asked, or refuses."""
    import httpx

    client: httpx.Client = context.obj
    try:
        yield client
    except httpx.HTTPStatusError as error:
        raise _refused(error.response) from None
    except httpx.HTTPError as error:
        address = client.base_url.copy_with(path="/", query=None)
        reason = f"The service at {address} does not answer ({error}); start it with: videoprep serve"
        raise stop(InputError(reason), EXIT_FAILED) from None
    except ValueError:
        raise _no_service() from None


def follow_events(context: typer.Context, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The ``data`` of each server-sent event, as soon as it arrives; ends the command when the service refuses."""
    # nothing may happen for long; the service sends a sign of life every few seconds
    with service(context) as client, client.stream("GET", path, params=query) as answer:
        for line in answer.raise_for_status().iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def _read_reason(answer: "httpx.Response") -> None:
    """Read why a request was refused, which nobody else reads of an answer in pieces."""
    if answer.is_error:
        answer.read()


def _refused(answer: "httpx.Response") -> typer.Exit:
    """What ends a command whose request was refused, with the sentence of the service."""
    try:
        reason = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return _no_service()
    return stop(VideoPrepError(reason), EXIT_USAGE if answer.status_code in _REFUSED_INPUT else EXIT_FAILED)


def _no_service() -> typer.Exit:
    return stop(InputError("The server is not a videoprep service; check --server."), EXIT_FAILED)
