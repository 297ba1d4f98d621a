"""One job: how far it is, what came out of it, and what can be done with it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.core.text import plural
from videoprep_nb.core.turns import in_turns
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.store.rows import Event, JobRow
from videoprep_nb.jobs.task import without_task_key
from videoprep_nb.server.api.schemas import JobStatus, TaskStatus, VideoStatus
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.security.reading import JobReader
from videoprep_nb.server.security.shares import MAX_SHARE_DAYS, SHARE_DAYS
from videoprep_nb.server.security.sharing import JobShares, maker_of
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.live import Fragments
from videoprep_nb.server.ui.progress_cells import cell_of
from videoprep_nb.server.ui.templates import render
from videoprep_nb.stages.base import Stage
from videoprep_nb.stages.registry import STAGES

_VIDEOS_PER_TABLE = 20
_MAX_PLACES = 12
_MAX_LEFT_OUT = 200
_RETRIED = (State.FAILED, State.CANCELLED, State.COMPLETED_WITH_ERRORS)


@dataclass(frozen=True)
class Message:
    """A sentence on one video or one step.

    Args:
        subject: Name of the video or the step; the sentence goes on from it.
        text: The rest of the sentence.
        is_bad: Whether something failed.
    """

    subject: str
    text: str
    is_bad: bool


@dataclass(frozen=True)
class VideoFrames:
    """What shows the result of one video.

    Args:
        video: The video.
        preview: File name of the preview video, empty if there is none.
        strip: File names of frames, in their order.
    """

    video: VideoStatus
    preview: str
    strip: list[str]


@dataclass(frozen=True)
class Outcome:
    """What came out of one video.

    Args:
        video: The video.
        thumbnail: File name of a frame, empty if there is none.
        elapsed_s: Seconds of work on it.
        notes: What failed and what is worth knowing.
    """

    video: VideoStatus
    thumbnail: str
    elapsed_s: float
    notes: list[Message]


@dataclass(frozen=True)
class LatestFrame:
    """The frame that was tracked last.

    Args:
        video: Its video.
        name: File name of the image.
        version: Changes with the image.
    """

    video: VideoStatus
    name: str
    version: int


@dataclass(frozen=True)
class ReportLink:
    """A report that can be read.

    Args:
        name: Its file name.
        label: What it is about.
    """

    name: str
    label: str


def job_view(jobs: UserJobs, name: str, shares: JobShares) -> Fragments:
    """Everything about one job, in pieces that change at different times.

    Args:
        jobs: The jobs that the user may see.
        name: Its number or its id, as in the address of the page.
        shares: The links to jobs.

    Raises:
        NoSuchJob: There is none that the user may see.
    """
    job_id = jobs.job_id_of(name)
    view = jobs.job(job_id)
    job = JobStatus.of_view(view, jobs.has_package(job_id))
    has_ended = job.state in ENDED
    fragments = {
        "title": render("job_title.html", job=job, row=view.job, has_ended=has_ended, retried=_RETRIED),
        "progress": render(
            "job_progress.html",
            job=job,
            has_ended=has_ended,
            headline=_headline(job),
            advice=_advice(job),
            title=_window_title(view.job, job),
            summary=_summary(job),
        ),
    }
    results = _result_frames(jobs, job)
    if has_ended:
        fragments["outcome"] = _render_outcome(view.job, job, results, jobs.settings_given(job_id))
    messages = _failed_stages(job) if has_ended else _messages(job)
    fragments["messages"] = render("job_messages.html", messages=messages)
    stages = _stages_of(job)
    of_video = [stage for stage in stages if stage.is_per_video]
    for start in range(0, len(job.videos), _VIDEOS_PER_TABLE):
        videos = job.videos[start : start + _VIDEOS_PER_TABLE]
        rows = [(video, [cell_of(view, job, stage.name, video) for stage in of_video]) for video in videos]
        fragments[f"grid-{start}"] = render("job_grid.html", rows=rows, stages=of_video, is_first=start == 0)
    joined = [(stage, cell_of(view, job, stage.name, None)) for stage in stages if not stage.is_per_video]
    fragments["joined"] = render("job_joined.html", cells=joined)
    fragments["live"] = render("job_live.html", job_id=job_id, frame=None if has_ended else _latest(jobs, job))
    fragments["results"] = render("job_results.html", job_id=job_id, results=results)
    corrections = jobs.corrections(job_id) if has_ended and job.has_package else None
    fragments["corrections"] = render("job_corrections.html", job_id=job_id, found=corrections)
    left_out = jobs.left_out(job_id) if has_ended and job.has_package else None
    fragments["left-out"] = render("job_left_out.html", job_id=job_id, found=left_out, shown=_MAX_LEFT_OUT)
    formats = jobs.exports(job_id) if has_ended and job.has_package else []
    push = jobs.push(job_id) if formats and jobs.may_push else None
    fragments["formats"] = render("job_formats.html", job_id=job_id, formats=formats, package=PACKAGE_NAME, push=push)
    found = jobs.annotations(job_id) if has_ended and job.has_package else None
    fragments["annotations"] = render("job_annotations.html", job_id=job_id, found=found)
    fragments["reports"] = render("job_reports.html", job_id=job_id, links=_report_links(jobs.report_names(job_id)))
    fragments["shares"] = _render_shares(jobs, job_id, shares)
    fragments["history"] = render("job_history.html", events=_event_lines(jobs.events(job_id)[-100:]))
    return fragments


def results_view(jobs: JobReader, job_id: str) -> dict[str, Any]:
    """What came out of a job, for whoever may only read it.

    Args:
        jobs: Who reads it.
        job_id: The job.

    Returns:
        What the template of a shared job shows.

    Raises:
        NoSuchJob: There is none that may be read.
    """
    view = jobs.job(job_id)
    job = JobStatus.of_view(view, jobs.has_package(job_id))
    has_ended = job.state in ENDED
    results = _result_frames(jobs, job)
    pieces = [
        _render_outcome(view.job, job, results, jobs.settings_given(job_id)) if has_ended else "",
        render("job_messages.html", messages=_failed_stages(job) if has_ended else []),
        render("job_results.html", job_id=job_id, results=results),
        render("job_reports.html", job_id=job_id, links=_report_links(jobs.report_names(job_id))),
    ]
    return {"row": view.job, "job": job, "has_ended": has_ended, "pieces": pieces}


def _render_shares(jobs: UserJobs, job_id: str, shares: JobShares) -> str:
    return render(
        "job_shares.html",
        job_id=job_id,
        are_possible=shares.are_possible,
        shares=[(share, maker_of(share)) for share in shares.of_job(jobs, job_id)],
        days=SHARE_DAYS,
        max_days=MAX_SHARE_DAYS,
    )


def _window_title(row: JobRow, job: JobStatus) -> str:
    """What a tab shows; its beginning, where it is narrow."""
    if job.state is State.RUNNING:
        return f"{job.fraction_done * 100:.0f} % · {row.heading}"
    return f"{texts.STATES[job.state]} · {row.heading}"


def _summary(job: JobStatus) -> str:
    """What came out, in a line."""
    videos = [video for video in job.videos if video.state is State.DONE]
    counts = [("person", "person_count"), ("clip", "clip_count"), ("frame", "frame_count")]
    sums = [plural(sum(getattr(video, name) or 0 for video in videos), noun) for noun, name in counts]
    return ", ".join(sums) if videos else job.message


def _advice(job: JobStatus) -> str:
    """One sentence on what to do now."""
    if job.results_deleted_at:
        return texts.RESULTS_DELETED
    if job.state is State.QUEUED:
        return " ".join([*_place_in_queue(job), texts.QUEUED_ADVICE])
    if job.state is State.RUNNING:
        return texts.RUNNING_ADVICE
    return texts.DONE_ADVICE if job.has_package else ""


def _place_in_queue(job: JobStatus) -> Iterator[str]:
    """What comes before a queued job, a sentence each."""
    if job.jobs_ahead:
        order = texts.QUEUE_ORDER_OF_USER if job.other_users else texts.QUEUE_ORDER
        yield order[job.jobs_ahead != 1].format(count=job.jobs_ahead)
    if job.other_users:
        yield texts.QUEUE_TURNS[job.other_users != 1].format(count=job.other_users)


def _headline(job: JobStatus) -> str:
    """How the job ended, without what its messages say."""
    failed = sum(video.state is State.FAILED for video in job.videos)
    if failed:
        return texts.BAD_VIDEOS.format(count=failed, total=len(job.videos))
    return "" if _failed_tasks(job) else job.message


def _failed_tasks(job: JobStatus) -> list[TaskStatus]:
    """Failed tasks of the whole job; those of a video are shown with the video."""
    return [task for task in job.tasks if task.state is State.FAILED and task.video_id is None]


def _messages(job: JobStatus) -> list[Message]:
    """What failed, first of the videos and then of the whole job."""
    return [note for video in job.videos for note in _notes(video)] + _failed_stages(job)


def _failed_stages(job: JobStatus) -> list[Message]:
    failed = [(_title(task.stage), task.message) for task in _failed_tasks(job)]
    return [Message(subject, _without_subject(text, subject), True) for subject, text in failed]


def _notes(video: VideoStatus) -> list[Message]:
    """Why a video failed, or what is worth knowing of it."""
    name = video.original_name
    if video.state is State.FAILED:
        return [Message(name, _without_subject(video.message, name), True)]
    return [Message(name, finding, False) for finding in video.findings]


def _render_outcome(
    row: JobRow, job: JobStatus, results: Sequence[VideoFrames], settings: Sequence[tuple[str, str]]
) -> str:
    """What came out of a job that has ended, video by video."""
    thumbnails = {found.video.video_id: found.strip[0] for found in results if found.strip}
    elapsed_s: defaultdict[str | None, float] = defaultdict(float)
    for task in job.tasks:
        elapsed_s[task.video_id] += task.elapsed_s
    outcomes = [
        Outcome(video, thumbnails.get(video.video_id, ""), elapsed_s[video.video_id], _notes(video))
        for video in job.videos
    ]
    of_job_s = (row.ended_at - row.started_at).total_seconds() if row.started_at and row.ended_at else None
    previews = {found.video.video_id: found.preview for found in results if found.preview}
    shown = [video for video in job.videos if video.video_id in previews]
    places = in_turns([(video, place) for place in video.places] for video in shown)
    return render(
        "job_outcome.html",
        outcomes=outcomes,
        job_id=job.job_id,
        elapsed_s=of_job_s,
        places=places[:_MAX_PLACES],
        reports=_reports_of_places(job),
        previews=previews,
        settings=settings,
    )


def _reports_of_places(job: JobStatus) -> dict[str, str]:
    """The report of each video that shows its places to inspect, by the number of the video."""
    return {
        task.video_id: f"{task.report.removesuffix('.ipynb')}.html"
        for task in job.tasks
        if task.video_id and task.part is None and task.report and _counts_people(task.stage)
    }


def _stages_of(job: JobStatus) -> list[Stage]:
    """The stages that a job has, as far as its tasks are planned, and those that every job has."""
    names = {task.stage for task in job.tasks} | {stage.name for stage in JobParams({}).chain.stages}
    return [stage for stage in STAGES.values() if stage.name in names]


def _counts_people(stage: str) -> bool:
    return stage in STAGES and STAGES[stage].counts == "person_count"


def _without_subject(text: str, subject: str) -> str:
    """A message without the name of its task, which is for engineers, and without what it would only say twice."""
    return without_task_key(text).removeprefix(subject).lstrip()


def _event_lines(events: Sequence[Event]) -> list[tuple[datetime, str]]:
    """When something happened, and what."""
    return [(event.at, _event_text(event)) for event in events]


def _event_text(event: Event) -> str:
    if event.kind == "message":
        return event.text
    said = without_task_key(event.data["message"]) or texts.STATES[State(event.data["state"])]
    subject = _notebook_label(event.data["key"]) if event.kind == "task" else texts.JOB
    return f"{subject}: {said}"


def _result_frames(jobs: JobReader, job: JobStatus) -> list[VideoFrames]:
    names = jobs.preview_names(job.job_id)
    found = []
    for video in job.videos:
        preview = f"{video.video_id}.mp4"
        strip = [name for name in names if name.startswith(f"{video.video_id}_")]
        if preview in names or strip:
            found.append(VideoFrames(video, preview if preview in names else "", sorted(strip, key=_place_in_strip)))
    return found


def _place_in_strip(name: str) -> int:
    return int(name.removesuffix(".jpg").rpartition("_")[2])


def _latest(jobs: UserJobs, job: JobStatus) -> LatestFrame | None:
    live = {stage.name for stage in STAGES.values() if stage.writes_preview}
    tracked = {task.video_id for task in job.tasks if task.stage in live and task.state is State.RUNNING}
    names = jobs.preview_names(job.job_id)
    found = [
        LatestFrame(video, f"{video.video_id}.jpg", _version(jobs.preview_path(job.job_id, f"{video.video_id}.jpg")))
        for video in job.videos
        if video.video_id in tracked and f"{video.video_id}.jpg" in names
    ]
    return max(found, key=lambda frame: frame.version, default=None)


def _version(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def _report_links(names: Sequence[str]) -> list[ReportLink]:
    """The pages among the reports, the overview first."""
    pages = [name.removesuffix(".html") for name in names if name.endswith(".html")]
    overview = [ReportLink("index.html", texts.REPORT_OVERVIEW)] if "index" in pages else []
    return overview + [ReportLink(f"{page}.html", _notebook_label(page)) for page in pages if page != "index"]


def _notebook_label(name: str) -> str:
    """``04_track_persons_1_part_2`` to what people call it."""
    for stage in STAGES.values():
        prefix = stage.key
        if name.startswith(prefix):
            video, _, part = name.removeprefix(f"{prefix}_").removeprefix(prefix).partition("_part_")
            of_video = [f"{texts.VIDEO} {video}"] if video else []
            return ", ".join([stage.title, *of_video, *([texts.PART.format(number=part)] if part else [])])
    return name


def _title(stage: str) -> str:
    """What people call a stage; one whose plugin is gone keeps its name."""
    return STAGES[stage].title if stage in STAGES else stage
