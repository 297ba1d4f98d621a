"""The command ``videoprep evaluate``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, check_can_be_written, out, plain, print_json, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.core.timecode import parse_rate
from videoprep_nb.jobs.settings import read_values
from videoprep_nb.tracking.params import TrackingParams

if TYPE_CHECKING:
    from videoprep_nb.tracking.evaluation.evaluate import Evaluation, Tracking
    from videoprep_nb.tracking.evaluation.score import Scores


def evaluate(
    gt: Annotated[list[Path], typer.Option(help="Ground truth, <sequence>/gt/gt.txt; repeatable.")],
    tracks: Annotated[
        list[Path] | None,
        typer.Option(help="Tracks to score, one file per --gt, in the same order.", show_default="from --detections"),
    ] = None,
    detections: Annotated[
        list[Path] | None,
        typer.Option(help="Detections to track and score, one file per --gt.", show_default="from --tracks"),
    ] = None,
    tracker: Annotated[
        str | None, typer.Option(help="Tracker for --detections.", show_default=TrackingParams().tracker)
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Set a parameter of tracking or refinement; repeatable.",
            show_default="none",
        ),
    ] = None,
    refine: Annotated[
        bool, typer.Option(help="Refine the tracks of --detections, or score them as the tracker returns them.")
    ] = True,
    half: Annotated[
        Literal["val"] | None,
        typer.Option(help="val: track and score only frames n//2+2 … n.", show_default="all frames"),
    ] = None,
    frame_rate: Annotated[
        str | None,
        typer.Option(help="Frames per second, such as 25, if there is no seqinfo.ini.", show_default="seqinfo.ini"),
    ] = None,
    write_tracks: Annotated[
        list[Path] | None,
        typer.Option(help="File to write the tracks of --detections to, one per --gt.", show_default="not written"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.", show_default="a table")] = False,
) -> None:
    """Score tracks, or a tracker, against ground truth in MOTChallenge format, with TrackEval.

    HOTA, DetA, AssA, LocA, MOTA and IDF1 are percentages; IDSW, Frag, FP and FN are counts.
    """
    try:
        if detections and not tracks:
            tracking = _tracking(tracker, assignments or [], refine, frame_rate)
            evaluations = _evaluate_detections(gt, detections, tracking, half, write_tracks)
        elif tracks and not detections and refine and not (tracker or assignments or write_tracks):
            evaluations = _evaluate_tracks(gt, tracks, half)
        else:
            raise ParameterError(
                "--tracks",
                "give either this or --detections; --tracker, --set, --no-refine and --write-tracks go with the latter",
            )
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    _print_scores(evaluations, as_json)


def _tracking(tracker: str | None, assignments: Sequence[str], refine: bool, frame_rate: str | None) -> "Tracking":
    from videoprep_nb.tracking.evaluation.evaluate import Tracking

    requested = [*assignments, *([f"tracker={tracker}"] if tracker else [])]
    params = TrackingParams.checked(read_values(TrackingParams, requested))
    rate = parse_rate(frame_rate, "--frame-rate") if frame_rate else None
    return Tracking(params, refine, rate)


def _evaluate_detections(
    ground_truth: Sequence[Path],
    detections: Sequence[Path],
    tracking: "Tracking",
    half: Literal["val"] | None,
    write_tracks: Sequence[Path] | None,
) -> list["Evaluation"]:
    from videoprep_nb.tracking.evaluation.evaluate import evaluate_detections

    _check_count("--detections", detections, ground_truth)
    if write_tracks:
        _check_count("--write-tracks", write_tracks, ground_truth)
        _check_new([*ground_truth, *detections], write_tracks)
    pairs = zip(ground_truth, detections, strict=True)
    evaluations = [evaluate_detections(truth, found, tracking, half) for truth, found in pairs]
    for file, evaluation in zip(write_tracks or [], evaluations, strict=False):
        evaluation.tracks.write(file)
    return evaluations


def _evaluate_tracks(
    ground_truth: Sequence[Path], tracks: Sequence[Path], half: Literal["val"] | None
) -> list["Evaluation"]:
    from videoprep_nb.tracking.evaluation.evaluate import evaluate_tracks

    _check_count("--tracks", tracks, ground_truth)
    return [evaluate_tracks(truth, file, half) for truth, file in zip(ground_truth, tracks, strict=True)]


def _check_new(read: Sequence[Path], written: Sequence[Path]) -> None:
    taken = {file.resolve() for file in read}
    for file in written:
        if file.resolve() in taken:
            raise ParameterError("--write-tracks", f"{file} is already an input or output; name another file")
        taken.add(file.resolve())
        check_can_be_written(file)


def _check_count(option: str, files: Sequence[Path], ground_truth: Sequence[Path]) -> None:
    if len(files) != len(ground_truth):
        raise ParameterError(option, f"got {len(files)}, expected one per --gt ({len(ground_truth)})")


def _print_scores(evaluations: Sequence["Evaluation"], as_json: bool) -> None:
    from videoprep_nb.tracking.evaluation.score import combine

    combined = combine([evaluation.result for evaluation in evaluations])
    if as_json:
        sequences = [{"name": each.name} | _rounded(each.result.scores) for each in evaluations]
        print_json({"sequences": sequences, "combined": _rounded(combined)})
        return
    table = Table("sequence", box=None)
    for name in combined.as_dict():
        table.add_column(name, justify="right")
    for each in evaluations:
        table.add_row(plain(each.name), *_cells(each.result.scores))
    if len(evaluations) > 1:
        table.add_row("combined", *_cells(combined), style="bold")
    out.print(table)


def _rounded(scores: "Scores") -> dict[str, float | int]:
    return {name: round(value, 3) for name, value in scores.as_dict().items()}


def _cells(scores: "Scores") -> list[str]:
    return [f"{value:.1f}" if isinstance(value, float) else f"{value}" for value in scores.as_dict().values()]
