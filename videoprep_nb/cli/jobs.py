"""The commands about a service: ``videoprep serve``, and ``jobs …``, which ask a running one over HTTP."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, stop
from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Limits

if TYPE_CHECKING:
    import httpx

SERVER_VARIABLE = "VIDEOPREP_SERVER"
TOKEN_VARIABLE = "VIDEOPREP_TOKEN"  # noqa: S105 - the name of a variable
_TIMEOUT_S = 30.0

jobs_app = typer.Typer(help="Look at the jobs of a running service, and steer them.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of the job.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the service gives it.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; others than this machine's own want users.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0: any that is free.")] = 7860,
    workspace: Annotated[Path, typer.Option(help="Folder for all jobs.")] = Path("videoprep-workspace"),
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler such as tcp://host:8786. [workers on this machine]")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Notebooks side by side on this machine; 0: one per four cores.")
    ] = 0,
    auth_file: Annotated[
        Path | None, typer.Option(help="The user file that videoprep users makes. [none, only for this machine]")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address of a reverse proxy that is believed what it says about clients; repeatable."),
    ] = None,
    import_root: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder that users may take videos from without an upload; repeatable.",
        ),
    ] = None,
    keep_results_days: Annotated[
        float, typer.Option(min=0, max=36500, help="Packages and reports are kept for so long.")
    ] = 90,
) -> None:
    """Offer the service on a port until it is stopped (Ctrl-C); the next start goes on with unfinished jobs."""
    from videoprep_nb.server.serving import ServerSettings
    from videoprep_nb.server.serving import serve as serve_workspace

    try:
        serve_workspace(
            ServerSettings(host, port, auth_file, tuple(trusted_proxy or ())),
            workspace,
            EngineSettings(scheduler=scheduler, worker_count=workers),
            Limits(keep_results=timedelta(days=keep_results_days), import_roots=tuple(import_root or ())),
            announce=lambda address: out.print(escape(f"Serving {workspace} at {address}")),
        )
    except VideoPrepError as error:
        raise stop(error, EXIT_USAGE if isinstance(error, InputError) else EXIT_FAILED) from None


@jobs_app.callback()
def connect(
    context: typer.Context,
    server: Annotated[
        str, typer.Option(envvar=SERVER_VARIABLE, help="Address of the service.")
    ] = "http://127.0.0.1:7860",
    token: Annotated[str, typer.Option(envvar=TOKEN_VARIABLE, help="Your token, where one is wanted.")] = "",
) -> None:
    """Look at the jobs of a running service, and steer them."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        client = httpx.Client(base_url=f"{server.rstrip('/')}/api", headers=headers, timeout=_TIMEOUT_S)
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise stop(InputError(f"{server} is no address of a service ({error})."), EXIT_USAGE) from None
    context.obj = context.with_resource(client)


@jobs_app.command("list")
def list_jobs(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    text: Annotated[str, typer.Option(help="Only jobs with this in their id or in the name of a video.")] = "",
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to list at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    wanted = {"state": state, "text": text or None, "offset": offset, "limit": limit}
    found = _ask(context, "GET", "/jobs", {name: value for name, value in wanted.items() if value is not None})
    if as_json:
        _print_json(found)
        return
    table = _table("job", "state", "submitted", "videos", "message")
    for job in found["jobs"]:
        names = ", ".join(job["video_names"])
        table.add_row(*map(escape, [job["job_id"], job["state"], _local(job["created_at"]), names, job["message"]]))
    out.print(table)
    out.print(f"{len(found['jobs'])} of {found['total']}")


@jobs_app.command()
def show(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show a job, its videos and how far its units are."""
    job = _ask(context, "GET", _path(job_id))
    if as_json:
        _print_json(job)
        return
    left = f", about {format_duration(job['remaining_s'])} left" if job["remaining_s"] is not None else ""
    out.print(f"{job['job_id']}: {job['state']}, {job['fraction_done']:.0%} done{left}")
    if job["message"]:
        out.print(escape(job["message"]))
    table = _table("unit", "state", "done", "time", "message")
    for unit in job["units"]:
        done = f"{unit['done']} of {unit['total']} {unit['unit']}" if unit["total"] else ""
        time = format_duration(unit["elapsed_s"]) if unit["started_at"] else ""
        table.add_row(*map(escape, [unit["key"], unit["state"], done, time, unit["message"]]))
    out.print(table)


@jobs_app.command()
def events(
    context: typer.Context,
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", help="Stay until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happened to a job, one line per event."""
    query = {"follow": follow}
    # nothing may happen for long; the service sends a sign of life every few seconds
    with _http_errors(), _client(context).stream("GET", f"{_path(job_id)}/events", params=query) as answer:
        if not answer.is_success:
            answer.read()
            raise _refused(answer)
        for line in answer.iter_lines():
            if line.startswith("data: "):
                _print_event(json.loads(line.removeprefix("data: ")), as_json)


@jobs_app.command()
def cancel(context: typer.Context, job_id: JobId) -> None:
    """Stop a job."""
    _ask(context, "POST", f"{_path(job_id)}/cancel")


@jobs_app.command()
def retry(context: typer.Context, job_id: JobId) -> None:
    """Work again on a job that failed, was cancelled or has errors; only what is missing is done."""
    _ask(context, "POST", f"{_path(job_id)}/retry")


@jobs_app.command()
def delete(context: typer.Context, job_id: JobId) -> None:
    """Delete a job that has ended, with all its files."""
    _ask(context, "DELETE", _path(job_id))


@jobs_app.command()
def clean(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete what is no longer needed; the service does so every hour by itself."""
    freed = _ask(context, "POST", "/clean")
    if as_json:
        _print_json(freed)
        return
    for item in freed["items"]:
        out.print(escape(item))
    out.print(f"{freed['freed_bytes'] / 1e6:,.1f} MB freed")


def _client(context: typer.Context) -> "httpx.Client":
    client: httpx.Client = context.obj
    return client


def _path(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"


def _ask(context: typer.Context, method: str, path: str, query: dict[str, Any] | None = None) -> Any:
    """What the service answers; ends the command when it refuses."""
    with _http_errors():
        answer = _client(context).request(method, path, params=query)
        if not answer.is_success:
            raise _refused(answer)
        return answer.json() if answer.content else None


@contextmanager
def _http_errors() -> Iterator[None]:
    """Ends the command with one sentence when the service cannot be asked."""
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        address = error.request.url.copy_with(path="/", query=None)
        reason = f"The service at {address} does not answer ({error}); start it with: videoprep serve"
        raise stop(InputError(reason), EXIT_FAILED) from None
    except ValueError:
        raise stop(InputError("What answers there is no videoprep service; check --server."), EXIT_FAILED) from None


def _refused(answer: "httpx.Response") -> typer.Exit:
    return stop(VideoPrepError(answer.json()["detail"]), EXIT_FAILED)


def _print_event(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()
    elif "at" in event:  # the last one only says that it is the last
        out.print(escape(f"{_local(event['at'])}  {event['text']}"))


def _table(name: str, *columns: str) -> Table:
    table = Table(box=None)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
