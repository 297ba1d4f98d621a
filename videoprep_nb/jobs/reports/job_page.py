"""The page that leads through the reports of a job, and the way from each report to the next."""

import json
from collections.abc import Sequence
from contextlib import suppress

from videoprep_nb.jobs.models import JobResult, JobSpec, TaskResult, VideoResult, owner_name
from videoprep_nb.jobs.reports.links import Neighbours, Target, link_page
from videoprep_nb.jobs.reports.render import (
    JobSummary,
    ReportEntry,
    VideoEntry,
    first_image,
    rename_index,
    write_index,
)
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.task import without_task_key
from videoprep_nb.stages.registry import STAGES


def write_job_page(folder: JobFolder, spec: JobSpec, result: JobResult) -> None:
    """Write ``reports/index.html``, and the links from each report to the next.

    Args:
        folder: The job's folder; the executed notebooks lie in its reports.
        spec: What the job was asked to do.
        result: How the job ended.
    """
    title = _title(spec)
    by = f" by {owner_name(spec.owner)}" if spec.owner else ""
    summary = JobSummary(
        title=spec.about.heading(title),
        note=spec.about.note,
        submitted=f"submitted on {spec.created_at.astimezone():%Y-%m-%d at %H:%M}{by}",
        state=result.state,
        message=without_task_key(result.message),
        elapsed_s=result.elapsed_s,
        package_name=result.package.name if result.package else "",
        videos=[_video_entry(folder, video) for video in result.videos],
        reports=[_report_entry(folder, task) for task in result.tasks],
        settings=spec.params.in_words(),
        versions=_versions(folder, spec),
    )
    write_index(folder.reports / "index.html", summary)
    _link_reports(folder, title, summary)


def rename_job_page(folder: JobFolder, spec: JobSpec) -> None:
    """Give ``reports/index.html`` the name and note of a job, which have changed; nothing when there is none."""
    with suppress(FileNotFoundError):
        rename_index(folder.reports / "index.html", spec.about.heading(_title(spec)), spec.about.note)


def _title(spec: JobSpec) -> str:
    return f"Job {spec.number}" if spec.number else "Job"


def _link_reports(folder: JobFolder, title: str, summary: JobSummary) -> None:
    """Give every report its title and its neighbours: video by video, then those of all videos."""
    videos = {video.video_id: video for video in summary.videos}
    names = {video_id: video.original_name for video_id, video in videos.items()}
    places = {video_id: place for place, video_id in enumerate([*names, None])}
    pages = sorted((report for report in summary.reports if report.html_name), key=lambda each: places[each.video_id])
    titles = [_page_title(title, names, report) for report in pages]
    links = [None, *((page.html_name, page.title) for page in pages), None]
    for page, page_title, (before, after) in zip(pages, titles, zip(links, links[2:], strict=False), strict=True):
        neighbours = Neighbours(before, after, *_other_videos(page, pages, names))
        link_page(folder.reports / page.html_name, page_title, neighbours, _moments(videos.get(page.video_id or "")))


def _other_videos(
    page: ReportEntry, pages: Sequence[ReportEntry], names: dict[str, str]
) -> tuple[Target | None, Target | None]:
    """The same stage of the video before and of the one after; None where there is none."""
    same = [each for each in pages if each.title == page.title and each.video_id is not None]
    if page not in same:
        return None, None
    links = [None, *((each.html_name, names[each.video_id or ""]) for each in same), None]
    place = same.index(page) + 1
    return links[place - 1], links[place + 1]


def _moments(video: VideoEntry | None) -> dict[str, str]:
    """Name of a place of a video → address of its moment in the preview video."""
    places = video.places if video else ()
    return {place.name: address for place in places if video and (address := video.moment_of(place))}


def _page_title(title: str, names: dict[str, str], report: ReportEntry) -> str:
    """Stage, video and job, the most special first, as a tab shows only the beginning."""
    of_video = [names[report.video_id]] if report.video_id is not None else []
    return " · ".join([report.title, *of_video, title])


def _video_entry(folder: JobFolder, video: VideoResult) -> VideoEntry:
    values = {name: getattr(video, name) for name in VideoEntry.__dataclass_fields__ if name != "has_preview"}
    has_preview = (folder.preview / f"{video.video_id}.mp4").is_file()
    return VideoEntry(**values | {"message": without_task_key(video.message), "has_preview": has_preview})


def _report_entry(folder: JobFolder, task: TaskResult) -> ReportEntry:
    notebook = folder.reports / task.report
    page = notebook.with_suffix(".html")
    stage = STAGES.get(task.stage)
    part = notebook.stem.partition("_part_")[2]
    return ReportEntry(
        title=(stage.title if stage else task.stage) + (f", part {part}" if part else ""),
        video_id=task.video_id,
        state=task.state,
        message=without_task_key(task.message),
        elapsed_s=task.elapsed_s,
        html_name=page.name if page.exists() else "",
        thumbnail=first_image(notebook) if task.report else None,
        shows_places=stage is not None and stage.counts == "person_count" and not part,
        is_of_part=bool(part),
    )


def _versions(folder: JobFolder, spec: JobSpec) -> Sequence[tuple[str, str]]:
    """What made the result, as the manifest says; without a package the version of the toolkit alone."""
    with suppress(OSError, ValueError, KeyError):
        return list(json.loads(folder.manifest.read_bytes())["versions"].items())
    return [("videoprep-nb", spec.version)]
