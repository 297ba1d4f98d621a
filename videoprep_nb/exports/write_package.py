"""Writing ``final_package.zip`` (docs/formats.md, section 1)."""

import io
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from videoprep_nb.core.errors import DiskFullError, PackageError
from videoprep_nb.core.layout import PROPOSALS_NAME, STAGING_PREFIX, disk_full_as_error
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import pickle_proposals
from videoprep_nb.exports.frames_folder import FramesFolder
from videoprep_nb.exports.result import Result

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can hold; equal input gives equal bytes


def write_package(
    path: Path,
    source: FramesFolder,
    on_frame_packed: Callable[[], None] = lambda: None,
) -> None:
    """Write the pickle, and one zip of JPEGs per clip in the order of the proposals.

    Everything is stored, nothing deflated again. The bytes depend on the input only. Memory does not grow with the
    package.

    Args:
        path: The file to write.
        source: Frames and proposals.
        on_frame_packed: Called after every JPEG.

    Raises:
        PackageError: A frame of the proposals has no JPEG, or a JPEG of their clips is not in the proposals.
        DiskFullError: The disk was full.
    """
    with zipfile.ZipFile(path, "w") as package:
        # Beside the package because /tmp may be small; nameless, so that nothing stays when we are killed.
        with tempfile.TemporaryFile(dir=path.parent) as pickled:
            pickle_proposals(source.proposals, pickled)
            _store(package, PROPOSALS_NAME, pickled)
        for clip, frames in source.proposals.items():
            _check_frames_match(clip, set(frames), set(source.frame_names(clip)))
            with tempfile.TemporaryFile(dir=path.parent) as clip_zip:
                _write_clip_zip(clip_zip, source, clip, on_frame_packed)
                _store(package, f"frames/{clip}.zip", clip_zip)


def add_formats(path: Path, exporters: Sequence[Exporter], result: Result) -> None:
    """Add formats to a package that is written.

    Args:
        path: The package.
        exporters: Formats to add; each has an ``entry``.
        result: What they read.

    Raises:
        PackageError: A format failed.
        DiskFullError: The disk was full.
    """
    for exporter in exporters:
        _add_format(path, exporter, result)


def _check_frames_match(clip: str, expected: set[str], got: set[str]) -> None:
    if missing := expected - got:
        raise PackageError(
            f"{clip} lacks {len(missing)} of its {len(expected)} frames, {min(missing)} first; "
            "run 03_extract_frames again."
        )
    if unknown := got - expected:
        raise PackageError(
            f"{clip}: {len(unknown)} of {len(got)} frames are not in the proposals, {min(unknown)} first; "
            "run 05_generate_proposals again."
        )


def _write_clip_zip(target: IO[bytes], source: FramesFolder, clip: str, on_frame_packed: Callable[[], None]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.proposals[clip]:
            _store(archive, name, io.BytesIO(source.read_frame(clip, name)))
            on_frame_packed()


def _add_format(path: Path, exporter: Exporter, result: Result) -> None:
    """Let a format write its file or folder beside the package, and add it to the package."""
    entry = exporter.entry
    if entry is None:
        raise ValueError(f"{exporter.name} has no entry in a package")
    with tempfile.TemporaryDirectory(prefix=STAGING_PREFIX, dir=path.parent) as staging:
        target = Path(staging) / exporter.file_name
        if exporter.writes_folder:
            target.mkdir()
        write_format(exporter, result, target)
        with zipfile.ZipFile(path, "a") as package:
            for file in _files(target):
                name = f"{entry}{file.relative_to(target).as_posix()}" if exporter.writes_folder else entry
                with file.open("rb") as content:
                    _store(package, name, content)


def _files(target: Path) -> list[Path]:
    """The files that a format wrote; links are not followed, they may lead anywhere."""
    if not target.is_dir():
        return [target]
    return sorted(file for file in target.rglob("*") if file.is_file() and not file.is_symlink())


def write_format(exporter: Exporter, result: Result, target: Path) -> None:
    """Call a format, which may be somebody else's code; what it wrote is no link and not empty.

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
    if target.is_symlink() or not target.exists() or not _files(target):
        raise PackageError(f"The export format {exporter.name} failed: it wrote nothing.")


def _store(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> None:
    """Add a file without deflating it.

    Args:
        archive: The archive to add to.
        name: Name of the entry.
        source: A file that can be rewound.
    """
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.create_system = 3  # Unix, on every system, because the permissions are written its way
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.file_size = source.seek(0, 2)  # known before, so that ZIP64 is used only where it is needed
    source.seek(0)
    with archive.open(info, "w") as entry:
        shutil.copyfileobj(source, entry, 1 << 20)
