"""The command line ``videoprep``: its commands in the order of its help."""

import errno
import sys
from pathlib import Path
from typing import Annotated

import typer

import videoprep_nb
from videoprep_nb.cli.anonymize import anonymize
from videoprep_nb.cli.backup import backup
from videoprep_nb.cli.bring_back import bring_back
from videoprep_nb.cli.compare import compare
from videoprep_nb.cli.console import EXIT_USAGE, escape_what_terminals_lack, out, print_warnings_as_lines, stop
from videoprep_nb.cli.correct import correct
from videoprep_nb.cli.doctor import doctor
from videoprep_nb.cli.evaluate import evaluate
from videoprep_nb.cli.evaluate_detector import evaluate_detector
from videoprep_nb.cli.export import export
from videoprep_nb.cli.files import probe, sample, validate
from videoprep_nb.cli.import_annotations import import_annotations
from videoprep_nb.cli.jobs import jobs_app
from videoprep_nb.cli.push import push
from videoprep_nb.cli.registries import detectors, formats, trackers
from videoprep_nb.cli.report import report
from videoprep_nb.cli.run import run
from videoprep_nb.cli.serve import serve
from videoprep_nb.cli.submit import download, submit, wait
from videoprep_nb.cli.users import users_app
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import display_name

_VIDEOS = "Videos and packages"
_TRACKING = "Detection and tracking"
_SERVICE = "Service"

app = typer.Typer(
    help="videoprep prepares raw CCTV and phone footage for AVA-style spatio-temporal action annotation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(rich_help_panel=_VIDEOS)(run)
app.command(rich_help_panel=_VIDEOS)(correct)
app.command("bring-back", rich_help_panel=_VIDEOS)(bring_back)
app.command(rich_help_panel=_VIDEOS)(compare)
app.command(rich_help_panel=_VIDEOS)(anonymize)
app.command(rich_help_panel=_VIDEOS)(export)
app.command(rich_help_panel=_VIDEOS)(report)
app.command(rich_help_panel=_VIDEOS)(formats)
app.command(rich_help_panel=_VIDEOS)(push)
app.command(rich_help_panel=_VIDEOS)(validate)
app.command("import-annotations", rich_help_panel=_VIDEOS)(import_annotations)
app.command(rich_help_panel=_VIDEOS)(probe)
app.command(rich_help_panel=_VIDEOS)(sample)
app.command(rich_help_panel=_VIDEOS)(doctor)
app.command(rich_help_panel=_TRACKING)(detectors)
app.command(rich_help_panel=_TRACKING)(trackers)
app.command(rich_help_panel=_TRACKING)(evaluate)
app.command("evaluate-detector", rich_help_panel=_TRACKING)(evaluate_detector)
app.command(rich_help_panel=_SERVICE)(serve)
app.command(rich_help_panel=_SERVICE)(backup)
jobs_app.command()(submit)
jobs_app.command()(wait)
jobs_app.command()(download)
app.add_typer(jobs_app, name="jobs", rich_help_panel=_SERVICE)
app.add_typer(users_app, name="users", rich_help_panel=_SERVICE)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        out.print(f"videoprep {videoprep_nb.__version__}")
        raise typer.Exit


@app.callback(help=app.info.help)
def start(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """What every command starts with."""
    print_warnings_as_lines()


def main() -> None:
    """Entry point of the ``videoprep`` command."""
    escape_what_terminals_lack()
    try:
        app()
    except OSError as error:  # the answer of any call that gets the name of a file
        if error.errno != errno.ENAMETOOLONG:
            raise
        name = display_name(Path(str(error.filename)).name)
        too_long = InputError(f"{name} is longer than the name of a file can be; give a shorter one.")
        sys.exit(stop(too_long, EXIT_USAGE).exit_code)


if __name__ == "__main__":
    main()
