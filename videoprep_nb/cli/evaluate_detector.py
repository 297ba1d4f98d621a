"""The command ``videoprep evaluate-detector``."""

import csv
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, check_can_be_written, err, out, plain, print_json, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError, WeightsError
from videoprep_nb.jobs.settings import read_values
from videoprep_nb.stages.track_persons.params import DetectPersonsParams

if TYPE_CHECKING:
    from videoprep_nb.tracking.evaluation.compare_detectors import Measured, Variant
    from videoprep_nb.tracking.evaluation.detection_score import DetectionFigures
    from videoprep_nb.tracking.evaluation.labelled_frames import SourceFrame

_BETWEEN_ASSIGNMENTS = re.compile(r",(?=\w+=)")
_RESOLUTION = re.compile(r"(\d{2,4})x(\d{2,4})")
_MAX_VARIANTS = 6


def evaluate_detector(
    source: Annotated[Path, typer.Argument(metavar="FOLDER_OR_VIDEO", help="Folder of images, or one raw video.")],
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--detector-set",
            metavar="NAME=VALUE,…",
            help="Parameters of stage 4 to compare, such as weights=yolo11m,image_size=960; repeatable. "
            "default: the defaults.",
            show_default="default",
        ),
    ] = None,
    gt: Annotated[
        Path | None,
        typer.Option(help="Labels: MOTChallenge gt.txt or COCO JSON.", show_default="compared with the slowest"),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Take every n-th image or frame.")] = 1,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Take at most so many.")] = 100,
    resolution: Annotated[str, typer.Option(metavar="WxH", help="Resolution that stage 1 makes.")] = "1280x720",
    output: Annotated[Path, typer.Option(help="Folder for boxes, figures and contact sheet.")] = Path(
        "detector-evaluation"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.", show_default="a table")] = False,
) -> None:
    """Compare detectors, weights and sizes on your own images or video.

    Writes boxes.csv (pixels of the source), figures.json and contact_sheet.jpg. Recall and precision count boxes with
    a score of at least 0.25 and an IoU of at least 0.5. Without --gt, the boxes of the slowest variant with a score of
    at least 0.5 serve as labels: the figures then say how far the others agree with it.
    """
    try:
        check_can_be_written(output / "boxes.csv")
        chosen = [_variant(text) for text in variants or ["default"]]
        if len(chosen) > _MAX_VARIANTS:
            raise ParameterError("--detector-set", f"got {len(chosen)}, expected at most {_MAX_VARIANTS}")
        _compare(source, chosen, gt, every, limit, _size(resolution), output, as_json)
    except (InputError, ParameterError, WeightsError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None


def _compare(
    source: Path,
    variants: Sequence["Variant"],
    gt: Path | None,
    every: int,
    limit: int,
    size: tuple[int, int],
    output: Path,
    as_json: bool,
) -> None:
    from videoprep_nb.tracking.evaluation.compare_detectors import measure, reference_labels, score
    from videoprep_nb.tracking.evaluation.detection_score import LabelledBoxes
    from videoprep_nb.tracking.evaluation.labelled_frames import read_truth
    from videoprep_nb.viz.detector_sheet import detector_sheet
    from videoprep_nb.viz.images import encode_jpeg

    truth = read_truth(gt) if gt else None
    for variant in variants:
        variant.detector.find_weights()
    frames = _frames(source, every, limit, size)
    labels: Sequence[LabelledBoxes | None] = [each.labels(truth) for each in frames] if truth else []
    if truth and not any(each is not None for each in labels):
        raise InputError(f"{gt} names none of the images of {source}; expected their file names.")
    measured = []
    for variant in variants:
        err.print(plain(f"{variant.name}: {variant.detector.description}"))
        measured.append(measure(variant, frames))
    reference = None
    if not truth and len(measured) > 1:
        reference, labels = reference_labels(measured)
    figures = [score(each, labels) if labels and each is not reference else None for each in measured]
    _write_boxes(output / "boxes.csv", frames, measured)
    shown = labels if truth else [None] * len(frames)
    title = f"{source.name}: green right, orange wrong, yellow missed" if truth else source.name
    (output / "contact_sheet.jpg").write_bytes(encode_jpeg(detector_sheet(frames, measured, shown, title)))
    rows = [_row(each, of_each) for each, of_each in zip(measured, figures, strict=True)]
    result = {
        "source": str(source),
        "frames": len(frames),
        "reference": str(gt) if gt else reference and reference.variant.name,
        "variants": rows,
    }
    (output / "figures.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        _print_table(rows)
        if reference:
            out.print(plain(f"Without --gt: agreement with {reference.variant.name}, the slowest."))
        out.print(plain(f"Contact sheet: {output / 'contact_sheet.jpg'}"))


def _variant(text: str) -> "Variant":
    from videoprep_nb.tracking.evaluation.compare_detectors import Variant

    assignments = [] if text == "default" else _BETWEEN_ASSIGNMENTS.split(text)
    params = DetectPersonsParams.checked(read_values(DetectPersonsParams, assignments))
    detector = params.create_detector()
    known = {"detector", "detector_options", *type(detector).options_type.model_fields}
    for name in params.model_fields_set - known:
        raise ParameterError("--detector-set", f"{name} is no option of the detector {params.detector}")
    return Variant(text, detector)


def _size(resolution: str) -> tuple[int, int]:
    found = _RESOLUTION.fullmatch(resolution)
    if found is None:
        raise ParameterError("--resolution", f"got {resolution!r}, expected width and height such as 1280x720")
    return int(found[1]), int(found[2])


def _frames(source: Path, every: int, limit: int, size: tuple[int, int]) -> list["SourceFrame"]:
    from videoprep_nb.tracking.evaluation.labelled_frames import image_files, read_frames

    if source.is_dir():
        return read_frames(image_files(source, every, limit), size)
    return _frames_of_video(source, every, limit, size)


def _frames_of_video(video: Path, every: int, limit: int, size: tuple[int, int]) -> list["SourceFrame"]:
    """Frames of a video as stage 1 makes it."""
    from videoprep_nb.media.frames import read_frames_at
    from videoprep_nb.stages.resize.params import ResizeParams
    from videoprep_nb.stages.resize.stage import resize
    from videoprep_nb.tracking.evaluation.labelled_frames import SourceFrame

    if not video.exists():
        raise InputError(f"{video}: there is no such file or folder.")
    width, height = size
    with tempfile.TemporaryDirectory(prefix="videoprep-") as folder:
        params = ResizeParams.checked(
            {"input_file": str(video), "output_dir": folder, "width": width, "height": height}
        )
        resized = resize(params)
        indices = range(0, resized.frame_count, every)[:limit]
        frames = read_frames_at(Path(folder) / resized.file, indices)
        return [SourceFrame(str(index + 1), index + 1, frame, resized.transform) for index, frame in frames]


def _write_boxes(path: Path, frames: Sequence["SourceFrame"], measured: Sequence["Measured"]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["variant", "image", "x1", "y1", "x2", "y2", "score"])
        for each in measured:
            for frame, found in zip(frames, each.found, strict=True):
                boxes = frame.transform.to_source(found.boxes_xyxy).round(1).tolist()
                for box, score in zip(boxes, found.scores.round(3).tolist(), strict=True):
                    table.writerow([each.variant.name, frame.name, *box, round(score, 3)])


def _row(measured: "Measured", figures: "DetectionFigures | None") -> dict[str, Any]:
    row: dict[str, Any] = {
        "variant": measured.variant.name,
        "detector": measured.variant.detector.description,
        "boxes_per_frame": round(measured.mean_count, 2),
    }
    for name in ("recall", "precision", "ap"):
        row[name] = round(getattr(figures, name), 3) if figures else None
    return row | {"frames_per_second": round(measured.frames_per_second, 1)}


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("variant", box=None)
    for name in ("boxes per frame", "recall", "precision", "AP", "frames/s"):
        table.add_column(name, justify="right")
    for row in rows:
        figures = (value for name, value in row.items() if name != "detector")
        table.add_row(*("–" if value is None else plain(value) for value in figures))
    out.print(table)
