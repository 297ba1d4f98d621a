"""Writing the result of a job in one format, and keeping what formats need."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from videoprep_nb.core.errors import DiskFullError, PackageError
from videoprep_nb.core.layout import (
    CLIPS_FOLDER,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    STAGING_PREFIX,
    disk_full_as_error,
    link_or_copy,
    staged_file,
    staged_folder,
)
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.zip_files import pack_folder


def write_export(exporter: Exporter, result: Result, target: Path) -> None:
    """Write a format; the file or folder appears complete.

    Args:
        exporter: The format.
        result: What it reads.
        target: The file; for a format of several files the folder, or a ZIP if the name ends in ``.zip``.

    Raises:
        PackageError: What the format needs was not kept, or the format failed; the message names it.
        DiskFullError: The disk was full.
    """
    check_needs(exporter, result)
    if not exporter.writes_folder:
        with staged_file(target) as staging:
            call_exporter(exporter, result, staging)
    elif target.suffix == ".zip":
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=STAGING_PREFIX, dir=target.parent) as folder:
            call_exporter(exporter, result, Path(folder))
            with staged_file(target) as staging:
                pack_folder(Path(folder), staging)
    else:
        with staged_folder(target) as folder:
            call_exporter(exporter, result, folder)


def check_needs(exporter: Exporter, result: Result) -> None:
    """Check that a result holds what a format reads.

    Raises:
        PackageError: Something is missing; the message says how to get it.
    """
    if missing := exporter.needs - result.provides:
        names = " and ".join(sorted(need.value for need in missing))
        raise PackageError(
            f"{exporter.name} needs {names}, which were not kept with this result; "
            f"run the job again with --set package.exports={exporter.name}."
        )


def call_exporter(exporter: Exporter, result: Result, target: Path) -> None:
    """Call a format, which may be somebody else's code, and check that it wrote something.

    Args:
        exporter: The format.
        result: What it reads.
        target: The file to write, or the empty folder to fill.

    Raises:
        PackageError: It failed or wrote nothing; the message names it.
        DiskFullError: The disk was full.
    """
    try:
        with disk_full_as_error(target.parent):
            exporter.write(result, target)
    except DiskFullError:
        raise
    except Exception as error:  # what a plugin of somebody else raises is not for us to foresee
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PackageError(f"The export format {exporter.name} failed: {problem}") from error
    if target.is_symlink() or not target.exists() or not written_files(target):
        raise PackageError(f"The export format {exporter.name} failed: it wrote nothing.")


def written_files(target: Path) -> list[Path]:
    """The files that a format wrote; links are not followed, they may lead anywhere."""
    if not target.is_dir():
        return [target]
    return sorted(file for file in target.rglob("*") if file.is_file() and not file.is_symlink())


def keep_for_exports(exporters: Iterable[Exporter], result: Result, folder: Path, left_out: Iterable[str] = ()) -> None:
    """Keep what formats need beyond the package, so that they can be written again later.

    Files are linked where the disk allows it, and copied elsewhere.

    Args:
        exporters: The formats.
        result: What there is now.
        folder: Folder of the package.
        left_out: Clips that are not in the package and may be brought back into it.

    Raises:
        InputError: A clip is missing.
        DiskFullError: The disk was full.
    """
    needs = frozenset[Need]().union(*(exporter.needs for exporter in exporters))
    kept = folder / KEPT_FOLDER
    if Need.DENSE_TRACKS in needs and result.dense_tracks_file:
        link_or_copy(result.dense_tracks_file, kept / DENSE_TRACKS_NAME)
    if Need.CLIPS in needs:
        for clip_id in (*result.proposals, *left_out):
            clip = result.clip_file(clip_id)
            link_or_copy(clip, kept / CLIPS_FOLDER / clip.parent.name / clip.name)
