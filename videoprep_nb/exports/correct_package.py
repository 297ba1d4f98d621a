"""Correcting a package by hand: its frames stay, its boxes are written again from the tracks that were kept."""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.core.layout import (
    CORRECTIONS_NAME,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    MANIFEST_NAME,
    PACKAGE_NAME,
    PROPOSALS_NAME,
    UNCORRECTED_FOLDER,
    staged_file,
)
from videoprep_nb.core.records import FrameRecord
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import DenseProposals, clip_proposals, pickle_proposals
from videoprep_nb.exports.dense_tracks import tracks_of_rows, write_dense_tracks
from videoprep_nb.exports.manifest import Manifest, ManifestClip, ManifestVideo
from videoprep_nb.exports.package import Package, read_package
from videoprep_nb.exports.registry import EXPORTERS, create_exporters, package_entries
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.exports.track_rows import clip_rows
from videoprep_nb.exports.uncorrected_tracks import read_uncorrected
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.exports.write_package import add_formats
from videoprep_nb.exports.zip_files import store
from videoprep_nb.tracking.corrections import CorrectedTracks, Corrections, correct_tracks
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class CorrectedVideo:
    """What became of the tracks of a video.

    Args:
        video: The video.
        corrected: Its tracks, and what could not be corrected.
    """

    video: ManifestVideo
    corrected: CorrectedTracks

    @property
    def person_count(self) -> int:
        """Different persons."""
        return self.corrected.tracks.track_count


def can_be_corrected(folder: Path) -> bool:
    """Whether a result kept what is needed to correct it; those of versions before 0.3 did not."""
    return (folder / UNCORRECTED_FOLDER).is_dir() and (folder / MANIFEST_NAME).is_file()


def correct_videos(folder: Path, corrections: Corrections) -> list[CorrectedVideo]:
    """Apply corrections to the tracks of a result; nothing is written.

    Args:
        folder: The folder of the result.
        corrections: All its corrections, also those that its package has already.

    Raises:
        InputError: The result did not keep its tracks, or they are damaged.
    """
    if not can_be_corrected(folder):
        raise InputError(f"{folder} has no tracks to correct; prepare its videos again with this version.")
    videos = Manifest.read(folder / MANIFEST_NAME).videos
    return [CorrectedVideo(video, _correct(folder, video, corrections)) for video in videos]


def correction_problems(folder: Path, corrections: Corrections, videos: Sequence[CorrectedVideo]) -> list[str]:
    """What of corrections does not fit a result, a sentence each.

    Args:
        folder: The folder of the result.
        corrections: The corrections.
        videos: What ``correct_videos`` made of them.
    """
    names = {each.video.video_id: each.video.original_name for each in videos}
    unknown = [f"{name}: there is no such video in {folder.name}." for name in corrections.unknown_videos(names)]
    found = [f"{_name_of(each.video)}: {problem}" for each in videos for problem in each.corrected.problems]
    return unknown + found


def write_corrected_package(folder: Path, videos: Sequence[CorrectedVideo], target: Path) -> None:
    """Write a package with corrected boxes, and the corrected dense tracks if the result kept any.

    Ids are given as stage 5 gives them: the ids of each video continue after the highest one so far. The formats that
    the package holds are written again.

    Args:
        folder: The folder of the result; its package is read and stays as it is.
        videos: Its videos with corrected tracks.
        target: The package to write; it appears complete.

    Raises:
        InputError: The package is damaged.
        PackageError: The package does not fit its manifest, or the new one failed validation.
        DiskFullError: The disk was full.
    """
    package = read_package(folder / PACKAGE_NAME)
    manifest = Manifest.read(folder / MANIFEST_NAME)
    proposals: DenseProposals = {}
    dense: dict[str, Tracks] = {}
    offset = 0
    for each in videos:
        highest = offset
        for clip in each.video.clips:
            rows = clip_rows(each.corrected.tracks, clip, {frame.index_in_clip: frame.name for frame in clip.frames})
            dense[clip.clip_id] = tracks_of_rows(rows, offset)
            size = {"width": each.video.width, "height": each.video.height}
            added = clip_proposals(_frame_records(clip), rows, id_offset=offset, **size)
            proposals[clip.clip_id] = added.frames
            highest = max(highest, added.highest_id)
        offset = highest
    if {clip: list(frames) for clip, frames in proposals.items()} != _names(package):
        raise PackageError(f"{folder / MANIFEST_NAME} describes other frames than the package; nothing was corrected.")
    kept_tracks = folder / KEPT_FOLDER / DENSE_TRACKS_NAME
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        dense_file = Path(scratch) / DENSE_TRACKS_NAME
        write_dense_tracks(dense_file, dense)
        with staged_file(target) as staging:
            _write(staging, package, proposals)
            inside = _formats_inside(package, manifest.parameters.get("package", {}))
            kept_clips = open_result(folder).clips_dir
            add_formats(staging, inside, Result(Package(staging, proposals), manifest, dense_file, kept_clips))
            if findings := validate_package(staging, extra_entries=package_entries([each.name for each in inside])):
                raise PackageError(f"The corrected package failed validation and was left out: {findings[0]}.")
        if kept_tracks.exists():
            write_dense_tracks(kept_tracks, dense)


def correct_package(folder: Path, corrections: Corrections) -> tuple[list[CorrectedVideo], list[str]]:
    """Correct the package in a folder of results, and keep the corrections beside it as ``corrections.yaml``.

    Formats that were written of it before are as old as they were: write them again.

    Args:
        folder: The folder of the result.
        corrections: All its corrections, also those that its package has already.

    Returns:
        Its videos with corrected tracks, and what could not be corrected, a sentence each.

    Raises:
        InputError: The result did not keep its tracks, or is damaged.
        PackageError: The package does not fit its manifest.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.tracking.corrections import read_corrections
        >>> correct_package(Path("no_such_folder"), read_corrections(""))
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such_folder has no tracks to correct; ...
    """
    videos = correct_videos(folder, corrections)
    write_corrected_package(folder, videos, folder / PACKAGE_NAME)
    with staged_file(folder / CORRECTIONS_NAME) as staging:
        staging.write_text(corrections.to_yaml(), encoding="utf-8")
    return videos, correction_problems(folder, corrections, videos)


def _correct(folder: Path, video: ManifestVideo, corrections: Corrections) -> CorrectedTracks:
    tracks = read_uncorrected(folder / UNCORRECTED_FOLDER, video.video_id)
    return correct_tracks(tracks, corrections.of_video(video.video_id, video.original_name), video.clips[0].rate)


def _name_of(video: ManifestVideo) -> str:
    return video.original_name or f"video {video.video_id}"


def _frame_records(clip: ManifestClip) -> list[FrameRecord]:
    return [
        FrameRecord(
            name=frame.name,
            clip_id=clip.clip_id,
            index_in_clip=frame.index_in_clip,
            time_in_clip_s=frame.time_in_clip_s,
            time_in_source_s=frame.time_in_source_s,
        )
        for frame in clip.frames
    ]


def _names(package: Package) -> dict[str, list[str]]:
    return {clip: list(frames) for clip, frames in package.proposals.items()}


def _write(path: Path, package: Package, proposals: DenseProposals) -> None:
    """Write a package of new proposals and the frames of another one, whose zips are copied as they are."""
    with zipfile.ZipFile(path, "w") as written:
        with tempfile.TemporaryFile(dir=path.parent) as pickled:
            pickle_proposals(proposals, pickled)
            store(written, PROPOSALS_NAME, pickled)
        for clip in proposals:
            with package.open_clip_zip(clip) as frames:
                store(written, f"frames/{clip}.zip", frames)


def _formats_inside(package: Package, parameters: Mapping[str, object]) -> list[Exporter]:
    """The formats that a package holds beside its frames and boxes, with the options of its job."""
    with zipfile.ZipFile(package.path) as archive:
        entries = archive.namelist()
    names = [name for name, exporter in EXPORTERS.items() if _is_inside(exporter.entry, entries)]
    options = [str(option) for option in _list(parameters.get("export_options")) if _format_of(str(option)) in names]
    return create_exporters(names, options, str(parameters.get("labels") or "")) if names else []


def _is_inside(entry: str | None, entries: Sequence[str]) -> bool:
    if entry is None or entry == PROPOSALS_NAME:
        return False
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for name in entries)


def _format_of(option: str) -> str:
    return option.partition(".")[0]


def _list(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list | tuple) else ()
