"""The command ``videoprep run``."""

import shlex
import signal
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, err, out, plain, print_json, stop
from videoprep_nb.cli.job_display import JobDisplay
from videoprep_nb.cli.memory_limit import MemoryLimit, bytes_of
from videoprep_nb.cli.videos import expand_folders
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError, WeightsError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import JobResult, State
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.presets import STANDARD, presets
from videoprep_nb.jobs.run import resume as resume_job
from videoprep_nb.jobs.run import run as run_job
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.jobs.task import without_task_key
from videoprep_nb.jobs.totals import Totals, counted
from videoprep_nb.stages.registry import STAGES

EXIT_CODES = {State.DONE: 0, State.FAILED: 1, State.COMPLETED_WITH_ERRORS: 3}


def run(
    videos: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="VIDEO_OR_FOLDER",
            help="Raw videos, numbered 1, 2, … in this order. A folder gives the videos in it and its subfolders.",
            show_default="those of the interrupted run",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="New folder for the package and the reports.", show_default="videoprep-output/<time>"),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STAGE.PARAM=VALUE", help="Set one parameter; repeatable.", show_default="none"),
    ] = None,
    preset: Annotated[
        str, typer.Option(help=f"Begin with a preset, which --params and --set change: {', '.join(presets())}.")
    ] = STANDARD,
    params: Annotated[
        Path | None, typer.Option(help="YAML file with parameters by stage.", show_default="none")
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(help="YAML file: tracks to merge, split or delete (docs/corrections.md).", show_default="none"),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with an interrupted run; give its output folder only.", show_default="a new run"),
    ] = None,
    memory_limit: MemoryLimit = None,
    keep_scratch: Annotated[
        bool,
        typer.Option(
            "--keep-scratch", help="Keep clips, frames, detections and tracks.", show_default="they are deleted"
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end.", show_default="text for people")
    ] = False,
) -> None:
    """Prepare raw videos; writes final_package.zip and reports.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 completed with errors, 130 interrupted.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    folder = resume or output or Path("videoprep-output") / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    try:
        if resume is not None:
            if videos or output or assignments or params or corrections or keep_scratch or preset != STANDARD:
                raise InputError("--resume goes on with what the run was given; leave out everything else.")
            start = partial(resume_job, folder)
        else:
            given = [f"{_corrections_parameter()}=@{corrections}"] if corrections else []
            settings = read_settings(params, [*(assignments or []), *given], preset)
            options = JobOptions(keep_scratch=keep_scratch, previews=False)
            start = partial(run_job, _files(videos), output=folder, params=settings, options=options)
        with JobDisplay(err) as display:
            result = start(watch=display.update, memory_limit_bytes=bytes_of(memory_limit))
    except KeyboardInterrupt as interrupt:
        err.print(
            plain(f"Stopped; what is finished is kept. Go on with: videoprep run --resume {shlex.quote(str(folder))}")
        )
        raise typer.Exit(128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)) from None
    except (InputError, ParameterError, WeightsError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    if as_json:
        print_json(RunResult.of(result).model_dump(mode="json"))
    else:
        _print_result(result)
    raise typer.Exit(EXIT_CODES[result.state])


def _corrections_parameter() -> str:
    stage = next(stage for stage in STAGES.values() if stage.corrections_parameter)
    return f"{stage.name}.{stage.corrections_parameter}"


def _files(videos: list[Path] | None) -> list[Path]:
    if not videos:
        raise InputError("No video was given; name raw videos or folders of them.")
    files, folders = expand_folders(videos)
    for skipped in filter(None, (each.describe_skipped() for each in folders)):
        err.print(plain(skipped))
    return files


class RunResult(JobResult):
    """What ``--json`` prints; docs/batch.md describes it.

    Args:
        totals: What came out, over all videos.
    """

    totals: Totals

    @classmethod
    def of(cls, result: JobResult) -> "RunResult":
        """How a job ended, with totals."""
        return cls(**result.model_dump(), totals=Totals.of(result))


def _print_result(result: JobResult) -> None:
    for video in result.videos:
        name = f"{video.video_id}. {video.original_name}"
        if video.state is State.DONE:
            length = f" ({format_duration(video.duration_s)})" if video.duration_s else ""
            came_out = counted(video.person_count or 0, video.clip_count, video.frame_count)
            out.print(plain(f"{name}{length}: {came_out}"))
        else:
            out.print(plain(f"{name}: {video.state}. {without_task_key(video.message)}"))
        for finding in video.findings:
            out.print(plain(f"   {finding}"))
    if result.message and not any(video.message for video in result.videos):
        err.print(f"[red]{plain(result.message)}[/]")
    out.print(f"Job {result.state}, {format_duration(result.elapsed_s)}: {Totals.of(result)}")
    out.print(plain(f"Reports: {result.folder / 'reports' / 'index.html'}"))
    if result.package:
        out.print(plain(f"Package: {result.package}"))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)
