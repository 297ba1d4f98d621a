"""Correcting a package by hand: its frames stay, its boxes are written again from the tracks that were kept."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.core.layout import (
    CORRECTIONS_NAME,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    MANIFEST_NAME,
    PACKAGE_NAME,
    UNCORRECTED_FOLDER,
    staged_file,
)
from videoprep_nb.core.records import FrameRecord
from videoprep_nb.exports.dense_proposals import DenseProposals, clip_proposals
from videoprep_nb.exports.dense_tracks import tracks_of_rows, write_dense_tracks
from videoprep_nb.exports.left_out import WholeResult
from videoprep_nb.exports.manifest import ManifestClip, ManifestVideo
from videoprep_nb.exports.package import Package
from videoprep_nb.exports.registry import create_exporters
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.exports.rewrite_package import formats_inside, rewrite_package
from videoprep_nb.exports.track_rows import clip_rows
from videoprep_nb.exports.uncorrected_tracks import read_uncorrected
from videoprep_nb.tracking.corrections import CorrectedTracks, Corrections, correct_tracks
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class CorrectedVideo:
    """What became of the tracks of a video.

    Args:
        video: The video with all its clips, also those that a selection left out.
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
    videos = WholeResult.read(folder).whole_manifest.videos
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
    the package holds are written again. Boxes of clips that a selection left out are corrected, too.

    Args:
        folder: The folder of the result; its package is read and stays as it is.
        videos: Its videos with corrected tracks.
        target: The package to write; it appears complete.

    Raises:
        InputError: The package is damaged.
        PackageError: The package does not fit its manifest, or the new one failed validation.
        DiskFullError: The disk was full.
    """
    whole = WholeResult.read(folder)
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
    kept = {clip: frames for clip, frames in proposals.items() if clip in whole.package.proposals}
    if {clip: list(frames) for clip, frames in kept.items()} != _names(whole.package):
        raise PackageError(f"{folder / MANIFEST_NAME} describes other frames than the package; nothing was corrected.")
    kept_tracks = folder / KEPT_FOLDER / DENSE_TRACKS_NAME
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        dense_file = Path(scratch) / DENSE_TRACKS_NAME
        write_dense_tracks(dense_file, dense)
        result = Result(whole.package, whole.manifest, dense_file, open_result(folder).clips_dir)
        rewrite_package(target, kept, whole.package_of, formats_inside(whole.package, whole.manifest), result)
        if whole.left_out is not None:
            _correct_left_out(whole.left_out, proposals, Result(whole.left_out, whole.left_out_manifest, dense_file))
        if kept_tracks.exists():
            write_dense_tracks(kept_tracks, dense)


def _correct_left_out(package: Package, proposals: DenseProposals, result: Result) -> None:
    corrected = {clip: proposals[clip] for clip in package.proposals}
    rewrite_package(package.path, corrected, lambda clip: package, create_exporters(["manifest"]), result)


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
