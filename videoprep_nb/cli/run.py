"""The command ``videoprep run``."""

import shlex
import signal
from datetime import datetime
from functools import partial
from types import FrameType
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, err, out, plain, print_json, stop
from videoprep_nb.cli.gpu_limit import GpuLimit
from videoprep_nb.cli.job_display import JobDisplay
from videoprep_nb.cli.job_options import (
    Assignments,
    CorrectionsFile,
    KeepScratch,
    ParamsFile,
    Preset,
    settings_of,
    sources_of,
)
from videoprep_nb.cli.memory_limit import MemoryLimit, bytes_of
from videoprep_nb.cli.outcome import EXIT_CODES, print_outcome
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError, WeightsError
from videoprep_nb.jobs.models import JobResult
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.presets import STANDARD
from videoprep_nb.jobs.run import is_interrupted
from videoprep_nb.jobs.run import resume as resume_job
from videoprep_nb.jobs.run import run as run_job
from videoprep_nb.jobs.totals import Totals


def run(
    videos: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VIDEO_OR_FOLDER",
            help="Raw videos, numbered 1, 2, … in this order. A folder gives the videos in it and its subfolders. "
            "s3://BUCKET/KEY is fetched first.",
            show_default="those of the interrupted run",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            help="New folder, or s3:// address, for the package and the reports.",
            show_default="videoprep-output/<time>",
        ),
    ] = None,
    assignments: Assignments = None,
    preset: Preset = STANDARD,
    params: ParamsFile = None,
    corrections: CorrectionsFile = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Go on with an interrupted run; give its output folder or address only.", show_default="a new run"
        ),
    ] = None,
    memory_limit: MemoryLimit = None,
    gpus: GpuLimit = None,
    keep_scratch: KeepScratch = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end.", show_default="text for people")
    ] = False,
) -> None:
    """Prepare raw videos; writes final_package.zip and reports.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 completed with errors, 130 interrupted.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    place = resume or output or f"videoprep-output/{datetime.now():%Y-%m-%d_%H-%M-%S}"
    try:
        if resume is not None:
            if videos or output or assignments or params or corrections or keep_scratch or preset != STANDARD:
                raise InputError("--resume goes on with what the run was given; leave out everything else.")
            start = partial(resume_job, place)
        else:
            settings = settings_of(preset, params, assignments, corrections)
            options = JobOptions(keep_scratch=keep_scratch, previews=False)
            start = partial(run_job, sources_of(videos), output=place, params=settings, options=options)
        with JobDisplay(err) as display:
            result = start(
                watch=display.update_view,
                memory_limit_bytes=bytes_of(memory_limit),
                gpu_limit=gpus,
                watch_transfer=display.update_transfer,
            )
    except KeyboardInterrupt as interrupt:
        if is_interrupted(place):
            err.print(
                plain(f"Stopped; what is finished is kept. Go on with: videoprep run --resume {shlex.quote(place)}")
            )
        else:
            err.print("Stopped; nothing was begun.")
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


class RunResult(JobResult):
    """What ``--json`` prints; docs/batch.md describes it.

    Args:
        totals: What came out, over all videos.
    """

    totals: Totals

    @classmethod
    def of(cls, result: JobResult) -> "RunResult":
        """How a job ended, with totals."""
        return cls(**result.model_dump(), totals=Totals.of(result.videos))


def _print_result(result: JobResult) -> None:
    print_outcome(result.state, result.message, result.videos, result.elapsed_s)
    out.print(plain(f"Reports: {result.location('reports/index.html')}"))
    if result.package:
        out.print(plain(f"Package: {result.location(result.package.name)}"))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)
