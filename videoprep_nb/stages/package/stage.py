"""Stage 6: frames and proposals to the package."""

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import PROPOSALS_NAME, staged_file
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import Record
from videoprep_nb.stages.base import Scope, Stage
from videoprep_nb.stages.package.params import PackageParams

if TYPE_CHECKING:
    from videoprep_nb.exports.base import Exporter

_FINDINGS_SHOWN = 3


class PackageEntry(Record):
    """One entry of the package.

    Args:
        name: Its path in the package.
        size_bytes: Its size.
    """

    name: str
    size_bytes: int


class PackageResult(Record):
    """What the stage did.

    Args:
        path: The package.
        size_bytes: Its size.
        sha256: Its hash, hexadecimal.
        clip_count: Clips in it.
        frame_count: JPEGs in it.
        exports: Formats that were added.
        entries: Its entries in order.
        findings: What the validator found: nothing, because a package with findings is not published.
    """

    path: Path
    size_bytes: int
    sha256: str
    clip_count: int
    frame_count: int
    exports: list[str]
    entries: list[PackageEntry]
    findings: list[str]


def package(params: PackageParams, progress: ProgressCallback | None = None) -> PackageResult:
    """Write the package, validate it, and only then publish it under its name.

    Args:
        params: Folder of frames, pickle, output file and formats to add.
        progress: Called with the files done, each counted when it is written and again when it is checked;
            by default a text bar, or the progress file of the job.

    Raises:
        ParameterError: A format to add is unknown, or cannot be added.
        InputError: The pickle is missing or broken.
        PackageError: Frames and proposals do not belong together, a format failed, or the package failed validation.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.package.params import PackageParams
        >>> package(PackageParams()).path.name
        'final_package.zip'
    """
    from videoprep_nb.exports.dense_proposals import load_proposals
    from videoprep_nb.exports.frames_folder import FramesFolder
    from videoprep_nb.exports.package import Package
    from videoprep_nb.exports.registry import package_entries
    from videoprep_nb.exports.result import Result
    from videoprep_nb.exports.validation.validate import validate_package
    from videoprep_nb.exports.write_package import add_formats, write_package

    exporters = _exporters(params)
    proposals_file, output_file = Path(params.proposals_file), Path(params.output_file)
    proposals = load_proposals(proposals_file)
    if not proposals:
        raise PackageError(f"{proposals_file} holds no clips, so there is nothing to pack.")
    source = FramesFolder(Path(params.frames_dir), proposals)
    frame_count = sum(map(len, proposals.values()))
    counter = _FileCounter(progress or progress_from_environment(), 2 * frame_count)
    with staged_file(output_file) as staging:
        write_package(staging, source, counter.count)
        add_formats(staging, exporters, Result(Package(staging, proposals)))
        checked = validate_package(staging, counter.count, package_entries(params.exports))
        findings = [str(finding) for finding in checked]
        if findings:
            raise PackageError(_refusal(findings))
        with zipfile.ZipFile(staging) as archive:
            entries = [PackageEntry(name=info.filename, size_bytes=info.file_size) for info in archive.infolist()]
        with staging.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = staging.stat().st_size
    return PackageResult(
        path=output_file,
        size_bytes=size_bytes,
        sha256=sha256,
        clip_count=len(proposals),
        frame_count=frame_count,
        exports=[exporter.name for exporter in exporters],
        entries=entries,
        findings=findings,
    )


def _refusal(findings: list[str]) -> str:
    more = f" and {len(findings) - _FINDINGS_SHOWN} more" if len(findings) > _FINDINGS_SHOWN else ""
    return f"The package failed validation and was not published: {'; '.join(findings[:_FINDINGS_SHOWN])}{more}."


def _exporters(params: PackageParams) -> "list[Exporter]":
    from videoprep_nb.exports.base import Need
    from videoprep_nb.exports.registry import package_exporters

    return package_exporters(params.exports, {Need.PACKAGE})


def _check(params: PackageParams) -> None:
    if params.exports:
        _exporters(params)


class _FileCounter:
    def __init__(self, report: ProgressCallback, total: int) -> None:
        self._report = report
        self._done = 0
        self._total = total

    def count(self) -> None:
        self._done += 1
        self._report(self._done, self._total, "files")


STAGE = Stage(
    name="package",
    title="Package",
    notebook="06_package.ipynb",
    scope=Scope.JOB,
    params=PackageParams,
    function=package,
    after=("generate_proposals",),
    inputs={"frames_dir": "{scratch}/frames", "proposals_file": f"{{scratch}}/{PROPOSALS_NAME}"},
    outputs={"output_file": "{package_file}"},
    weight=0.7,
    check=_check,
    preload=("videoprep_nb.exports.validation.validate",),
)
