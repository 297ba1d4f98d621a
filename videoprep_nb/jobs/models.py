"""What a job is given and what becomes of it."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from videoprep_nb.core.file_names import ShownName, WrittenPath, visible, visible_lines
from videoprep_nb.core.records import LeftOutClip, PlaceRecord, Record, ShownSpan
from videoprep_nb.jobs.params import JobOptions, JobParams


class State(StrEnum):
    """State of a job, of a video in it, or of a task of work."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    COMPLETED_WITH_ERRORS = "completed with errors"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DONE, State.COMPLETED_WITH_ERRORS, State.FAILED, State.CANCELLED})
"""States in which nothing happens any more until somebody asks for a retry."""

MAX_NAME, MAX_NOTE = 100, 2000
"""Characters of the name of a job, and of the note about it."""

OWNER_MARK = "#"
"""In the id of a user, between the name and digits that no other user of the name has; no name has it."""


def owner_name(owner: str) -> str:
    """Name of the owner of a job, for people.

    Args:
        owner: Their id: ``anna#1f3a5c7d``, or ``anna`` in jobs of version 0.1.
    """
    return owner.partition(OWNER_MARK)[0]


def _in_one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def _in_lines(text: str) -> str:
    return visible_lines("\n".join(line.rstrip() for line in text.expandtabs(4).splitlines())).strip()


class JobAbout(Record):
    """What people call a job, and what they noted about it; for everybody who may see the job.

    Args:
        name: A few words, in one line; empty when it has none.
        note: Anything, in several lines.
    """

    name: Annotated[str, AfterValidator(_in_one_line)] = Field(
        "", max_length=MAX_NAME, description="what people call the job, in one line; may be empty"
    )
    note: Annotated[str, AfterValidator(_in_lines)] = Field(
        "", max_length=MAX_NOTE, description="anything worth remembering about the job; may be empty"
    )

    def heading(self, title: str) -> str:
        """The title of the job with its name, if it has one.

        Example:
            >>> JobAbout(name="Station, north").heading("Job 32")
            'Job 32 · Station, north'
        """
        return f"{title} · {self.name}" if self.name else title


class VideoInput(Record):
    """One raw video of a job.

    Args:
        video_id: ``1``, ``2``, … in the order of their submission.
        original_name: File name as the person knows it; only ever shown.
        path: Where the file lies.
        part_count: Parts that it is split into from the start, to be worked on side by side; 1 if it is not.
    """

    video_id: str
    original_name: ShownName
    path: WrittenPath
    part_count: int = 1


class JobSpec(Record):
    """What a job is asked to do; kept as ``job.json``.

    Args:
        job_id: Unique, cannot be guessed.
        created_at: When it was submitted.
        version: Version of the toolkit.
        videos: The raw videos.
        params: The parameters of its stages.
        options: How it is run.
        owner: Id of the user who submitted it, for a service that has lost its database; empty where nobody logs in.
        number: Its place in the order of submission, for the same reason; None in jobs of older versions.
        about: What people call it; the only part that changes later.
    """

    job_id: str
    created_at: datetime
    version: str
    videos: list[VideoInput]
    params: JobParams = JobParams({})
    options: JobOptions = JobOptions()
    owner: str = ""
    number: int | None = None
    about: JobAbout = JobAbout()

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, content: Any) -> Any:
        """Jobs of version 0.1 had their options beside their parameters; an unfinished one goes on."""
        if not isinstance(content, dict) or "keep_scratch" not in content:
            return content
        older = {"keep_scratch": "keep_scratch", "previews": "previews", "clips_per_unit": "clips_per_task"}
        options = {new: content[old] for old, new in older.items() if old in content}
        return {name: value for name, value in content.items() if name not in older} | {"options": options}


class TaskResult(Record):
    """How one task of work (stage × video) ended.

    Args:
        stage: Name of the stage.
        video_id: The video, None for a stage that runs once per job.
        state: ``done``, ``failed`` or ``cancelled``.
        message: What went wrong, in one sentence; empty when nothing did.
        elapsed_s: Wall time in seconds.
        report: Name of the executed notebook in the reports folder, empty when there is none.
    """

    stage: str
    video_id: str | None
    state: State
    message: str
    elapsed_s: float
    report: str


class VideoResult(Record):
    """How one video ended.

    Args:
        video_id: The video.
        original_name: File name as the person knows it.
        state: ``done``, ``failed`` or ``cancelled``.
        message: What went wrong, in one sentence; empty when nothing did.
        decoded_frame_count: Frames decoded from the raw file.
        size_bytes: Size of the raw file; None where that is unknown.
        standard_frame_count: Frames of the standard video.
        duration_s: Length of the standard video in seconds, None without one.
        clip_count: Clips cut from it.
        frame_count: JPEGs extracted.
        person_count: Different persons, as far as the tracker can tell; None where nobody has looked for them.
        places: Where in its tracks to look first, the worst in front.
        shown: What its preview video shows; empty if there is none.
        sha256: Hash of the raw file, hexadecimal; empty where that is unknown.
        findings: What was unusual about the file, a sentence each.
        left_out: Clips that are not in the package, with the reasons; they can be brought back.
    """

    video_id: str
    original_name: str
    state: State
    message: str = ""
    decoded_frame_count: int = 0
    size_bytes: int | None = None
    standard_frame_count: int = 0
    duration_s: float | None = None
    clip_count: int = 0
    frame_count: int = 0
    person_count: int | None = None
    places: tuple[PlaceRecord, ...] = ()
    shown: tuple[ShownSpan, ...] = ()
    sha256: str = ""
    findings: tuple[str, ...] = ()
    left_out: tuple[LeftOutClip, ...] = ()


class JobResult(Record):
    """How a job ended; kept as ``result.json``.

    Args:
        job_id: The job.
        state: ``done``, ``completed with errors``, ``failed`` or ``cancelled``.
        message: One sentence for the person who started it.
        folder: The job's folder.
        package: The package, None when there is none.
        videos: What became of each video.
        tasks: What became of each task of work, with its time.
        elapsed_s: Wall time in seconds.
        ended_at: When it ended; None in results of older versions.
        uploaded_to: Address in an object storage, from which folder and package are counted; empty for local ones.
    """

    job_id: str
    state: State
    message: str
    folder: WrittenPath
    package: WrittenPath | None
    videos: list[VideoResult]
    tasks: list[TaskResult]
    elapsed_s: float
    ended_at: datetime | None = None
    uploaded_to: str = ""

    def location(self, name: str) -> str:
        """Path or address of one of its files."""
        return f"{self.uploaded_to}/{name}" if self.uploaded_to else str(self.folder / name)

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, content: Any) -> Any:
        """Results of version 0.1 called their tasks units."""
        if isinstance(content, dict) and "units" in content:
            return {("tasks" if name == "units" else name): value for name, value in content.items()}
        return content

    def moved_to(self, folder: Path, package: Path | None, uploaded_to: str = "") -> "JobResult":
        """The same result, with its files in another folder."""
        return JobResult(
            job_id=self.job_id,
            state=self.state,
            message=self.message,
            folder=folder,
            package=package,
            videos=self.videos,
            tasks=self.tasks,
            elapsed_s=self.elapsed_s,
            ended_at=self.ended_at,
            uploaded_to=uploaded_to,
        )
