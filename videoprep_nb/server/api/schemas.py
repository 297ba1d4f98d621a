"""What the API answers, as OpenAPI describes it."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from videoprep_nb.core.file_names import display_name, path_to_text
from videoprep_nb.jobs.engine.cluster import WorkerInfo
from videoprep_nb.jobs.models import ENDED, MAX_NAME, MAX_NOTE, JobAbout, State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace
from videoprep_nb.jobs.service import JobView
from videoprep_nb.jobs.store.rows import Event, JobRow, TaskRow
from videoprep_nb.server.examine import CheckupResult
from videoprep_nb.server.uploads.imports import ImportEntry
from videoprep_nb.server.uploads.old_fields import old_options
from videoprep_nb.server.uploads.resumable import ResumableUpload
from videoprep_nb.server.uploads.sources import VideoSource
from videoprep_nb.stages.registry import STAGES

_STAGE = next(iter(STAGES.values()))
"""A stage for examples."""

JOB_ID = "20260131-0123456789abcdef"
"""A job id for examples."""

_NUMBER: int = Field(description="its number; a job is named by it or by its id", examples=[32])


def _queue(place: QueuePlace | None) -> dict[str, int]:
    return {"jobs_ahead": place.jobs_ahead, "other_users": place.other_owners} if place else {}


class Submitted(BaseModel):
    """A job that was accepted."""

    job_id: str = Field(description="its id", examples=[JOB_ID])
    number: int = _NUMBER

    @classmethod
    def of(cls, row: JobRow) -> "Submitted":
        """The job as the store has it."""
        return cls(job_id=row.job_id, number=row.number)


class JobSummary(BaseModel):
    """A job in a list."""

    job_id: str = Field(examples=[JOB_ID])
    number: int = _NUMBER
    name: str = Field(description="what people call it; empty when it has no name", examples=["Station, north"])
    note: str = Field(description="what people noted about it; empty when there is nothing", examples=[""])
    owner: str = Field(description="name of who submitted it; empty where nobody logs in", examples=["anna"])
    state: State
    message: str = Field(description="why it is in this state, in one sentence; may be empty", examples=[""])
    video_names: list[str] = Field(description="names of its videos, in their order", examples=[["street.mp4"]])
    size_bytes: int = Field(description="size of all its videos", examples=[73_400_320])
    keep_scratch: bool = Field(description="whether clips, frames, detections and tracks stay on the server")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    results_deleted_at: datetime | None = Field(description="when its files were deleted to free disk space")
    disk_bytes: int | None = Field(
        None,
        description="room that its files take, as last measured; null before",
        examples=[120_000_000],
    )
    jobs_ahead: int | None = Field(
        None, description="unfinished jobs of the same user that come before it; null unless it is queued", examples=[2]
    )
    other_users: int | None = Field(
        None, description="other users with unfinished jobs, who take turns with its user; null unless it is queued"
    )

    @classmethod
    def of(cls, row: JobRow, place: QueuePlace | None = None) -> "JobSummary":
        """The job as the store has it, and where it stands in the queue."""
        return cls.model_validate(vars(row) | {"owner": row.owner_name} | _queue(place))


class JobList(BaseModel):
    """A page of the list of jobs, newest first."""

    jobs: list[JobSummary]
    total: int = Field(description="how many jobs there are on all pages", examples=[1])


class Place(BaseModel):
    """A place in the tracks of a video that a person should inspect."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(description="what may be wrong there", examples=["broken track"])
    track_ids: list[int] = Field(description="the track, or the two of them", examples=[[3, 7]])
    start_s: float = Field(description="where it begins, in seconds of the standard video", examples=[12.4])
    end_s: float = Field(description="where it ends", examples=[12.9])
    words: str = Field(examples=["3 ends, 7 begins 0.5 s later close by"])
    preview_s: float | None = Field(
        None, description="the moment in the preview video, null where that does not show it", examples=[2.4]
    )
    name: str = Field(
        "", description="its place in the report of stage 4 is #hint-NAME; empty in older jobs", examples=["gap-1"]
    )


class VideoStatus(BaseModel):
    """One video of a job."""

    video_id: str = Field(examples=["1"])
    original_name: str = Field(examples=["street.mp4"])
    state: State
    message: str = Field(description="what went wrong, in one sentence; empty when nothing did", examples=[""])
    findings: list[str] = Field(description="what was unusual about the file, a sentence each; known at the end")
    size_bytes: int | None = Field(None, description="size of the file, null until the end", examples=[73_400_320])
    duration_s: float | None = Field(None, description="its length in seconds, null while unknown", examples=[96.0])
    standard_frame_count: int | None = Field(None, description="its frames, null while unknown", examples=[2400])
    clip_count: int | None = Field(None, description="clips that it was cut into, null while unknown", examples=[7])
    frame_count: int | None = Field(None, description="frames extracted as images, null while unknown", examples=[96])
    person_count: int | None = Field(
        None, description="different people, as far as the tracker can tell; null while unknown", examples=[12]
    )
    places: list[Place] = Field([], description="where in its tracks to look first, the worst in front")


class TaskStatus(BaseModel):
    """One task of work: a notebook for one video, or for the whole job."""

    key: str = Field(description="its name within the job", examples=[f"{_STAGE.key}_1"])
    stage: str = Field(examples=[_STAGE.name])
    video_id: str | None = Field(description="the video, null for a stage that runs once per job", examples=["1"])
    part: int | None = Field(description="which part of a long video, null for the whole")
    state: State
    message: str = Field(description="why it is in this state, in one sentence; may be empty", examples=[""])
    attempt: int = Field(description="how often it was started", examples=[1])
    done: int = Field(description="how much of it is done", examples=[1200])
    total: int = Field(description="how much there is to do, 0 while that is unknown", examples=[2400])
    progress_unit: str = Field(description="what is counted", examples=["frames"])
    fraction_done: float = Field(ge=0, le=1, examples=[0.5])
    rate_per_s: float | None = Field(description="how many a second, null while unknown", examples=[80.0])
    remaining_s: float | None = Field(description="seconds left, null while that is unknown", examples=[15.0])
    elapsed_s: float = Field(description="seconds since its start, or that it took", examples=[15.0])
    started_at: datetime | None
    ended_at: datetime | None
    report: str = Field(description="file name of its executed notebook, empty when there is none", examples=[""])

    @classmethod
    def of(cls, row: TaskRow, now: datetime) -> "TaskStatus":
        """The task as the store has it, with its rate until now."""
        values = {
            **vars(row),
            "fraction_done": row.fraction_done,
            "rate_per_s": row.rate_per_s(now),
            "remaining_s": row.remaining_s(now),
            "elapsed_s": row.elapsed_s(now),
        }
        return cls.model_validate(values)


class JobStatus(JobSummary):
    """A job with all its videos and tasks."""

    videos: list[VideoStatus]
    tasks: list[TaskStatus]
    fraction_done: float = Field(ge=0, le=1, description="share of the work that is done", examples=[0.5])
    remaining_s: float | None = Field(description="estimated seconds to the end, null while unknown", examples=[42.0])
    has_package: bool = Field(description="whether there is a package to fetch")

    @classmethod
    def of_view(cls, view: JobView, has_package: bool) -> "JobStatus":
        """The job as the service sees it."""
        values = {
            **vars(view.job),
            "owner": view.job.owner_name,
            "videos": _videos(view),
            "tasks": [TaskStatus.of(task, view.at) for task in view.tasks],
            "fraction_done": view.fraction_done,
            "remaining_s": view.remaining_s,
            "has_package": has_package,
            **_queue(view.place),
        }
        return cls.model_validate(values)


class EventMessage(BaseModel):
    """Something that happened to a job; the ``data`` of a server-sent event."""

    at: datetime
    text: str = Field(description="one sentence, or the state", examples=["running"])
    data: dict[str, Any] = Field(description="the same for programs", examples=[{"state": "running", "message": ""}])

    @classmethod
    def of(cls, event: Event) -> "EventMessage":
        """The event as the store has it."""
        return cls(at=event.at, text=event.text, data=event.data)


class Report(BaseModel):
    """A report of a job: a page, or the executed notebook that it shows."""

    name: str = Field(examples=[f"{_STAGE.key}_1.html"])
    href: str = Field(description="where to fetch it", examples=[f"/api/jobs/{JOB_ID}/reports/{_STAGE.key}_1.html"])


class UploadStatus(BaseModel):
    """An upload that no job uses yet."""

    upload_id: str
    name: str = Field(description="name of the file", examples=["street.mp4"])
    size_bytes: int = Field(description="how large it is", examples=[73_400_320])
    offset_bytes: int = Field(description="how much has arrived", examples=[1_048_576])
    created_at: datetime

    @classmethod
    def of(cls, upload: ResumableUpload) -> "UploadStatus":
        """The upload as it lies on the disk."""
        info = upload.info
        return cls(
            upload_id=info.upload_id,
            name=info.name,
            size_bytes=info.size_bytes,
            offset_bytes=upload.offset,
            created_at=info.created_at,
        )


class JobRequest(BaseModel):
    """A job made of videos that are on the server already."""

    videos: list[VideoSource] = Field(
        description="in the order that numbers them 1, 2, …", min_length=1, max_length=1000
    )
    params: JobParams = Field(JobParams({}), description="parameters that differ from the defaults, by stage and name")
    options: JobOptions = Field(JobOptions(), description="how it is run")

    name: str = Field("", max_length=MAX_NAME, description="what people call the job; may be empty")
    note: str = Field("", max_length=MAX_NOTE, description="anything worth remembering about it; may be empty")

    @property
    def about(self) -> JobAbout:
        """Name and note."""
        return JobAbout(name=self.name, note=self.note)

    @model_validator(mode="before")
    @classmethod
    def _take_old_fields(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not isinstance(options := content.get("options", {}), dict):
            return content
        return content | {"options": old_options(content) | options}


class AboutChange(BaseModel):
    """Another name or note of a job; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=MAX_NAME, description="in one line; empty: none", examples=["Station"])
    note: str | None = Field(None, max_length=MAX_NOTE, description="in any lines; empty: none")

    def of(self, row: JobRow) -> JobAbout:
        """What the job has then."""
        return JobAbout.model_validate(row.about.model_dump() | self.model_dump(exclude_none=True))


class ImportFile(BaseModel):
    """A file or folder on the server that videos may be taken from."""

    name: str = Field(examples=["street.mp4"])
    path: str = Field(
        description="by this it is chosen; members see only the name of the import folder",
        examples=["/videos/street.mp4"],
    )
    is_folder: bool
    size_bytes: int = Field(description="0 for a folder", examples=[73_400_320])

    @classmethod
    def of(cls, entry: ImportEntry) -> "ImportFile":
        """The entry as it lies on the disk."""
        return cls(
            name=display_name(entry.path.name or str(entry.path)),
            path=path_to_text(entry.path),
            is_folder=entry.is_folder,
            size_bytes=entry.size_bytes,
        )


class PreviewFile(BaseModel):
    """A preview video or an image of the result."""

    name: str = Field(examples=["1.mp4"])
    href: str = Field(description="where to fetch it", examples=[f"/api/jobs/{JOB_ID}/preview/1.mp4"])


class Freed(BaseModel):
    """Unused files that were deleted."""

    freed_bytes: int = Field(examples=[1_500_000_000])
    items: list[str] = Field(description="a sentence per deleted thing, and per thing that could not be deleted")


class Worker(BaseModel):
    """A worker that tasks run on."""

    address: str = Field(examples=["tls://127.0.0.1:40123"])
    threads: int = Field(description="tasks that it runs at a time", examples=[1])
    resources: dict[str, float] = Field(examples=[{"GPU": 1}])

    @classmethod
    def of(cls, worker: WorkerInfo) -> Self:
        """What the engine knows of it."""
        return cls(address=worker.address, threads=worker.threads, resources=worker.resources)


class Alive(BaseModel):
    """That the process of the service answers."""

    alive: bool = Field(description="always true")


class Ready(BaseModel):
    """That the service takes jobs and works on them."""

    ready: bool = Field(description="always true; otherwise the answer is a problem with status 503")


class Health(BaseModel):
    """How the service is."""

    version: str = Field(examples=["0.1.0"])
    ready: bool = Field(description="whether the service takes jobs and works on them")
    reasons: list[str] = Field(description="why it is not ready, a sentence each")
    workers: list[Worker] = Field(description="none while they start, which takes a few seconds")
    jobs: dict[State, int] = Field(description="how many jobs are in each state", examples=[{"queued": 2, "done": 40}])
    disk_total_bytes: int = Field(examples=[2_000_000_000_000])
    disk_free_bytes: int = Field(examples=[1_200_000_000_000])
    waiting: list[str] = Field(
        description="jobs that wait for disk space, memory or the machine, a sentence each with the next try",
        examples=[["Job 32: Waiting for disk space: 2.1 GB free, 5.0 GB needed; next try at 14:03:20 UTC."]],
    )


class CheckStatus(BaseModel):
    """The result of one check of the machine."""

    name: str = Field(examples=["ffmpeg"])
    ok: bool
    message: str = Field(description="what was found, and how to fix it")
    needed: bool = Field(description="whether jobs cannot run without it")


class HealthDetails(BaseModel):
    """How the machine of the service is."""

    checked_at: datetime | None = Field(description="null while the first check, of some seconds, runs")
    checks: list[CheckStatus]
    jobs_bytes: int = Field(description="disk space of all jobs", examples=[120_000_000_000])
    uploads_bytes: int = Field(description="disk space of uploads that no job uses", examples=[2_000_000_000])
    notices: list[str] = Field(
        description="what needs attention: restored jobs, what lies in `lost+found`, a clock that jumped"
    )

    @classmethod
    def of(cls, result: CheckupResult | None, usage: dict[str, int], notices: list[str]) -> "HealthDetails":
        """The results of the last checks."""
        checks = [CheckStatus.model_validate(check, from_attributes=True) for check in result.checks] if result else []
        return cls(
            checked_at=result.at if result else None,
            checks=checks,
            jobs_bytes=usage["jobs"],
            uploads_bytes=usage["uploads"],
            notices=notices,
        )


def _videos(view: JobView) -> list[VideoStatus]:
    if view.result and view.result.videos:
        return [VideoStatus.model_validate(video, from_attributes=True) for video in view.result.videos]
    return [_unfinished_video(view, str(number), name) for number, name in enumerate(view.job.video_names, start=1)]


def _unfinished_video(view: JobView, video_id: str, name: str) -> VideoStatus:
    """A video by its tasks; until these are planned, and when the job was given up, in the state of its job."""
    tasks = [task for task in view.tasks if task.video_id == video_id]
    states = {task.state for task in tasks}
    failed = next((task.message for task in tasks if task.state is State.FAILED), "")
    if failed:
        state = State.FAILED
    elif view.job.state in ENDED or not tasks:
        state = view.job.state
    elif states == {State.DONE}:
        state = State.DONE
    else:
        state = State.RUNNING if states & {State.RUNNING, State.DONE} else State.WAITING
    counts = {**view.facts.get(video_id, {}), "findings": [], "places": []}
    return VideoStatus.model_validate(
        {"video_id": video_id, "original_name": name, "state": state, "message": failed, **counts}
    )
