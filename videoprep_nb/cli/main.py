"""The command line ``videoprep``; the commands about a running service are in ``cli_jobs``."""

import json
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, check_can_be_written, err, out, stop
from videoprep_nb.cli.job_display import JobDisplay
from videoprep_nb.cli.jobs import jobs_app, serve
from videoprep_nb.cli.trackers import detectors, evaluate, trackers
from videoprep_nb.cli.users import users_app
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError, WeightsError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import JobResult, State
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.run import run as run_job
from videoprep_nb.jobs.settings import read_settings

if TYPE_CHECKING:
    from videoprep_nb.media.probe import VideoInfo

EXIT_CODES = {State.DONE: 0, State.FAILED: 1, State.CANCELLED: 1, State.COMPLETED_WITH_ERRORS: 3}

app = typer.Typer(
    help="Prepare raw video for people who annotate what persons do in it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(detectors)
app.command()(trackers)
app.command()(evaluate)
app.add_typer(jobs_app, name="jobs")
app.add_typer(users_app, name="users")


@app.command()
def run(
    videos: Annotated[list[Path], typer.Argument(help="Raw video files, in the order that numbers them 1, 2, …")],
    output: Annotated[
        Path | None, typer.Option(help=r"New folder for the package and the reports. \[videoprep-output/<time>]")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="STAGE.PARAM=VALUE", help="Change one parameter; repeatable.")
    ] = None,
    params: Annotated[Path | None, typer.Option(help="YAML file with parameters by stage.")] = None,
    keep_scratch: Annotated[bool, typer.Option("--keep-scratch", help="Keep clips, frames and tracks.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Turn raw videos into one final_package.zip.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 completed with errors.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    folder = output or Path("videoprep-output") / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    try:
        settings = read_settings(params, assignments or [])
        options = JobOptions(keep_scratch=keep_scratch, previews=False)
        with JobDisplay(err) as display:
            result = run_job(videos, output=folder, params=settings, options=options, watch=display.update)
    except (InputError, ParameterError, WeightsError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    if as_json:
        sys.stdout.write(result.model_dump_json(indent=1) + "\n")
    else:
        _print_result(result)
    raise typer.Exit(EXIT_CODES[result.state])


@app.command()
def validate(package: Annotated[Path, typer.Argument(help="A final_package.zip.")]) -> None:
    """Check a package; print every finding and exit with 1 when there is one."""
    from videoprep_nb.exports.validate import validate as validate_package

    findings = validate_package(package)
    for finding in findings:
        out.print(escape(f"{finding.where}: {finding.message}"))
    if findings:
        raise typer.Exit(EXIT_FAILED)
    out.print(f"{escape(str(package))}: valid")


@app.command()
def probe(
    files: Annotated[list[Path], typer.Argument(help="Video files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Say what video files are; exit with 1 when one of them cannot be processed."""
    from videoprep_nb.media.probe import probe as probe_file

    found = []
    failed = False
    for file in files:
        try:
            info = probe_file(file)
        except VideoPrepError as error:
            failed = True
            found.append({"file": str(file), "error": str(error)})
            err.print(escape(str(error)))
            continue
        found.append({"file": str(file), **info.model_dump(mode="json")})
        if not as_json:
            out.print(escape(f"{file}: {_describe(info)}"))
            for finding in info.findings:
                out.print(escape(f"  {finding}"))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if failed:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def sample(file: Annotated[Path, typer.Argument(metavar="OUT.mp4", help="The video to write.")]) -> None:
    """Write a short video with real persons, to try things out."""
    from videoprep_nb.media.sample import write_sample

    try:
        check_can_be_written(file)
        write_sample(file)
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(escape(str(file)))


@app.command()
def doctor(
    folder: Annotated[Path, typer.Argument(help="Folder that results will go to.")] = Path(),
) -> None:
    """Check what the toolkit needs on this machine; exit with 1 when something needed is missing."""
    from videoprep_nb.jobs.doctor import examine

    checks = examine(folder)
    for check in checks:
        mark = "[green]ok[/]     " if check.ok else "[red]missing[/]" if check.needed else "[yellow]without[/]"
        out.print(f"{mark} {check.name}: {escape(check.message)}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(EXIT_FAILED)


def _describe(info: "VideoInfo") -> str:
    rate = f"{float(info.rate):.6g} frames a second" + (" (variable)" if info.is_variable_rate else "")
    size = f"{info.width}×{info.height}" + (f" turned {info.rotation_deg}°" if info.rotation_deg else "")
    sound = f"sound {info.audio_codec}" if info.audio_codec else "no sound"
    length = f"{format_duration(info.duration_s)}, {info.packet_count} frames"
    return f"{info.codec} in {info.format_name}, {size}, {rate}, {length}, {sound}"


def _print_result(result: JobResult) -> None:
    for video in result.videos:
        for finding in video.findings:
            out.print(escape(f"{video.original_name}: {finding}"))
    if result.message:
        err.print(f"[red]{escape(result.message)}[/]")
    out.print(f"Job {result.job_id}: {result.state}, {format_duration(result.elapsed_s)}")
    out.print(escape(f"Reports: {result.folder / 'reports' / 'index.html'}"))
    if result.package:
        out.print(escape(f"Package: {result.package}"))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of the ``videoprep`` command."""
    app()


if __name__ == "__main__":
    main()
