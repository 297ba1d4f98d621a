"""Two results of the same videos side by side: what each package holds, and what changed in the tracks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.exports.common_frames import SideTiming, common_timings, on_common_frames
from videoprep_nb.exports.correct_package import CorrectedVideo, can_be_corrected, correct_videos
from videoprep_nb.exports.manifest import Manifest, ManifestVideo, inferred_manifest
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.tracking.changes import TrackChanges, find_changes, place_changes
from videoprep_nb.tracking.corrections import Corrections
from videoprep_nb.tracking.quality import Place, judge_tracks
from videoprep_nb.tracking.track import TrackedVideo
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class PackageCounts:
    """What a package holds.

    Args:
        clips: Its clips.
        frames: Its frames.
        persons: Different ids on its frames.
        boxes: Boxes of persons on its frames.
    """

    clips: int
    frames: int
    persons: int
    boxes: int


@dataclass(frozen=True)
class SideVideo:
    """A video of one result.

    Args:
        video: The video.
        tracks: Its tracks with all corrections; frames are those of the standard video.
        names: Names of the tracks by id, as corrections call them.
        places: Where to inspect the tracks; none are known of a package alone.
    """

    video: ManifestVideo
    tracks: Tracks
    names: Mapping[int, str]
    places: list[Place]


@dataclass(frozen=True)
class Side:
    """One of two results.

    Args:
        videos: Its videos.
        counts: What its package holds.
        manifest: How it was made.
    """

    videos: list[SideVideo]
    counts: PackageCounts
    manifest: Manifest


@dataclass(frozen=True)
class ComparedVideo:
    """A video that both results have.

    Args:
        left: The video before.
        right: The video after.
        left_timing: When the compared frames are in the left standard video.
        right_timing: When they are in the right one.
        tracks: What changed in the tracks.
        went: Places to inspect that only the left side has.
        came: Those that only the right side has.
    """

    left: SideVideo
    right: SideVideo
    left_timing: SideTiming
    right_timing: SideTiming
    tracks: TrackChanges
    went: list[Place]
    came: list[Place]


def read_side(path: Path, corrections: Corrections) -> Side:
    """Read a result: its folder, or a package alone, whose frames are taken to be one second apart.

    Args:
        path: The folder of a result, or a ``final_package.zip``.
        corrections: All corrections by hand of its tracks.

    Raises:
        InputError: There is no result, it is damaged, or it did not keep its tracks.
    """
    if path.is_dir() and not (path / PACKAGE_NAME).is_file():
        raise InputError(f"{path} holds no {PACKAGE_NAME}; give the folder of a result, or a package.")
    if path.is_dir() and not can_be_corrected(path):
        raise InputError(f"{path} did not keep its tracks; give its {PACKAGE_NAME} to compare people on its frames.")
    result = open_result(path)
    if path.is_dir():
        videos = [_with_places(each) for each in correct_videos(path, corrections)]
        return Side(videos, _counts(result), result.manifest)
    return Side(_videos_on_frames(result), _counts(result), result.manifest)


def same_videos(left: Side, right: Side) -> list[tuple[SideVideo, SideVideo]]:
    """The videos of the same content, by hash where both are known and otherwise by name.

    Of several copies of a video, those of the same name belong together.
    """
    free, pairs = list(right.videos), []
    for each in left.videos:
        same = [other for other in free if _is_same(each.video, other.video)]
        if same:
            match = next((other for other in same if other.video.original_name == each.video.original_name), same[0])
            free.remove(match)
            pairs.append((each, match))
    return pairs


def compare_videos(left: SideVideo, right: SideVideo) -> ComparedVideo:
    """Find what changed in the tracks of a video.

    Where the standard videos differ in frame rate, start or size, the frames of the slower one count, and boxes are
    compared in pixels of the source.

    Args:
        left: The video before.
        right: The video after.
    """
    timings = common_timings(left.video, right.video)
    tracks = on_common_frames([left.video, right.video], [left.tracks, right.tracks], timings)
    found = find_changes(*tracks, timings[0].rate)
    left_places, right_places = (
        [_on_compared_frames(place, timing) for place in side.places]
        for side, timing in zip((left, right), timings, strict=True)
    )
    went, came = place_changes(left_places, right_places, found.links, timings[0].rate)
    return ComparedVideo(
        left, right, *timings, found, [left.places[index] for index in went], [right.places[index] for index in came]
    )


def _is_same(one: ManifestVideo, other: ManifestVideo) -> bool:
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    if one.original_name and other.original_name:
        return one.original_name == other.original_name
    return one.video_id == other.video_id


def _on_compared_frames(place: Place, timing: SideTiming) -> Place:
    start, last = (timing.compared_frame(frame) for frame in (place.start_frame, place.last_frame))
    return replace(place, start_frame=start, last_frame=last)


def _counts(result: Result) -> PackageCounts:
    boxes = [box for frames in result.proposals.values() for of_frame in frames.values() for box in of_frame]
    return PackageCounts(
        clips=len(result.proposals),
        frames=sum(map(len, result.proposals.values())),
        persons=len({int(box[5]) for box in boxes}),
        boxes=len(boxes),
    )


def _with_places(each: CorrectedVideo) -> SideVideo:
    video, tracks, clips = each.video, each.corrected.tracks, each.video.clips
    names = {track_id: pieces[0] for track_id, pieces in each.corrected.pieces.items()}
    stage_4 = TrackedVideo(clips[0].rate, _frame_stride(tracks), video.width, video.height)
    frames = range(clips[0].start_frame, clips[-1].start_frame + clips[-1].frame_count)
    return SideVideo(video, tracks, names, judge_tracks(tracks, stage_4, frames).places)


def _frame_stride(tracks: Tracks) -> int:
    """Every how many frames persons were detected."""
    steps = np.diff(np.unique(tracks.frame_index[~tracks.interpolated]))
    return int(steps.min()) if len(steps) else 1


def _videos_on_frames(result: Result) -> list[SideVideo]:
    """The videos of a package alone: their tracks are the people on its frames."""
    if not result.proposals:
        return []
    size = result.manifest.videos[0].width, result.manifest.videos[0].height
    names = {} if result.described is None else {each.video_id: each for each in result.described.videos}
    found = []
    for video in inferred_manifest(result.proposals, *size).videos:
        parts = [result.keyframe_tracks(clip.clip_id) for clip in video.clips]
        shifted = [
            replace(part, frame_index=part.frame_index + clip.start_frame)
            for part, clip in zip(parts, video.clips, strict=True)
        ]
        tracks = Tracks(**Tracks.stacked(shifted)).ordered()
        known = names.get(video.video_id)
        same = {"original_name": known.original_name, "sha256": known.sha256} if known else {}
        names_of = {track_id: str(track_id) for track_id in tracks.track_ids}
        found.append(SideVideo(video.model_copy(update=same), tracks, names_of, []))
    return found
