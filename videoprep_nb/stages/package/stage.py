"""Stage 6: frames and proposals to the package."""

import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import (
    EXPORTS_FOLDER,
    KEPT_FOLDER,
    LEFT_OUT_NAME,
    LEFT_OUT_PROPOSALS_NAME,
    MANIFEST_NAME,
    UNCORRECTED_FOLDER,
    file_sha256,
    link_or_copy,
    staged_file,
    video_id_of_clip,
)
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import LeftOutClip, Record, natural_order
from videoprep_nb.selection.records import Selection
from videoprep_nb.stages.base import Cost, Scope, Stage, VideoLength
from videoprep_nb.stages.package.params import PackageParams

if TYPE_CHECKING:
    from videoprep_nb.exports.base import Exporter
    from videoprep_nb.exports.dense_proposals import DenseProposals
    from videoprep_nb.exports.needs import Need
    from videoprep_nb.exports.result import Result

_FINDINGS_SHOWN = 3
# clips as 02_clip writes them; ten people on every frame
_CLIP_BYTES_PER_FRAME = 40_000
_TRACK_BYTES_PER_FRAME = 10 * 16


class PackageEntry(Record):
    """One entry of the package.

    Args:
        name: Its path in the package.
        size_bytes: Its size.
    """

    name: str
    size_bytes: int


class WrittenExport(Record):
    """One format that was asked for.

    Args:
        name: The format.
        path: What was written.
        size_bytes: Its size; 0 if it failed.
        problem: Why it failed, in one sentence; empty when it did not.
    """

    name: str
    path: Path
    size_bytes: int
    problem: str = ""


class PackageResult(Record):
    """What the stage did.

    Args:
        path: The package.
        size_bytes: Its size.
        sha256: Its hash, hexadecimal.
        clip_count: Clips in it.
        frame_count: JPEGs in it.
        left_out: Clips that a selection left out.
        added: Formats that it holds as well.
        entries: Its entries in order.
        findings: What the validator found: nothing, because a package with findings is not published.
        manifest: Where every frame comes from.
        exports: The formats beside the package. One that fails takes neither the package nor the others with it.
    """

    path: Path
    size_bytes: int
    sha256: str
    clip_count: int
    frame_count: int
    left_out: list[LeftOutClip] = []  # noqa: RUF012 - pydantic copies it
    added: list[str]
    entries: list[PackageEntry]
    findings: list[str]
    manifest: Path
    exports: list[WrittenExport]


def package(params: PackageParams, progress: ProgressCallback | None = None) -> PackageResult:
    """Write the package, validate it, publish it under its name, and write further formats beside it.

    What a selection left out goes to ``left_out.zip``, the manifest to ``manifest.json``, formats to the folder
    ``exports``, and what formats need beyond the package to the folder ``for_exports``, so that ``videoprep export``
    can write them again. The tracks before corrections go to ``uncorrected_tracks``, so that the package can be
    corrected.

    Args:
        params: Folders, pickle, output file and formats.
        progress: Called with the frames done, half of each when it is written and half when it is checked; by
            default a text bar, or the progress file of the job.

    Raises:
        ParameterError: A format or an option of it is unknown, or the format cannot be added to a package.
        InputError: The pickle or a record of an earlier stage is missing or broken.
        PackageError: Frames and proposals do not belong together, a format to add failed, or the package failed
            validation.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.package.params import PackageParams
        >>> package(PackageParams()).path.name
        'final_package.zip'
    """
    from videoprep_nb.exports.build_manifest import build_manifest
    from videoprep_nb.exports.dense_proposals import load_proposals
    from videoprep_nb.exports.frames_folder import FramesFolder
    from videoprep_nb.exports.left_out import write_left_out
    from videoprep_nb.exports.package import Package
    from videoprep_nb.exports.registry import package_entries
    from videoprep_nb.exports.result import Result
    from videoprep_nb.exports.validation.validate import validate_package
    from videoprep_nb.exports.write_package import add_formats, write_package

    exporters, added = _exporters(params)
    output_file = Path(params.output_file)
    proposals, left_out = load_proposals(Path(params.proposals_file)), _left_out(params)
    if not proposals and not left_out:
        raise PackageError(f"{params.proposals_file} holds no clips, so there is nothing to pack.")
    frame_count = sum(map(len, proposals.values()))
    left_out_frame_count = sum(map(len, left_out.values()))
    counter = _FrameCounter(progress or progress_from_environment(), frame_count + left_out_frame_count)
    manifest_file = output_file.with_name(MANIFEST_NAME)
    with staged_file(output_file) as staging:
        write_package(staging, FramesFolder(Path(params.frames_dir), proposals), counter.count)
        whole = build_manifest(
            natural_order({video_id_of_clip(clip) for clip in (*proposals, *left_out)}),
            resized_dir=Path(params.resized_dir),
            clips_dir=Path(params.clips_dir),
            frames_dir=Path(params.frames_dir),
            job_params=params.job_params,
        )
        manifest = whole.only(proposals).model_copy(update={"left_out": _reasons(params)})
        result = Result(Package(staging, proposals), manifest, Path(params.dense_tracks_file), Path(params.clips_dir))
        add_formats(staging, added, result)
        checked = validate_package(staging, counter.count, package_entries(params.add_to_package))
        findings = [str(finding) for finding in checked]
        if findings:
            raise PackageError(_refusal(findings))
        with zipfile.ZipFile(staging) as archive:
            entries = [PackageEntry(name=info.filename, size_bytes=info.file_size) for info in archive.infolist()]
        sha256 = file_sha256(staging)
        size_bytes = staging.stat().st_size
        source = FramesFolder(Path(params.frames_dir), left_out)
        write_left_out(output_file.with_name(LEFT_OUT_NAME), source, whole.only(left_out), counter.count)
        manifest.write(manifest_file)
    _keep_uncorrected([video.video_id for video in whole.videos], Path(params.tracks_dir), output_file.parent)
    result = replace(result, package=Package(output_file, proposals))
    return PackageResult(
        path=output_file,
        size_bytes=size_bytes,
        sha256=sha256,
        clip_count=len(proposals),
        frame_count=frame_count,
        left_out=manifest.left_out,
        added=[exporter.name for exporter in added],
        entries=entries,
        findings=findings,
        manifest=manifest_file,
        exports=_write_exports(exporters, result, output_file.parent, left_out),
    )


def _left_out(params: PackageParams) -> "DenseProposals":
    """The proposals of the clips that a selection left out."""
    from videoprep_nb.exports.dense_proposals import load_proposals

    if not params.selection_file:
        return {}
    return load_proposals(Path(params.selection_file).with_name(LEFT_OUT_PROPOSALS_NAME))


def _reasons(params: PackageParams) -> list[LeftOutClip]:
    if not params.selection_file:
        return []
    return [clip.as_left_out() for clip in Selection.read(Path(params.selection_file)).left_out]


def _keep_uncorrected(videos: list[str], tracks_dir: Path, folder: Path) -> None:
    """Keep the tracks before corrections beside the package; older notebooks wrote none."""
    for video in videos:
        source = tracks_dir / f"{video}.npz"
        if source.exists():
            link_or_copy(source, folder / UNCORRECTED_FOLDER / source.name)


def _write_exports(
    exporters: "list[Exporter]", result: "Result", folder: Path, left_out: Iterable[str]
) -> list[WrittenExport]:
    from videoprep_nb.exports.write_export import keep_for_exports, write_export

    for name in (EXPORTS_FOLDER, KEPT_FOLDER):  # also when empty: in a job they take the place of older ones
        (folder / name).mkdir(exist_ok=True)
    keep_for_exports(exporters, result, folder, left_out)
    written = []
    for exporter in exporters:
        target = folder / EXPORTS_FOLDER / exporter.download_name
        try:
            write_export(exporter, result, target)
        except PackageError as error:
            written.append(WrittenExport(name=exporter.name, path=target, size_bytes=0, problem=str(error)))
        else:
            written.append(WrittenExport(name=exporter.name, path=target, size_bytes=target.stat().st_size))
    return written


def _refusal(findings: list[str]) -> str:
    more = f" and {len(findings) - _FINDINGS_SHOWN} more" if len(findings) > _FINDINGS_SHOWN else ""
    return f"The package failed validation and was not published: {'; '.join(findings[:_FINDINGS_SHOWN])}{more}."


def _exporters(params: PackageParams) -> "tuple[list[Exporter], list[Exporter]]":
    """The formats to write beside the package, and those to put into it."""
    from videoprep_nb.exports.registry import check_fit_into_package, create_exporters

    beside, inside = params.exports, params.add_to_package
    everything = create_exporters([*beside, *inside], params.export_options, params.labels)
    added = [exporter for exporter in everything if exporter.name in inside]
    check_fit_into_package(added)
    return [exporter for exporter in everything if exporter.name in beside], added


def _formats() -> dict[str, str]:
    from videoprep_nb.exports.registry import format_titles

    return format_titles()


def _formats_of_a_package() -> dict[str, str]:
    from videoprep_nb.exports.registry import format_titles

    return format_titles(in_package=True)


def _check(params: PackageParams) -> None:
    from videoprep_nb.exports.labels import read_labels

    if params.labels:  # a format that is written later may offer them
        read_labels(params.labels)
    if params.model_fields_set & {"exports", "add_to_package", "export_options", "labels"}:
        _exporters(params)


def _needs(params: PackageParams) -> "frozenset[Need]":
    """What the formats read beyond the package."""
    if not params.exports and not params.add_to_package:
        return frozenset()
    beside, inside = _exporters(params)
    return frozenset().union(*(exporter.needs for exporter in (*beside, *inside)))


def _retry_needs(params: PackageParams) -> tuple[str, ...]:
    from videoprep_nb.exports.needs import Need

    return ("{clips}/{video_id}",) if Need.CLIPS in _needs(params) else ()


def _cost(params: PackageParams, video: VideoLength) -> Cost:
    """What is kept for formats; what they write themselves has about the size of the package, or of the clips."""
    from videoprep_nb.exports.needs import Need

    needs, frame_count = _needs(params), video.duration_s * video.rate
    kept_bytes = frame_count * _CLIP_BYTES_PER_FRAME if Need.CLIPS in needs else 0.0
    if Need.DENSE_TRACKS in needs:
        kept_bytes += frame_count * _TRACK_BYTES_PER_FRAME
    return Cost(disk_bytes=kept_bytes * (1 + len(params.exports)))


class _FrameCounter:
    def __init__(self, report: ProgressCallback, total: int) -> None:
        self._report = report
        self._halves_done = 0
        self._total = total

    def count(self) -> None:
        self._halves_done += 1
        self._report(self._halves_done // 2, self._total, "frames")


STAGE = Stage(
    name="package",
    title="Package",
    notebook="06_package.ipynb",
    scope=Scope.JOB,
    params=PackageParams,
    function=package,
    after=("select",),
    inputs={
        "resized_dir": "{scratch}/resized",
        "clips_dir": "{clips}",
        "frames_dir": "{frames}",
        "tracks_dir": "{tracks}",
        "proposals_file": "{proposals}",
        "dense_tracks_file": "{dense_tracks}",
        "selection_file": "{selection}",
        "job_params": "{job_params}",
    },
    outputs={"output_file": "{package_file}"},
    retry_needs=_retry_needs,
    weight=0.7,
    cost=_cost,
    labels_parameter="labels",
    choices={"exports": _formats, "add_to_package": _formats_of_a_package},
    check=_check,
    preload=("videoprep_nb.exports.validation.validate",),
)
