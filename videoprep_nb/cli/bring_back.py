"""The command ``videoprep bring-back``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.core.text import plural


def bring_back(
    result: Annotated[
        Path,
        typer.Argument(metavar="JOB_FOLDER_OR_PACKAGE", help="Folder of a result, or its final_package.zip."),
    ],
    clips: Annotated[
        str, typer.Option(metavar="CLIP,…", help="Clips, such as 1_clip_003,1_clip_007.", show_default="all")
    ] = "",
) -> None:
    """Bring clips back into a package that the selection left out of it, in seconds.

    Formats that were written before are as old as they were: write them again with videoprep export.

    Exit codes: 0 done, 1 failed, 2 wrong usage.
    """
    from videoprep_nb.jobs.left_out import bring_back_clips

    chosen = [clip.strip() for clip in clips.split(",") if clip.strip()]
    try:
        brought_back = bring_back_clips(result, chosen or None)
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(f"{plural(len(brought_back), 'clip')} brought back"))
    for clip in brought_back:
        out.print(plain(f"   {clip}"))
