"""The page that leads through the reports of a job."""

from videoprep_nb.jobs.models import JobResult, TaskResult, VideoResult
from videoprep_nb.jobs.reports.render import JobSummary, ReportEntry, VideoEntry, first_image, write_index
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.stages.registry import STAGES


def write_job_page(folder: JobFolder, result: JobResult) -> None:
    """Write ``reports/index.html``.

    Args:
        folder: The job's folder; the executed notebooks lie in its reports.
        result: How the job ended.
    """
    summary = JobSummary(
        job_id=result.job_id,
        state=result.state,
        message=result.message,
        elapsed_s=result.elapsed_s,
        package_name=result.package.name if result.package else "",
        videos=[_video_entry(video) for video in result.videos],
        reports=[_report_entry(folder, task) for task in result.tasks],
    )
    write_index(folder.reports / "index.html", summary)


def _video_entry(video: VideoResult) -> VideoEntry:
    return VideoEntry(**video.model_dump(exclude={"standard_frame_count", "duration_s", "size_bytes"}))


def _report_entry(folder: JobFolder, task: TaskResult) -> ReportEntry:
    notebook = folder.reports / task.report
    page = notebook.with_suffix(".html")
    return ReportEntry(
        title=STAGES[task.stage].title if task.stage in STAGES else task.stage,
        video_id=task.video_id,
        state=task.state,
        message=task.message,
        elapsed_s=task.elapsed_s,
        html_name=page.name if page.exists() else "",
        thumbnail=first_image(notebook) if task.report else None,
    )
