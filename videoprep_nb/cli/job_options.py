"""What ``videoprep run`` and ``videoprep jobs submit`` are both given: videos and settings."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import err, plain
from videoprep_nb.cli.videos import expand_folders
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.object_address import is_address
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.presets import presets
from videoprep_nb.jobs.settings import read_settings
from videoprep_nb.stages.registry import STAGES

Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STAGE.PARAM=VALUE", help="Set one parameter; repeatable.", show_default="none"),
]
Preset = Annotated[
    str, typer.Option(help=f"Begin with a preset, which --params and --set change: {', '.join(presets())}.")
]
ParamsFile = Annotated[Path | None, typer.Option(help="YAML file with parameters by stage.", show_default="none")]
CorrectionsFile = Annotated[
    Path | None,
    typer.Option(help="YAML file: tracks to merge, split or delete (docs/corrections.md).", show_default="none"),
]
KeepScratch = Annotated[
    bool,
    typer.Option("--keep-scratch", help="Keep clips, frames, detections and tracks.", show_default="they are deleted"),
]


def settings_of(
    preset: str, params: Path | None, assignments: Sequence[str] | None, corrections: Path | None
) -> JobParams:
    """The settings that the options name.

    Raises:
        InputError: A file cannot be read.
        ParameterError: A name or a value is wrong.
    """
    given = [f"{_corrections_parameter()}=@{corrections}"] if corrections else []
    return read_settings(params, [*(assignments or []), *given], preset)


def sources_of(videos: Sequence[str] | None) -> list[Path | str]:
    """The same of arguments among which addresses of an object storage may be, which stay as they are."""
    if not videos or not any(map(is_address, videos)):
        return list(videos_of([Path(video) for video in videos or []]))
    groups = itertools.groupby(videos, is_address)
    return [source for remote, each in groups for source in (each if remote else videos_of([*map(Path, each)]))]


def videos_of(paths: Sequence[Path] | None) -> list[Path]:
    """The videos that the arguments name, with those in folders; what is skipped there is reported.

    Raises:
        InputError: There is none, or a folder cannot be read.
    """
    if not paths:
        raise InputError("No video was given; name raw videos or folders of them.")
    files, folders = expand_folders(paths)
    for skipped in filter(None, (each.describe_skipped() for each in folders)):
        err.print(plain(skipped))
    return files


def _corrections_parameter() -> str:
    stage = next(stage for stage in STAGES.values() if stage.corrections_parameter)
    return f"{stage.name}.{stage.corrections_parameter}"
