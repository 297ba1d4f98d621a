"""The commands ``videoprep jobs submit``, ``wait`` and ``download``: a whole job of a service from a script."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from videoprep_nb.cli.console import EXIT_USAGE, check_can_be_written, err, out, plain, print_json, stop
from videoprep_nb.cli.job_display import JobDisplay
from videoprep_nb.cli.job_options import (
    Assignments,
    CorrectionsFile,
    KeepScratch,
    ParamsFile,
    Preset,
    settings_of,
    videos_of,
)
from videoprep_nb.cli.jobs import AsJson, Job
from videoprep_nb.cli.outcome import EXIT_CODES, print_outcome
from videoprep_nb.cli.service_client import ask, job_path, service
from videoprep_nb.cli.transfer import download as download_file
from videoprep_nb.cli.transfer import upload
from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.jobs.models import ENDED, State, VideoResult
from videoprep_nb.jobs.presets import STANDARD
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.totals import Totals

_POLL_INTERVAL_S = 2.0
_MAX_SILENCE_S = 600.0
_TASKS = TypeAdapter(list[TaskRow])


def submit(
    context: typer.Context,
    videos: Annotated[
        list[Path],
        typer.Argument(
            metavar="VIDEO_OR_FOLDER",
            help="Raw videos, numbered 1, 2, … in this order. A folder gives the videos in it and its subfolders.",
        ),
    ],
    assignments: Assignments = None,
    preset: Preset = STANDARD,
    params: ParamsFile = None,
    corrections: CorrectionsFile = None,
    keep_scratch: KeepScratch = False,
    name: Annotated[str, typer.Option(help="What to call the job.", show_default="no name")] = "",
    note: Annotated[str, typer.Option(help="Anything worth remembering about it.", show_default="none")] = "",
    wait_for_end: Annotated[
        bool, typer.Option("--wait", help="Wait until the job ends; exit codes as of run.", show_default="do not wait")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send videos to a running service as a new job, and print its number."""
    try:
        settings = settings_of(preset, params, assignments, corrections)
        files = videos_of(videos)
        with service(context) as client, _progress("sending") as show:
            sources = [{"upload_id": upload(client, file, partial(show, file))} for file in files]
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    request = {
        "videos": sources,
        "params": settings.model_dump(mode="json"),
        "options": {"keep_scratch": keep_scratch},
        "name": name,
        "note": note,
    }
    submitted = ask(context, "POST", "/jobs", content=request)
    number = str(submitted["number"])
    if wait_for_end:
        err.print(f"Job {number}")
        wait(context, number, as_json)
    elif as_json:
        print_json(submitted)
    else:
        out.print(f"Job {number}")


def wait(context: typer.Context, job: Job, as_json: AsJson = False) -> None:
    """Wait until a job ends, whatever becomes of the connection and of this command.

    Exit codes: 0 done, 1 failed or cancelled, 3 completed with errors, 130 interrupted; the job goes on then.
    """
    try:
        status = _ended_status(context, job)
    except KeyboardInterrupt:
        err.print(plain(f"The job goes on without this command. Wait for it with: videoprep jobs wait {job}"))
        raise typer.Exit(128 + signal.SIGINT) from None
    videos = [_video_result(video) for video in status["videos"]]
    state = State(status["state"])
    if as_json:
        print_json(status | {"totals": Totals.of(videos).model_dump()})
    else:
        print_outcome(state, status["message"], videos, _elapsed_s(status))
        if status["has_package"]:
            out.print(plain(f"Package: videoprep jobs download {status['number']}"))
    raise typer.Exit(EXIT_CODES[state])


def download(
    context: typer.Context,
    job: Job,
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default=f"{Path(PACKAGE_NAME).stem}_<job>.zip"),
    ] = None,
) -> None:
    """Download the package of a job; a download that was cut off, or interrupted, goes on where it ended."""
    file = output or Path(f"{Path(PACKAGE_NAME).stem}_{ask(context, 'GET', job_path(job))['number']}.zip")
    try:
        check_can_be_written(file)
        with service(context) as client, _progress("fetching") as show:
            download_file(client, f"{job_path(job)}/package", file, partial(show, file))
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
    out.print(plain(file))


def _ended_status(context: typer.Context, job: str) -> dict[str, Any]:
    """The status of a job when it has ended; a service that is away for a while, for a new start, is waited for."""
    import httpx

    answered_s, is_silent = 0.0, False
    with JobDisplay(err) as display, service(context) as client:
        while True:
            try:
                status: dict[str, Any] = client.get(job_path(job)).raise_for_status().json()
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                is_refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
                if is_refused or not answered_s or time.monotonic() - answered_s > _MAX_SILENCE_S:
                    raise
                if not is_silent:
                    err.print("The service does not answer; waiting for it.")
                is_silent = True
            else:
                answered_s, is_silent = time.monotonic(), False
                display.update(State(status["state"]), status["message"], _TASKS.validate_python(status["tasks"]))
                if State(status["state"]) in ENDED:
                    return status
            time.sleep(_POLL_INTERVAL_S)


def _elapsed_s(status: dict[str, Any]) -> float:
    """Wall time of a job that has ended; 0 for one that was cancelled before it started."""
    if not status["started_at"]:
        return 0.0
    started, ended = (datetime.fromisoformat(status[name]) for name in ("started_at", "ended_at"))
    return (ended - started).total_seconds()


def _video_result(video: dict[str, Any]) -> VideoResult:
    known = {name: value for name, value in video.items() if name in VideoResult.model_fields and value is not None}
    return VideoResult.model_validate(known)


@contextmanager
def _progress(verb: str) -> Iterator[Callable[[Path, int, int], None]]:
    """Shows on a terminal how much of a file has arrived.

    Yields:
        To be called with the file, how many bytes have arrived, and of how many.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bars: dict[Path, TaskID] = {}
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:

        def show(file: Path, done_bytes: int, total_bytes: int) -> None:
            if file not in bars:
                bars[file] = progress.add_task(plain(f"{verb} {file.name}"), total=total_bytes)
            progress.update(bars[file], completed=done_bytes)

        yield show
