"""The commands ``videoprep jobs …``, which ask a running service over HTTP."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from videoprep_nb.cli.console import EXIT_USAGE, out, plain, print_json, stop
from videoprep_nb.cli.service_client import ask, follow_events, job_path, open_client
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.text import format_size, plural
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import State

SERVER_VARIABLE = "VIDEOPREP_SERVER"
TOKEN_VARIABLE = "VIDEOPREP_TOKEN"  # noqa: S105 - the name of a variable

jobs_app = typer.Typer(no_args_is_help=True)

Job = Annotated[str, typer.Argument(metavar="JOB", help="Number of the job, such as 32, or its id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the JSON of the REST API.", show_default="text for people")]


@jobs_app.callback()
def connect(
    context: typer.Context,
    server: Annotated[
        str, typer.Option(envvar=SERVER_VARIABLE, help="Address of the service.")
    ] = "http://127.0.0.1:7860",
    token: Annotated[
        str,
        typer.Option(
            envvar=TOKEN_VARIABLE,
            help="Your token, for a service with users.",
            show_default="none",
        ),
    ] = "",
) -> None:
    """Show and control the jobs of a running service."""
    open_client(context, server, token)


@jobs_app.command("list")
def list_jobs(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.", show_default="all states")] = None,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            "--text",
            help="Only jobs with this in their name, note, number, id, user or the name of a video.",
            show_default="all jobs",
        ),
    ] = "",
    offset: Annotated[int, typer.Option(min=0, help="Number of jobs to skip.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Maximum number of jobs to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    query = {"state": state, "search": search or None, "offset": offset, "limit": limit}
    page = ask(context, "GET", "/jobs", {name: value for name, value in query.items() if value is not None})
    if as_json:
        print_json(page)
        return
    table = _table("job", "name", "state", "submitted", "videos", "message")
    for job in page["jobs"]:
        names = ", ".join(job["video_names"])
        cells = [f"Job {job['number']}", job["name"], job["state"], _local(job["created_at"]), names, job["message"]]
        table.add_row(*map(plain, cells))
    out.print(table)
    out.print(f"{len(page['jobs'])} of {page['total']}")


@jobs_app.command()
def show(context: typer.Context, job: Job, as_json: AsJson = False) -> None:
    """Show a job and the progress of its tasks."""
    status = ask(context, "GET", job_path(job))
    if as_json:
        print_json(status)
        return
    left = f", about {format_duration(status['remaining_s'])} left" if status["remaining_s"] is not None else ""
    title = f"Job {status['number']} ({status['job_id']})"
    ahead = f", {plural(status['jobs_ahead'], 'job')} in front" if status["jobs_ahead"] else ""
    disk = f", {format_size(status['disk_bytes'])} on disk" if status["disk_bytes"] is not None else ""
    out.print(f"{title}: {status['state']}, {status['fraction_done']:.0%} done{left}{ahead}{disk}")
    for line in filter(None, (status["name"], *status["note"].splitlines(), status["message"])):
        out.print(plain(line))
    table = _table("task", "state", "done", "time", "message")
    for task in status["tasks"]:
        done = f"{task['done']} of {task['total']} {task['progress_unit']}" if task["total"] else ""
        time = format_duration(task["elapsed_s"]) if task["started_at"] else ""
        table.add_row(*map(plain, [task["key"], task["state"], done, time, task["message"]]))
    out.print(table)


@jobs_app.command()
def events(
    context: typer.Context,
    job: Job,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Wait for new events until the job ends.", show_default="events so far"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the activity log of a job, one line per event."""
    for event in follow_events(context, f"{job_path(job)}/events", {"follow": follow}):
        _print_event(event, as_json)


@jobs_app.command()
def cancel(context: typer.Context, job: Job) -> None:
    """Cancel a job."""
    ask(context, "POST", f"{job_path(job)}/cancel")


@jobs_app.command()
def retry(context: typer.Context, job: Job) -> None:
    """Retry a job that failed, was cancelled or has errors; only what is missing is repeated."""
    ask(context, "POST", f"{job_path(job)}/retry")


@jobs_app.command()
def delete(context: typer.Context, job: Job) -> None:
    """Delete a job that has ended, with all its files."""
    ask(context, "DELETE", job_path(job))


@jobs_app.command()
def clean(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete files that are no longer needed, as the service does every hour."""
    freed = ask(context, "POST", "/clean")
    if as_json:
        print_json(freed)
        return
    for item in freed["items"]:
        out.print(plain(item))
    out.print(f"{freed['freed_bytes'] / 1e6:,.1f} MB freed")


@jobs_app.command()
def rebuild(
    workspace: Annotated[Path, typer.Option(help="Folder of the service, which must not run.")] = Path(
        "videoprep-workspace"
    ),
) -> None:
    """Make a new job database from the folders of the jobs, when it is damaged."""
    from videoprep_nb.jobs.rebuild import rebuild_database
    from videoprep_nb.jobs.storage.workspace import Workspace

    try:
        restored = rebuild_database(Workspace(workspace))
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
    for sentence in restored:
        out.print(plain(sentence))
    out.print("The job database is new; start the service again.")


def _print_event(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(event, indent=None)
    elif "at" in event:  # the last one only says that it is the last
        out.print(plain(f"{_local(event['at'])}  {event['text']}"))


def _table(name: str, *columns: str) -> Table:
    table = Table(box=None)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table


def _local(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
