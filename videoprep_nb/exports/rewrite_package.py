"""Writing a package again from the frames of packages that are there: with other boxes, or with further clips."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import PROPOSALS_NAME, staged_file
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import DenseProposals, pickle_proposals
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.exports.package import Package
from videoprep_nb.exports.registry import EXPORTERS, create_exporters, package_entries
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.exports.write_package import add_formats
from videoprep_nb.exports.zip_files import store


def rewrite_package(
    target: Path,
    proposals: DenseProposals,
    package_of: Callable[[str], Package],
    formats: Sequence[Exporter],
    result: Result,
) -> None:
    """Write a package; the zips of its frames are copied as they are.

    Args:
        target: The package; it appears complete.
        proposals: What it holds.
        package_of: The package that has the frames of a clip.
        formats: Formats to add.
        result: What formats read; its package is replaced by the new one.

    Raises:
        InputError: A package that is read is damaged.
        PackageError: A format failed, or the new package failed validation.
        DiskFullError: The disk was full.
    """
    with staged_file(target) as staging:
        _write(staging, proposals, package_of)
        written = Package(staging, proposals)
        add_formats(staging, formats, Result(written, result.described, result.dense_tracks_file, result.clips_dir))
        if findings := validate_package(staging, extra_entries=package_entries([each.name for each in formats])):
            raise PackageError(f"The new package failed validation and was left out: {findings[0]}.")


def formats_inside(package: Package, manifest: Manifest) -> list[Exporter]:
    """The formats that a package holds beside its frames and boxes, with the options of its job."""
    with zipfile.ZipFile(package.path) as archive:
        entries = archive.namelist()
    names = [name for name, exporter in EXPORTERS.items() if _is_inside(exporter.entry, entries)]
    parameters: Mapping[str, object] = manifest.parameters.get("package", {})
    options = [str(option) for option in _list(parameters.get("export_options")) if _format_of(str(option)) in names]
    return create_exporters(names, options, str(parameters.get("labels") or "")) if names else []


def _write(path: Path, proposals: DenseProposals, package_of: Callable[[str], Package]) -> None:
    with zipfile.ZipFile(path, "w") as written:
        with tempfile.TemporaryFile(dir=path.parent) as pickled:
            pickle_proposals(proposals, pickled)
            store(written, PROPOSALS_NAME, pickled)
        for clip in proposals:
            with package_of(clip).open_clip_zip(clip) as frames:
                store(written, f"frames/{clip}.zip", frames)


def _is_inside(entry: str | None, entries: Sequence[str]) -> bool:
    if entry is None or entry == PROPOSALS_NAME:
        return False
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for name in entries)


def _format_of(option: str) -> str:
    return option.partition(".")[0]


def _list(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list | tuple) else ()
