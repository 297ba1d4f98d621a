"""The commands about single files: ``videoprep probe``, ``validate`` and ``sample``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, check_can_be_written, err, out, plain, print_json, stop
from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.file_names import visible
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.probe import MAX_PAUSE_S
from videoprep_nb.media.probe import probe as probe_file

if TYPE_CHECKING:
    from videoprep_nb.media.video_info import VideoInfo


def probe(
    files: Annotated[list[Path], typer.Argument(help="Files to inspect.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON list.", show_default="text for people")
    ] = False,
    video_stream: Annotated[
        int, typer.Option(min=0, help="Number of the video stream to read, from 1; 0 chooses.")
    ] = 0,
    max_pause_s: Annotated[
        float, typer.Option(min=0.001, help="Longer pauses of a recording, in seconds, are cut out.")
    ] = MAX_PAUSE_S,
) -> None:
    """Inspect video files: codec, resolution, frame rate, problems; exit with 1 if one cannot be processed."""
    found = []
    failed = False
    for file in files:
        try:
            info = probe_file(file, video_stream=video_stream, max_pause_s=max_pause_s)
        except VideoPrepError as error:
            failed = True
            found.append({"file": visible(str(file)), "error": visible(str(error))})
            err.print(plain(error))
            continue
        found.append({"file": visible(str(file)), **info.model_dump(mode="json")})
        if not as_json:
            out.print(plain(f"{file}: {_describe(info)}"))
            for finding in info.findings:
                out.print(plain(f"  {finding}"))
    if as_json:
        print_json(found)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def validate(package: Annotated[Path, typer.Argument(help="The final_package.zip to validate.")]) -> None:
    """Validate a package: print every finding; exit with 1 if there is one."""
    from videoprep_nb.exports.validate import validate as validate_package

    findings = validate_package(package)
    for finding in findings:
        out.print(plain(f"{finding.where}: {finding.message}"))
    if findings:
        raise typer.Exit(EXIT_FAILED)
    out.print(f"{plain(package)}: valid")


def sample(file: Annotated[Path, typer.Argument(metavar="OUT.mp4", help="The video file to write.")]) -> None:
    """Write a short sample video with real people."""
    from videoprep_nb.media.sample import write_sample

    try:
        check_can_be_written(file)
        write_sample(file)
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(file))


def _describe(info: "VideoInfo") -> str:
    rate = f"{float(info.rate):.6g} frames per second" + (" (variable)" if info.is_variable_rate else "")
    size = f"{info.width}×{info.height}" + (f" rotated {info.rotation_deg}°" if info.rotation_deg else "")
    sound = f"sound {info.audio_codec}" if info.audio_codec else "no sound"
    length = f"{format_duration(info.duration_s)}, {info.packet_count} frames"
    return f"{info.codec} in {info.format_name}, {size}, {rate}, {length}, {sound}"
