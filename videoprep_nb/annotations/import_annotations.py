"""The way back: exports of CVAT and the package that was annotated, to training data."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from videoprep_nb.annotations.agreement import compare_annotators
from videoprep_nb.annotations.annotated import AnnotatedClip
from videoprep_nb.annotations.cvat_xml import CvatDocument, read_document
from videoprep_nb.annotations.export_files import open_xml_files
from videoprep_nb.annotations.imported import Annotations
from videoprep_nb.annotations.join import FrameIndex, join
from videoprep_nb.annotations.labels_of_export import read_choices
from videoprep_nb.annotations.merge import Merged, merge
from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.annotations.people import name_people
from videoprep_nb.annotations.training_boxes import planes, training_boxes
from videoprep_nb.annotations.view import report
from videoprep_nb.annotations.write_ava import write_ava
from videoprep_nb.annotations.write_others import write_coco_annotations, write_cvat_annotations
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import distinct_names
from videoprep_nb.core.layout import staged_folder
from videoprep_nb.exports.result import Result, open_result

REPORT_NAME = "report.html"
_WRITTEN = {REPORT_NAME, "ava", "coco.json", "cvat"}


def import_annotations(params: ImportAnnotationsParams) -> Annotations:
    """Read exports of CVAT, join them with the package, and write training data and a report.

    The folder appears complete, or nothing does.

    Args:
        params: What to read and to write.

    Raises:
        InputError: A file is missing or is not what it should be, or the exports do not fit the package.
        ParameterError: The labels make no sense.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.exports.export_formats import ExportParams, export_formats
        >>> labels = "{label: person, attributes: {action: [stand, walk]}}"
        >>> sent = ExportParams(source="final_package.zip", formats=["cvat-images"], labels=labels, output_dir="sent")
        >>> [file] = export_formats(sent).written
        >>> params = ImportAnnotationsParams(exports=[str(file.path)], source="final_package.zip", output_dir="back")
        >>> annotations = import_annotations(params)  # nobody has touched a box
        >>> annotations.label_count, annotations.unlabelled_count
        (0, 5)
    """
    output_dir = Path(params.output_dir)
    _check_output(output_dir)
    labels = _read_text(Path(params.labels_file)) if params.labels_file else ""
    result = open_result(params.source)
    by_frame = planes(result.manifest, source_pixels=params.source_pixels)
    documents = list(_read_documents([Path(export) for export in params.exports]))
    choices = read_choices(labels, documents)
    index = FrameIndex(result.manifest)
    clips = [clip for document in documents for clip in join(document, choices, index)]
    merged = _merge_all(clips, result)
    named = name_people(merged.frames, result.proposals)
    training = training_boxes(named, by_frame, choices.actions)
    annotated = {frame.name for frame in merged.frames}
    seen = {clip.clip_id for clip in clips}
    with staged_folder(output_dir) as folder:
        ava = None
        if "ava" in params.formats:
            (folder / "ava").mkdir()
            ava = write_ava(
                folder / "ava",
                training.boxes,
                by_frame,
                result.manifest,
                annotated,
                choices.actions,
                params.ava_preset,
            )
        if "coco" in params.formats:
            write_coco_annotations(
                folder / "coco.json", training.boxes, by_frame, result.manifest, annotated, choices.labels
            )
        if "cvat" in params.formats:
            (folder / "cvat").mkdir()
            write_cvat_annotations(folder / "cvat", training.boxes, result.manifest, annotated, choices.labels)
        annotations = Annotations(
            output_dir=output_dir,
            actions=choices.actions,
            clips=clips,
            merged=merged,
            agreement=compare_annotators(clips),
            training=training,
            new_ids=[box for box in named if box.has_new_id],
            other_shapes=sum(document.other_shapes for document in documents),
            clips_left=[clip_id for clip_id in result.proposals if clip_id not in seen],
            ava=ava,
        )
        (folder / REPORT_NAME).write_text(report(annotations), encoding="utf-8")
    return annotations


def _read_documents(paths: Sequence[Path]) -> Iterable[CvatDocument]:
    if not paths:
        raise InputError("There is no export to read; name at least one.")
    for path, shown in zip(paths, distinct_names(paths), strict=True):
        yield from (read_document(file) for file in open_xml_files(path, shown))


def _merge_all(clips: Sequence[AnnotatedClip], result: Result) -> Merged:
    merged = Merged()
    for clip_id, frames in result.proposals.items():
        of_clip = merge([clip for clip in clips if clip.clip_id == clip_id], list(frames))
        merged.frames += of_clip.frames
        merged.disagreements += of_clip.disagreements
    return merged


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; expected the YAML file with the labels.") from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read as text; expected the YAML file with the labels.") from None


def _check_output(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier import: it is going to be replaced."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder} is not a folder; name a new one.")
    if folder.exists() and (others := sorted({entry.name for entry in folder.iterdir()} - _WRITTEN)):
        raise InputError(f"{folder} holds other files ({others[0]}), and would be replaced; name a new folder.")
