"""Two results of the same videos in words: settings, packages, persons, and the moments in which they differ."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import ShownSpan, preview_moment
from videoprep_nb.core.text import shortened
from videoprep_nb.jobs.corrections import corrections_text
from videoprep_nb.jobs.models import JobResult
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.stages.registry import STAGES

if TYPE_CHECKING:
    from videoprep_nb.exports.common_frames import SideTiming
    from videoprep_nb.exports.compare_results import ComparedVideo, PackageCounts, Side, SideVideo
    from videoprep_nb.tracking.changes import Change, ChangeKind
    from videoprep_nb.tracking.quality import Place

_MAX_SHOWN_VALUE = 200


@dataclass(frozen=True)
class TrackName:
    """A track of one job.

    Args:
        name: As reports, preview and corrections call it.
        has_strip: Whether it is in an extracted frame, so that there are thumbnails of it.
    """

    name: str
    has_strip: bool


@dataclass(frozen=True)
class Moment:
    """A moment on one side.

    Args:
        time_s: In seconds of the standard video.
        preview_s: In seconds of the preview video; None where that does not show it.
    """

    time_s: float
    preview_s: float | None


@dataclass(frozen=True)
class MomentOfChange:
    """A change of the tracks with its moment on both sides.

    Args:
        kind: What changed, see ``Change``.
        left: The moment before.
        right: The moment after.
        duration_s: How long it lasts, in seconds; 0 for what happens at once.
        left_tracks: The tracks before.
        right_tracks: The tracks after.
    """

    kind: "ChangeKind"
    left: Moment
    right: Moment
    duration_s: float
    left_tracks: list[TrackName]
    right_tracks: list[TrackName]


@dataclass(frozen=True)
class PlaceOfSide:
    """A place to inspect that only one side has.

    Args:
        kind: What may be wrong there.
        words: What is there.
        moment: When.
    """

    kind: str
    words: str
    moment: Moment


@dataclass(frozen=True)
class SideOfVideo:
    """A video in one job.

    Args:
        video_id: Its number there.
        original_name: Name of its file.
        person_count: Its persons.
        only_here: Those of whom the other job has nothing.
        person_s: Seconds of tracked persons, all persons added up.
        place_count: Places to inspect.
        places: Those that the other job does not have.
    """

    video_id: str
    original_name: str
    person_count: int
    only_here: int
    person_s: float
    place_count: int
    places: list[PlaceOfSide]


@dataclass(frozen=True)
class VideoComparison:
    """A video that both jobs have.

    Args:
        left: It before.
        right: It after.
        both: Persons that both have.
        both_person_s: Seconds of persons that have the same boxes in both.
        changes: What changed in the tracks, in the order of time.
    """

    left: SideOfVideo
    right: SideOfVideo
    both: int
    both_person_s: float
    changes: list[MomentOfChange]


@dataclass(frozen=True)
class Difference:
    """A setting or a version that differs.

    Args:
        name: ``stage.parameter``, or the name of a program.
        left: Its value before.
        right: Its value after.
    """

    name: str
    left: str
    right: str


@dataclass(frozen=True)
class JobComparison:
    """What changed from one job to another one.

    Args:
        settings: Settings that differ.
        versions: Programs that differ.
        left: What the package before holds.
        right: What the package after holds.
        videos: The videos that both have.
        only_left: Names of the other videos before.
        only_right: Names of the other videos after.
    """

    settings: list[Difference]
    versions: list[Difference]
    left: "PackageCounts"
    right: "PackageCounts"
    videos: list[VideoComparison]
    only_left: list[str]
    only_right: list[str]


def compare_folders(left: Path, right: Path) -> JobComparison:
    """Compare two results: folders of ``videoprep run`` or of jobs, or packages alone.

    Args:
        left: The result before.
        right: The result after.

    Raises:
        InputError: There is no result, it is damaged, or it did not keep its tracks.
        ParameterError: Its corrections are damaged.
    """
    from videoprep_nb.exports.compare_results import compare_videos, read_side, same_videos
    from videoprep_nb.tracking.corrections import read_corrections

    sides = [read_side(path, read_corrections(_corrections_of(path))) for path in (left, right)]
    shown = [_shown_of(path) for path in (left, right)]
    pairs = same_videos(*sides)
    before, after = sides[0].manifest, sides[1].manifest
    return JobComparison(
        settings=_differing_settings(before.parameters, after.parameters),
        versions=_differing(before.versions, after.versions),
        left=sides[0].counts,
        right=sides[1].counts,
        videos=[_comparison(compare_videos(*pair), *shown) for pair in pairs],
        only_left=_others(sides[0], [one for one, _ in pairs]),
        only_right=_others(sides[1], [other for _, other in pairs]),
    )


def _corrections_of(path: Path) -> str:
    return corrections_text(JobFolder(path)) if path.is_dir() else ""


def _shown_of(path: Path) -> dict[str, tuple[ShownSpan, ...]]:
    """What the preview video of each video shows; nothing where it is not known."""
    with suppress(InputError):
        if path.is_dir():
            return {video.video_id: video.shown for video in JobResult.read(JobFolder(path).result).videos}
    return {}


def _differing_settings(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Difference]:
    given = {(stage, name) for of_side in (left, right) for stage, values in of_side.items() for name in values}
    defaults = {name: stage.params().model_dump(mode="json") for name, stage in STAGES.items()}

    def values(of_side: Mapping[str, Any]) -> dict[str, Any]:
        return {
            f"{stage}.{name}": of_side.get(stage, {}).get(name, defaults.get(stage, {}).get(name))
            for stage, name in sorted(given)
        }

    return _differing(values(left), values(right))


def _differing(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name, *(shortened(str(side.get(name, "–")), _MAX_SHOWN_VALUE) for side in (left, right)))
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
    ]


def _others(side: "Side", compared: Iterable["SideVideo"]) -> list[str]:
    ids = {each.video.video_id for each in compared}
    return [_name_of(each) for each in side.videos if each.video.video_id not in ids]


def _name_of(each: "SideVideo") -> str:
    return each.video.original_name or each.video.video_id


def _comparison(
    found: "ComparedVideo",
    left_shown: Mapping[str, Sequence[ShownSpan]],
    right_shown: Mapping[str, Sequence[ShownSpan]],
) -> VideoComparison:
    left = _SideInWords(found.left, found.left_timing, left_shown.get(found.left.video.video_id, ()))
    right = _SideInWords(found.right, found.right_timing, right_shown.get(found.right.video.video_id, ()))
    tracks = found.tracks
    return VideoComparison(
        left=left.of_video(tracks.only_left, tracks.left_person_s, found.went),
        right=right.of_video(tracks.only_right, tracks.right_person_s, found.came),
        both=tracks.both,
        both_person_s=tracks.both_person_s,
        changes=[_moment_of(change, left, right) for change in tracks.changes],
    )


def _moment_of(change: "Change", left: "_SideInWords", right: "_SideInWords") -> MomentOfChange:
    return MomentOfChange(
        kind=change.kind,
        left=left.moment(left.timing.own_s(change.start_frame)),
        right=right.moment(right.timing.own_s(change.start_frame)),
        duration_s=round(_lasting_frames(change) / left.timing.rate, 3),
        left_tracks=left.names(change.left_ids),
        right_tracks=right.names(change.right_ids),
    )


def _lasting_frames(change: "Change") -> int:
    """How many frames a change lasts; 0 for what happens at once."""
    return change.last_frame - change.start_frame + 1 if change.kind not in ("split", "merged", "swapped") else 0


class _SideInWords:
    """A video of one side, in seconds and names instead of frames and ids."""

    def __init__(self, side: "SideVideo", timing: "SideTiming", shown: Sequence[ShownSpan]) -> None:
        import numpy as np

        self._side = side
        self._shown = shown
        self.timing = timing
        extracted = [clip.start_frame + frame.index_in_clip for clip in side.video.clips for frame in clip.frames]
        tracks = side.tracks
        self._in_frames = set(tracks.track_id[np.isin(tracks.frame_index, extracted)].tolist())

    def moment(self, time_s: float) -> Moment:
        preview_s = preview_moment(self._shown, time_s)
        return Moment(round(time_s, 3), None if preview_s is None else round(preview_s, 3))

    def names(self, ids: Iterable[int]) -> list[TrackName]:
        return [TrackName(self._side.names[track_id], track_id in self._in_frames) for track_id in ids]

    def of_video(self, only_here: int, person_s: float, places: Iterable["Place"]) -> SideOfVideo:
        rate = float(self._side.video.clips[0].rate)
        return SideOfVideo(
            video_id=self._side.video.video_id,
            original_name=_name_of(self._side),
            person_count=self._side.tracks.track_count,
            only_here=only_here,
            person_s=round(person_s, 1),
            place_count=len(self._side.places),
            places=[PlaceOfSide(place.kind, place.words, self.moment(place.start_frame / rate)) for place in places],
        )
