"""Clips that a selection left out: kept beside the package in ``left_out.zip``, and brought back from there.

``left_out.zip`` is a package of its own with its manifest in it. It stays as it is when clips are brought back, so
nothing is lost if that is interrupted; what is left out now is what the package does not hold.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from videoprep_nb.core.errors import InputError, PackageError, ParameterError
from videoprep_nb.core.layout import LEFT_OUT_NAME, MANIFEST_NAME, PACKAGE_NAME, staged_file
from videoprep_nb.core.records import natural_order
from videoprep_nb.core.text import quoted
from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.exports.package import Package, read_package
from videoprep_nb.exports.registry import create_exporters, package_entries
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.exports.rewrite_package import formats_inside, rewrite_package
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.exports.write_package import FrameSource, add_formats, write_package


@dataclass(frozen=True)
class WholeResult:
    """All clips of a result, whether they are in its package or were left out.

    Args:
        package: Its package.
        manifest: What is in the package.
        left_out: The package of what was left out; None if nothing was.
        left_out_manifest: What is in that.
    """

    package: Package
    manifest: Manifest
    left_out: Package | None = None
    left_out_manifest: Manifest | None = None

    @classmethod
    def read(cls, folder: Path) -> "WholeResult":
        """Read the result in a folder.

        Raises:
            InputError: It has no package or no manifest, or is damaged.
        """
        package, manifest = read_package(folder / PACKAGE_NAME), Manifest.read(folder / MANIFEST_NAME)
        file = folder / LEFT_OUT_NAME
        if not file.exists():
            return cls(package, manifest)
        left_out = read_package(file)
        content = left_out.read_manifest()
        if content is None:
            raise InputError(f"{file} holds no {MANIFEST_NAME}.")
        return cls(package, manifest, left_out, Manifest.parse(content, f"{MANIFEST_NAME} in {file}"))

    @cached_property
    def whole_manifest(self) -> Manifest:
        """All its clips."""
        return self.manifest if self.left_out_manifest is None else self.manifest.joined(self.left_out_manifest)

    @property
    def left_out_ids(self) -> list[str]:
        """The clips that are not in the package, in order."""
        return [] if self.left_out is None else [clip for clip in self.left_out.proposals if not self._has(clip)]

    def package_of(self, clip_id: str) -> Package:
        """The package that has the frames of a clip."""
        return self.package if self.left_out is None or self._has(clip_id) else self.left_out

    def with_clips(self, clip_ids: Collection[str]) -> tuple[DenseProposals, Manifest]:
        """Proposals and manifest of its package with further clips.

        Args:
            clip_ids: Clips that were left out.
        """
        proposals = {clip: self.package_of(clip).proposals[clip] for clip in [*self.package.proposals, *clip_ids]}
        ordered = {clip: proposals[clip] for clip in natural_order(proposals)}
        reasons = [clip for clip in self.manifest.left_out if clip.clip_id not in ordered]
        return ordered, self.whole_manifest.only(ordered).model_copy(update={"left_out": reasons})

    def _has(self, clip_id: str) -> bool:
        return clip_id in self.package.proposals


def write_left_out(
    path: Path, source: FrameSource, manifest: Manifest, on_frame_done: Callable[[], None] = lambda: None
) -> None:
    """Write what was left out; an older file is deleted if that is nothing.

    Args:
        path: The file.
        source: Frames and proposals of what was left out.
        manifest: What says where these come from.
        on_frame_done: Called twice for every frame, when it is written and when it is checked.

    Raises:
        PackageError: Frames and proposals do not belong together, or what was written failed validation.
        DiskFullError: The disk was full.
    """
    if not source.proposals:
        path.unlink(missing_ok=True)
        return
    formats = create_exporters(["manifest"])
    with staged_file(path) as staging:
        write_package(staging, source, on_frame_done)
        add_formats(staging, formats, Result(Package(staging, source.proposals), manifest))
        if findings := validate_package(staging, on_frame_done, package_entries(["manifest"])):
            raise PackageError(f"The package of what was left out failed validation: {findings[0]}.")


def write_with_clips(folder: Path, clip_ids: Collection[str] | None, target: Path) -> list[str]:
    """Write a package with clips that were left out, and the manifest of it; nothing is detected or extracted again.

    Args:
        folder: The folder of the result; its package is read, ``manifest.json`` is replaced.
        clip_ids: The clips; None for all that were left out.
        target: The package to write; it appears complete.

    Returns:
        The clips that were brought back.

    Raises:
        ParameterError: A clip was not left out.
        InputError: The result is damaged.
        PackageError: The new package failed validation.
        DiskFullError: The disk was full.
    """
    whole = WholeResult.read(folder)
    chosen = _checked(whole.left_out_ids, clip_ids)
    proposals, manifest = whole.with_clips(chosen)
    kept = open_result(folder)
    described = Result(whole.package, manifest, kept.dense_tracks_file, kept.clips_dir)
    rewrite_package(target, proposals, whole.package_of, formats_inside(whole.package, manifest), described)
    manifest.write(folder / MANIFEST_NAME)
    return chosen


def bring_back(path: str | Path, clip_ids: Collection[str] | None = None) -> list[str]:
    """Bring clips back into a package that a selection left out of it.

    Formats that were written of the package before are as old as they were: write them again.

    Args:
        path: The folder of a result, or the ``final_package.zip`` in it; ``left_out.zip`` lies beside it.
        clip_ids: The clips; None for all that were left out.

    Returns:
        The clips that were brought back, in order; none if nothing was left out.

    Raises:
        ParameterError: A clip was not left out.
        InputError: There is no such result, or it is damaged.
        PackageError: The new package failed validation.
        DiskFullError: The disk was full.

    Example:
        >>> bring_back("no_such_folder")
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such_folder/final_package.zip does not exist.
    """
    folder = result_folder(path)
    return write_with_clips(folder, clip_ids, folder / PACKAGE_NAME)


def result_folder(path: str | Path) -> Path:
    """The folder of a result that is given by its folder or by its package.

    Raises:
        InputError: It is another file.
    """
    path = Path(path)
    if not path.is_file():
        return path
    if path.name != PACKAGE_NAME:
        raise InputError(f"{path} is no {PACKAGE_NAME}; give one, or the folder of a result.")
    return path.parent


def _checked(left_out: list[str], clip_ids: Collection[str] | None) -> list[str]:
    if clip_ids is None:
        return left_out
    for clip in clip_ids:
        if clip not in left_out:
            expected = f"one that was left out, such as {left_out[0]}" if left_out else "none: nothing is left out"
            raise ParameterError("clips", f"got {quoted(clip)}, expected {expected}")
    return [clip for clip in left_out if clip in clip_ids]
