"""A job that is being worked on: from its plan and the states in the store to the next tasks, and to its end."""

import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from videoprep_nb.jobs.engine.cluster import Slots
from videoprep_nb.jobs.engine.worker import DONE_NAME
from videoprep_nb.jobs.facts import video_facts
from videoprep_nb.jobs.fingerprints.code import stage_fingerprint
from videoprep_nb.jobs.fingerprints.tasks import file_fingerprint, read_done_marker, task_fingerprint
from videoprep_nb.jobs.left_out import why_empty
from videoprep_nb.jobs.models import ENDED, JobResult, JobSpec, State, TaskResult, VideoInput, VideoResult
from videoprep_nb.jobs.reports.job_page import write_job_page
from videoprep_nb.jobs.reports.pages import write_missing_pages
from videoprep_nb.jobs.scheduling.plan import (
    blocked_tasks,
    good_video_ids,
    plan_tasks,
    ready_tasks,
    requested_parameters,
    task_parameters,
)
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.retry_stash import keep_for_retry
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.task import Task
from videoprep_nb.stages.registry import STAGES

_log = logging.getLogger(__name__)


class ActiveJob:
    """A job that is being worked on. It decides what comes next and changes nothing in the store.

    Args:
        spec: The job.
        folder: Its folder.
        owner: Who submitted it, which jobs of older versions do not know themselves.
        free_bytes: Room that must stay free on the disk, also when something is kept for a retry.
    """

    def __init__(self, spec: JobSpec, folder: JobFolder, owner: str, free_bytes: int = 0) -> None:
        self.spec = spec
        self.folder = folder
        self.owner = owner
        self.ready: list[Task] = []
        """Tasks that can be started, the one that has waited longest first."""
        self._free_bytes = free_bytes
        self.is_planned = False
        """Whether its tasks are in the store, and those that are to be done again wait."""
        self.stopped: tuple[State, str] | None = None
        """State and message that it is going to end with, when it is to be stopped."""
        self._fingerprints: dict[str, str] = {}
        self._clip_counts: dict[str, int] = {}
        self._tasks: list[Task] = []

    def tasks(self) -> list[Task]:
        """All tasks, as far as they were known when clips were counted."""
        if not self._tasks:
            self.count_clips(video.video_id for video in self.spec.videos)
        return self._tasks

    def rows(self) -> list[TaskRow]:
        """All tasks as the store plans them."""
        return [
            TaskRow(task.key, task.stage, task.video.video_id if task.video else None, task.part)
            for task in self.tasks()
        ]

    def count_clips(self, video_ids: Iterable[str]) -> bool:
        """See into how many clips videos have been cut by now, which decides how many parts they are worked on in.

        The others are not inspected again: a job may have thousands of videos.

        Args:
            video_ids: The videos.

        Returns:
            Whether the tasks have changed.
        """
        before = self._tasks
        counts = {video_id: video_facts(self.folder.scratch, video_id).get("clip_count", 0) for video_id in video_ids}
        if not before or not counts.items() <= self._clip_counts.items():
            self._clip_counts |= counts
            self._tasks = plan_tasks(self.spec, self._clip_counts)
        return self._tasks != before

    def next_tasks(self, states: Mapping[str, State]) -> tuple[list[Task], list[Task]]:
        """The tasks that can be started now, and those that never can."""
        tasks = self.tasks()
        return ready_tasks(tasks, states), blocked_tasks(tasks, states)

    def needs_gpu(self, task: Task, slots: Slots) -> bool:
        """Whether a task runs only where there is a GPU, with such workers."""
        return STAGES[task.stage].needs_gpu(self.spec.params.of(task.stage), slots.gpu_is_reserved)

    def note_ready(self, tasks: Iterable[Task]) -> None:
        """Note which tasks can be started; those that could before stay in front.

        Before them comes what goes on with a part of a video: it uses what the part before has just made, and the
        scratch folder grows less than if a stage were done with all parts first.
        """
        ready = {task.key: task for task in tasks}
        before = [ready.pop(task.key) for task in self.ready if task.key in ready]
        continued = [task for task in ready.values() if task.own_part and STAGES[task.stage].after]
        others = [task for task in ready.values() if task not in continued]
        self.ready = [*continued, *before, *others]

    def first_ready(self, slots: Slots, gpu_is_free: bool, cpu_is_free: bool) -> Task | None:
        """The task that would be started next; None while there is none, or the job is to be stopped.

        Args:
            slots: How many tasks can run at a time.
            gpu_is_free: Whether one more can that needs a GPU.
            cpu_is_free: Whether one more can that needs none.
        """
        ready = (task for task in self.ready if (gpu_is_free if self.needs_gpu(task, slots) else cpu_is_free))
        return None if self.stopped else next(ready, None)

    def parameters(self, task: Task, states: Mapping[str, State]) -> dict[str, Any]:
        """The parameters of a task's notebook."""
        return task_parameters(task, self.spec, self.folder, good_video_ids(self.tasks(), states))

    def task_folder(self, task_key: str) -> Path:
        """The folder of a task's small files."""
        return self.folder.tasks / task_key

    def report(self, task_key: str) -> Path:
        """The executed notebook of a task."""
        return self.folder.reports / f"{task_key}.ipynb"

    def report_name(self, task_key: str) -> str:
        """File name of the executed notebook of a task; empty when there is none, or the disk does not answer."""
        report = self.report(task_key)
        with suppress(OSError):
            return report.name if report.exists() else ""
        return ""

    def done_reports(self, states: Mapping[str, State]) -> tuple[Path, ...]:
        """The executed notebooks of the tasks that are done."""
        reports = (self.report(key) for key, state in states.items() if state is State.DONE)
        return tuple(report for report in reports if report.exists())

    def fingerprint(self, task: Task, states: Mapping[str, State]) -> str:
        """What a task is made from: its parameters, the code, and the tasks or the file that it reads."""
        stage = STAGES[task.stage]
        parameters = requested_parameters(stage, self.spec)
        upstream = [self._fingerprints[key] for key in task.after if states[key] is State.DONE]
        if task.video:
            parameters |= {"video_id": task.video.video_id, "clips": [task.first_clip, task.clip_count]}
            parameters |= {"part": task.own_part, "part_count": task.part_count} if task.part_count > 1 else {}
        if task.video and stage.reads_raw_video:
            parameters["original_name"] = task.video.original_name
            upstream.append(_raw_fingerprint(task.video))
        fingerprint = task_fingerprint(task.stage, parameters, upstream, stage_fingerprint(stage.name))
        self._fingerprints[task.key] = fingerprint
        return fingerprint

    def is_done(self, task: Task, states: Mapping[str, State]) -> bool:
        """Whether the task's marker says that exactly this work is done."""
        return read_done_marker(self.task_folder(task.key) / DONE_NAME, self.fingerprint(task, states)) is not None

    def finish(self, rows: list[TaskRow], started_at: datetime, ended_at: datetime) -> JobResult:
        """Publish the package, the page of reports and ``result.json``.

        The scratch folder of a job without a package goes first, because its disk may be full. That of another stays
        until the end is in the store: the service may be killed just now, and nothing must have to be repeated.

        Args:
            rows: All tasks, ended.
            started_at: When the job started.
            ended_at: When its last task ended.

        Returns:
            How the job ended.
        """
        videos = [self._video_result(video, rows) for video in self.spec.videos]
        end_rows = [row for row in rows if row.video_id is None]
        state, message = self._judge(videos, end_rows)
        if state in (State.FAILED, State.CANCELLED):
            self.put_scratch_away(state, videos)
        elif self.folder.staged_package.exists() or not self.folder.package.exists():
            self.folder.publish()
        result = JobResult(
            job_id=self.spec.job_id,
            state=state,
            message=message,
            folder=self.folder.path,
            package=self.folder.package if self.folder.package.exists() else None,
            videos=videos,
            tasks=[_task_result(row, ended_at) for row in rows if row.started_at],
            elapsed_s=(ended_at - started_at).total_seconds(),
            ended_at=ended_at,
        )
        write_missing_pages(self.done_reports({row.key: row.state for row in rows}))
        write_job_page(self.folder, self.spec, result)
        result.write(self.folder.result)
        return result

    def put_scratch_away(self, state: State, videos: Sequence[VideoResult]) -> None:
        """Delete the scratch folder, unless it is to be kept, but for what a retry need not repeat.

        Args:
            state: How the job ends.
            videos: How every video ended.
        """
        if self.spec.options.keep_scratch:
            return
        if state is not State.DONE:
            self._keep_for_retry([video.video_id for video in videos if video.state is State.DONE])
        self.delete_scratch()

    def delete_scratch(self) -> None:
        """Delete the scratch folder, unless it is to be kept."""
        if not self.spec.options.keep_scratch:
            shutil.rmtree(self.folder.scratch, ignore_errors=True)

    def _keep_for_retry(self, done_video_ids: list[str]) -> None:
        try:
            is_roomy = shutil.disk_usage(self.folder.path).free > self._free_bytes
            keep_for_retry(self.folder, self.tasks(), done_video_ids, self.spec.params, is_roomy)
        except OSError as error:  # the disk is full to the last byte; a retry then starts over
            _log.warning("nothing is kept of job %s: %s", self.spec.job_id, error)
            shutil.rmtree(self.folder.kept, ignore_errors=True)

    def _judge(self, videos: list[VideoResult], end_rows: list[TaskRow]) -> tuple[State, str]:
        if self.stopped:
            return self.stopped
        bad = [video for video in videos if video.state is not State.DONE]
        failed = [row.message for row in end_rows if row.state is State.FAILED]
        if failed:
            return State.FAILED, failed[0]
        if len(bad) == len(videos):
            return State.FAILED, " ".join(video.message for video in bad)
        if bad:
            counts = f"{len(bad)} of {len(videos)} videos could not be processed."
            return State.COMPLETED_WITH_ERRORS, " ".join([counts, *(video.message for video in bad)])
        return State.DONE, why_empty(videos)

    def _video_result(self, video: VideoInput, rows: list[TaskRow]) -> VideoResult:
        own = [row for row in rows if row.video_id == video.video_id]
        failed = next((row for row in own if row.state is State.FAILED), None)
        cancelled = any(row.state is not State.DONE for row in own)
        state = State.FAILED if failed else State.CANCELLED if cancelled else State.DONE
        return VideoResult(
            video_id=video.video_id,
            original_name=video.original_name,
            state=state,
            message=failed.message if failed else "Stopped on request." if cancelled else "",
            size_bytes=_size_of(video.path),
            **video_facts(self.folder.scratch, video.video_id),
        )


def _size_of(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_size
    return None


def _raw_fingerprint(video: VideoInput) -> str:
    """Fingerprint of a raw file; one that cannot be read has none, its resize stage will say why.

    Raises:
        OSError: The machine cannot read it just now.
    """
    try:
        return file_fingerprint(video.path) if video.path.is_file() and not video.path.is_symlink() else "unreadable"
    except (FileNotFoundError, PermissionError):
        return "unreadable"


def _task_result(row: TaskRow, ended_at: datetime) -> TaskResult:
    return TaskResult(
        stage=row.stage,
        video_id=row.video_id,
        state=row.state if row.state in ENDED else State.CANCELLED,
        message=row.message,
        elapsed_s=row.elapsed_s(ended_at),
        report=row.report,
    )
