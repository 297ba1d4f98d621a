"""Clips that a selection left out of the packages of ended jobs, and how they are brought back."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from videoprep_nb.core.errors import InputError, ParameterError, WrongState
from videoprep_nb.core.records import LeftOutClip
from videoprep_nb.core.text import quoted
from videoprep_nb.jobs.background import PACKAGE_ORDER, BackgroundWork, Order
from videoprep_nb.jobs.models import JobResult, State, VideoResult
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.selection.records import NOTHING_KEPT

_TITLE = "The package with clips that were left out"
_MAX_REASONS = 3


@dataclass(frozen=True)
class JobLeftOutView:
    """What was left out of the package of a job.

    Args:
        clips: The clips that are not in the package.
        is_running: Whether the package is being made again.
        problem: Why the last attempt failed; empty otherwise.
    """

    clips: list[LeftOutClip]
    is_running: bool
    problem: str


class JobLeftOut:
    """What was left out of all jobs of a service.

    Args:
        background: What makes packages again.
    """

    def __init__(self, background: BackgroundWork) -> None:
        self._background = background

    def of(self, job_id: str) -> JobLeftOutView:
        """What was left out of the package of a job.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        folder = self._background.ended(job_id)
        progress = self._background.progress(job_id, PACKAGE_ORDER)
        return JobLeftOutView(_clips_of(folder), progress.is_running, progress.problem)

    def start(self, job_id: str, clip_ids: Collection[str] | None) -> None:
        """Bring clips of a job back in the background.

        Args:
            job_id: A job that has ended.
            clip_ids: The clips; None for all that were left out.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended, nothing was left out, or its package is being made again.
            ParameterError: A clip was not left out.
            NoRoom: The disk is too full.
        """
        folder = self._background.ended(job_id)
        left_out = {clip.clip_id for clip in _clips_of(folder)}
        if not left_out or not folder.left_out.is_file():
            raise WrongState("Nothing was left out of this package.")
        for clip in clip_ids or ():
            if clip not in left_out:
                raise ParameterError("clip", f"got {quoted(clip)}, expected one that was left out")
        self._background.check_room(folder.package.stat().st_size + folder.left_out.stat().st_size, _TITLE)
        self._background.start(Order(job_id, PACKAGE_ORDER, _TITLE, partial(_make, clip_ids), folder.package))


def bring_back_clips(path: Path, clip_ids: Collection[str] | None) -> list[str]:
    """Bring clips back into the package of a job, and into what its result says.

    Args:
        path: The folder of a job, or the package in it.
        clip_ids: The clips; None for all that were left out.

    Returns:
        The clips that were brought back.

    Raises:
        ParameterError: A clip was not left out.
        InputError: There is no such result, or it is damaged.
        PackageError: The new package failed validation.
        DiskFullError: The disk was full.
    """
    from videoprep_nb.exports.left_out import bring_back, result_folder

    folder = JobFolder(result_folder(path))
    with _corrections_stay_as_new(folder):
        brought_back = bring_back(path, clip_ids)
    _note(folder, brought_back)
    return brought_back


def why_empty(videos: Sequence[VideoResult]) -> str:
    """Why the package of a job that is done is empty; empty if it is not.

    Args:
        videos: How its videos ended.
    """
    if any(len(video.left_out) < video.clip_count for video in videos):
        return ""
    reasons = dict.fromkeys(clip.reason for video in videos for clip in video.left_out)
    shown = "; ".join(list(reasons)[:_MAX_REASONS])
    return f"The selection kept no clip ({shown}). What it left out can be brought back." if reasons else ""


def _make(clip_ids: Collection[str] | None, folder: JobFolder, target: Path) -> None:
    from videoprep_nb.exports.left_out import write_with_clips

    with _corrections_stay_as_new(folder):
        brought_back = write_with_clips(folder.path, clip_ids, target)
    _note(folder, brought_back)


@contextmanager
def _corrections_stay_as_new(folder: JobFolder) -> Iterator[None]:
    """Corrections that the package does not have yet stay younger than the package that is made."""
    are_applied = not folder.package.exists() or folder.has_corrected_package
    yield
    if not are_applied:
        folder.corrections.touch()


def _clips_of(folder: JobFolder) -> list[LeftOutClip]:
    try:
        videos = JobResult.read(folder.result).videos
    except InputError:  # never written, or spoilt
        return []
    return [clip for video in videos for clip in video.left_out]


def _note(folder: JobFolder, brought_back: Collection[str]) -> None:
    """Say in the result of a job what was brought back; of a package without a job there is nothing to say."""
    try:
        result = JobResult.read(folder.result)
    except InputError:
        return
    videos = [_with_clips(video, brought_back) for video in result.videos]
    message = why_empty(videos) if result.state is State.DONE else result.message
    result.model_copy(update={"videos": videos, "message": message}).write(folder.result)


def _with_clips(video: VideoResult, brought_back: Collection[str]) -> VideoResult:
    left_out = tuple(clip for clip in video.left_out if clip.clip_id not in brought_back)
    if left_out == video.left_out:
        return video
    findings = tuple(finding for finding in video.findings if not finding.startswith(NOTHING_KEPT))
    return video.model_copy(update={"left_out": left_out, "findings": findings})
