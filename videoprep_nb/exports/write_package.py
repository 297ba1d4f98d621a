"""Writing ``final_package.zip`` (docs/formats.md, section 1)."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import IO, Protocol

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import PROPOSALS_NAME, STAGING_PREFIX
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import DenseProposals, pickle_proposals
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.write_export import call_exporter, written_files
from videoprep_nb.exports.zip_files import store


class FrameSource(Protocol):
    """Frames and the proposals on them, to be packed: ``FramesFolder``, or those of another package."""

    @property
    def proposals(self) -> DenseProposals:
        """Clip id → frame name → boxes."""

    def frame_names(self, clip_id: str) -> Collection[str]:
        """Names of the JPEGs of a clip."""

    def read_frame(self, clip_id: str, name: str) -> bytes:
        """The JPEG of a frame."""


def write_package(
    path: Path,
    source: FrameSource,
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
            store(package, PROPOSALS_NAME, pickled)
        for clip, frames in source.proposals.items():
            _check_frames_match(clip, set(frames), set(source.frame_names(clip)))
            with tempfile.TemporaryFile(dir=path.parent) as clip_zip:
                _write_clip_zip(clip_zip, source, clip, on_frame_packed)
                store(package, f"frames/{clip}.zip", clip_zip)


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


def _write_clip_zip(target: IO[bytes], source: FrameSource, clip: str, on_frame_packed: Callable[[], None]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.proposals[clip]:
            store(archive, name, io.BytesIO(source.read_frame(clip, name)))
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
        call_exporter(exporter, result, target)
        with zipfile.ZipFile(path, "a") as package:
            for file in written_files(target):
                name = f"{entry}{file.relative_to(target).as_posix()}" if exporter.writes_folder else entry
                with file.open("rb") as content:
                    store(package, name, content)
