"""Two jobs of the same videos side by side: what changed, each with its moment in both preview videos."""

from collections.abc import Sequence
from dataclasses import dataclass

from videoprep_nb.core.errors import InputError, ParameterError, WrongState
from videoprep_nb.jobs.result_comparison import MomentOfChange, PlaceOfSide, SideOfVideo, VideoComparison
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.ui.live import Fragments
from videoprep_nb.server.ui.templates import render

_MAX_CHANGES = 100


@dataclass(frozen=True)
class ShownSide:
    """A video in one of the two jobs.

    Args:
        row: The job.
        video: The video.
        preview: File name of its preview video, empty if there is none.
    """

    row: JobRow
    video: SideOfVideo
    preview: str


@dataclass(frozen=True)
class ShownVideo:
    """A video that both jobs have.

    Args:
        found: What changed.
        sides: It before and after.
        changes: The changes that are shown.
        left_out: How many more there are.
        places: Places to inspect that only one side has, in the order of time.
    """

    found: VideoComparison
    sides: tuple[ShownSide, ShownSide]
    changes: Sequence[MomentOfChange]
    left_out: int
    places: list[tuple[ShownSide, PlaceOfSide]]


def compare_view(jobs: UserJobs, name: str, other_name: str) -> Fragments:
    """What changed from one job to another one, the older one first; without another one, a choice of jobs.

    Args:
        jobs: The jobs that the user may see.
        name: Number or id of a job.
        other_name: That of another one; empty if none is chosen yet.

    Raises:
        NoSuchJob: There is none that the user may see.
    """
    row = jobs.row(jobs.job_id_of(name))
    try:
        if not other_name:
            found = jobs.comparable(row.job_id)
            return {"choice": render("compare_choice.html", row=row, rows=found)}
        left, right = sorted((row, jobs.row(jobs.job_id_of(other_name))), key=lambda each: each.number)
        comparison = jobs.comparison(left.job_id, right.job_id)
    except (InputError, ParameterError, WrongState) as error:
        title = render("compare_title.html", rows=[row])
        return {"title": title, "problem": render("problem.html", message=str(error))}
    fragments = {"title": render("compare_title.html", rows=[left, right])}
    if comparison is None:
        return fragments | {"waiting": render("compare_waiting.html")}
    fragments["summary"] = render("compare_summary.html", rows=[left, right], found=comparison)
    previews = [set(jobs.preview_names(each.job_id)) for each in (left, right)]
    for number, video in enumerate(comparison.videos):
        shown = _shown((left, right), video, previews)
        fragments[f"video-{number}"] = render("compare_video.html", number=number, shown=shown)
    return fragments


def _shown(rows: Sequence[JobRow], video: VideoComparison, previews: Sequence[set[str]]) -> ShownVideo:
    left, right = (
        ShownSide(row, side, preview if (preview := f"{side.video_id}.mp4") in names else "")
        for row, side, names in zip(rows, (video.left, video.right), previews, strict=True)
    )
    places = [(side, place) for side in (left, right) for place in side.video.places]
    return ShownVideo(
        found=video,
        sides=(left, right),
        changes=video.changes[:_MAX_CHANGES],
        left_out=max(0, len(video.changes) - _MAX_CHANGES),
        places=sorted(places, key=lambda each: each[1].moment.time_s),
    )
