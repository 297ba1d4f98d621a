"""The command ``videoprep correct``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, err, out, plain, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.core.text import plural

EXIT_LEFT_OUT = 3


def correct(
    result: Annotated[Path, typer.Argument(help="Folder of a result: final_package.zip and what lies beside it.")],
    corrections: Annotated[Path, typer.Argument(help="corrections.yaml: tracks to merge, split or delete.")],
) -> None:
    """Correct the tracks of a result by hand; its package is written again, in seconds.

    Corrections count from the tracks before all corrections: give all of them each time.

    Exit codes: 0 all applied, 1 failed, 2 wrong usage, 3 some do not fit and were left out.
    """
    from videoprep_nb.exports.correct_package import correct_package
    from videoprep_nb.jobs.settings import text_or_file
    from videoprep_nb.tracking.corrections import read_corrections

    try:
        videos, problems = correct_package(result, read_corrections(text_or_file(f"@{corrections}")))
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    for each in videos:
        applied = plural(len(each.corrected.applied), "correction")
        name = f"{each.video.video_id}. {each.video.original_name}"
        out.print(plain(f"{name}: {plural(each.person_count, 'person')}, {applied}"))
    for problem in problems:
        err.print(plain(f"Left out: {problem}"))
    raise typer.Exit(EXIT_LEFT_OUT if problems else 0)
