"""Corrections of the tracks of an ended job by hand: what there is to correct, and the package made again."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoprep_nb.core.errors import InputError, NoSuchJob, ParameterError, WrongState
from videoprep_nb.core.layout import staged_file
from videoprep_nb.jobs.background import PACKAGE_ORDER, BackgroundWork, Order
from videoprep_nb.jobs.models import JobResult, JobSpec
from videoprep_nb.jobs.storage.folder import JobFolder

if TYPE_CHECKING:
    from videoprep_nb.exports.correct_package import CorrectedVideo
    from videoprep_nb.tracking.corrections import Correction, Corrections

_TITLE = "The corrected package"
_NOT_KEPT = "The tracks of this job were not kept; submit its videos again to correct them."


@dataclass(frozen=True)
class CorrectableTrack:
    """A track as it is with the corrections so far.

    Args:
        pieces: Names of the pieces that it consists of, as corrections name them; the first one stands for it.
        start_s: Its first frame, in seconds of the standard video.
        end_s: The end of its last one.
        seen_at_s: Times of its thumbnails; none if it is in no extracted frame.
        id_before_at: For each thumbnail the id before corrections, which a split needs.
    """

    pieces: list[str]
    start_s: float
    end_s: float
    seen_at_s: list[float]
    id_before_at: list[int]


@dataclass(frozen=True)
class CorrectableVideo:
    """A video of a job with its tracks.

    Args:
        video_id: Its number.
        original_name: Name of its file.
        key: The name by which new corrections call it: its file name, or its number where two have the same name.
        lines: Its corrections so far, in words.
        tracks: Its tracks, in the order of their first frames.
    """

    video_id: str
    original_name: str
    key: str
    lines: list[str]
    tracks: list[CorrectableTrack]


@dataclass(frozen=True)
class SavedLine:
    """A line of ``corrections.yaml``.

    Args:
        words: What it does.
        values: The line as the file has it.
    """

    words: str
    values: dict[str, Any]


@dataclass(frozen=True)
class JobCorrectionsView:
    """The corrections of a job.

    Args:
        text: ``corrections.yaml``.
        lines: Name of a video in it → its corrections, each in words and as values.
        videos: The videos with their tracks; empty if nothing can be corrected.
        is_running: Whether the package is being made again.
        is_applied: Whether the package has these corrections.
        problem: Why nothing can be corrected, why the last attempt failed, or what no longer fits; empty otherwise.
    """

    text: str
    lines: dict[str, list[SavedLine]]
    videos: list[CorrectableVideo]
    is_running: bool = False
    is_applied: bool = True
    problem: str = ""


class JobCorrections:
    """The corrections of all jobs of a service.

    Args:
        background: What makes packages again.
    """

    def __init__(self, background: BackgroundWork) -> None:
        self._background = background
        self._saving = threading.Lock()

    def of(self, job_id: str) -> JobCorrectionsView:
        """The corrections of a job, and its tracks as they are with these.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._background.ended(job_id)
        text = corrections_text(folder)
        if not _can_be_corrected(folder):
            return JobCorrectionsView(text, {}, [], problem=_NOT_KEPT)
        progress = self._background.progress(job_id, PACKAGE_ORDER)
        try:
            lines = {name: [_saved(line) for line in of_video] for name, of_video in _read(text).root.items()}
            videos = _views(folder.path, text, folder.package.stat().st_mtime_ns)
            left_out = _left_out(folder.path, text, folder.package.stat().st_mtime_ns)
        except (InputError, ParameterError) as error:
            return JobCorrectionsView(text, {}, [], problem=str(error))
        problem = progress.problem or left_out
        return JobCorrectionsView(text, lines, list(videos), progress.is_running, folder.has_corrected_package, problem)

    def save(self, job_id: str, text: str) -> None:
        """Keep the corrections of a job; its package stays as it is until it is made again.

        Args:
            job_id: A job that has ended.
            text: All its corrections, as YAML.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, its tracks were not kept, or its package is being made again.
            ParameterError: This is no such YAML, or a line does not fit the tracks.
        """
        from videoprep_nb.exports.correct_package import correct_videos, correction_problems
        from videoprep_nb.tracking.corrections import read_corrections

        folder = self._folder(job_id)
        corrections = read_corrections(text)
        videos = correct_videos(folder.path, corrections)
        if problems := correction_problems(folder.path, corrections, videos):
            raise ParameterError("corrections", problems[0])
        with self._saving, staged_file(folder.corrections) as staging:
            staging.write_text(corrections.to_yaml(), encoding="utf-8")

    def start(self, job_id: str) -> None:
        """Make the package of a job again in the background, with its corrections.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, its tracks were not kept, or its package is being made again.
            NoRoom: The disk is too full.
        """
        folder = self._folder(job_id)
        self._background.check_room(folder.package.stat().st_size, _TITLE)
        self._background.start(Order(job_id, PACKAGE_ORDER, _TITLE, _make, folder.package))

    def strip(self, job_id: str, video_id: str, piece: str) -> bytes:
        """Thumbnails of a track side by side, as JPEG.

        Args:
            job_id: The job.
            video_id: The video.
            piece: The first piece of the track.

        Raises:
            NoSuchJob: There is no such job, video or track, or the track is in no extracted frame.
        """
        from videoprep_nb.exports.left_out import WholeResult
        from videoprep_nb.exports.track_strips import draw_strip, sights_of

        folder = self._background.ended(job_id)
        for each in _corrected(folder.path, corrections_text(folder), folder.package.stat().st_mtime_ns):
            for track_id, pieces in each.corrected.pieces.items():
                if each.video.video_id == video_id and pieces[:1] == [piece]:
                    tracks = each.corrected.tracks
                    if sights := sights_of(tracks.rows(tracks.track_id == track_id), each.video):
                        return draw_strip(sights, WholeResult.read(folder.path).package_of)
        raise NoSuchJob(f"Job {job_id} has no thumbnails of a track {piece[:40]!r} of video {video_id[:40]!r}.")

    def _folder(self, job_id: str) -> JobFolder:
        folder = self._background.ended(job_id)
        if not _can_be_corrected(folder):
            raise WrongState(_NOT_KEPT)
        if self._background.progress(job_id, PACKAGE_ORDER).is_running:
            raise WrongState("The package is being made again; wait until it is there.")
        return folder


def _saved(line: "Correction") -> SavedLine:
    return SavedLine(line.describe(), line.as_yaml_value())


def _can_be_corrected(folder: JobFolder) -> bool:
    from videoprep_nb.exports.correct_package import can_be_corrected

    return can_be_corrected(folder.path)


def corrections_text(folder: JobFolder) -> str:
    """The corrections of a job: those that were made since it ended, or those that it was given."""
    try:
        return folder.corrections.read_text(encoding="utf-8")
    except FileNotFoundError:
        pass
    try:
        params = JobSpec.read(folder.spec).params
    except InputError:
        return ""
    texts = (getattr(of, stage.corrections_parameter) for stage, of in params.each() if stage.corrections_parameter)
    return next(filter(None, texts), "")


@lru_cache(maxsize=2)  # the tracks of an hour may take 50 MB
def _corrected(folder: Path, text: str, package_ns: int) -> "tuple[CorrectedVideo, ...]":
    """The videos of a job with corrected tracks; read again after its package was replaced."""
    from videoprep_nb.exports.correct_package import correct_videos

    return tuple(correct_videos(folder, _read(text)))


def _read(text: str) -> "Corrections":
    from videoprep_nb.tracking.corrections import read_corrections

    return read_corrections(text)


@lru_cache(maxsize=16)
def _views(folder: Path, text: str, package_ns: int) -> tuple[CorrectableVideo, ...]:
    videos = _corrected(folder, text, package_ns)
    names = [each.video.original_name for each in videos]
    return tuple(_view(each, names.count(each.video.original_name) == 1) for each in videos)


@lru_cache(maxsize=16)
def _left_out(folder: Path, text: str, package_ns: int) -> str:
    """The first line that does not fit the tracks, which a retry may have made anew; empty if all do."""
    from videoprep_nb.exports.correct_package import correction_problems

    problems = correction_problems(folder, _read(text), _corrected(folder, text, package_ns))
    return f"Left out: {problems[0]}" if problems else ""


def _view(each: "CorrectedVideo", has_own_name: bool) -> CorrectableVideo:
    video, tracks = each.video, each.corrected.tracks
    key = video.original_name if has_own_name and video.original_name else video.video_id
    return CorrectableVideo(
        video_id=video.video_id,
        original_name=video.original_name,
        key=key,
        lines=[line.describe() for line in each.corrected.applied],
        tracks=[_track(each, track_id) for track_id in tracks.track_ids],
    )


def _track(each: "CorrectedVideo", track_id: int) -> CorrectableTrack:
    from videoprep_nb.exports.track_strips import sights_of

    tracks, rate = each.corrected.tracks, each.video.clips[0].rate
    is_own = tracks.track_id == track_id
    rows = tracks.rows(is_own)
    id_before = dict(zip(rows.frame_index.tolist(), each.corrected.ids_before[is_own].tolist(), strict=True))
    sights = sights_of(rows, each.video)
    return CorrectableTrack(
        pieces=each.corrected.pieces[track_id],
        start_s=float(rows.frame_index[0] / rate),
        end_s=float((rows.frame_index[-1] + 1) / rate),
        seen_at_s=[sight.time_s for sight in sights],
        id_before_at=[id_before[sight.frame] for sight in sights],
    )


def _make(folder: JobFolder, target: Path) -> None:
    """Write the corrected package, and how many persons the videos have now."""
    from videoprep_nb.exports.correct_package import correct_videos, write_corrected_package

    videos = correct_videos(folder.path, _read(corrections_text(folder)))
    write_corrected_package(folder.path, videos, target)
    counts = {each.video.video_id: each.person_count for each in videos}
    result = JobResult.read(folder.result)
    changed = [
        video.model_copy(update={"person_count": counts.get(video.video_id, video.person_count)})
        for video in result.videos
    ]
    result.model_copy(update={"videos": changed}).write(folder.result)
