"""Jobs for many people: submit, inspect, cancel, retry, delete. The one process that writes to a workspace."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from videoprep_nb.core.errors import NoSuchJob, ParameterError, WrongState
from videoprep_nb.core.layout import STAGING_PREFIX
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.jobs.about import change_about
from videoprep_nb.jobs.admission import Admission
from videoprep_nb.jobs.annotations import JobAnnotations
from videoprep_nb.jobs.announcing.announcement import Channel
from videoprep_nb.jobs.announcing.announcer import Announcers
from videoprep_nb.jobs.background import BackgroundWork
from videoprep_nb.jobs.comparison import JobComparisons
from videoprep_nb.jobs.corrections import JobCorrections
from videoprep_nb.jobs.creation import NewJob, add_job
from videoprep_nb.jobs.engine.cluster import EngineSettings, WorkerInfo
from videoprep_nb.jobs.exports import JobExports
from videoprep_nb.jobs.job_view import JobView as JobView
from videoprep_nb.jobs.job_view import view_job
from videoprep_nb.jobs.left_out import JobLeftOut
from videoprep_nb.jobs.limits import Limits as Limits
from videoprep_nb.jobs.models import ENDED, JobAbout, State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.pushes import JobPushes
from videoprep_nb.jobs.scheduling.dispatcher import Dispatcher
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace
from videoprep_nb.jobs.scheduling.waits import with_waits
from videoprep_nb.jobs.storage.adoption import adopt_folders, lost_notices
from videoprep_nb.jobs.storage.clock import TrustedClock
from videoprep_nb.jobs.storage.deletion import delete_job, finish_deletions
from videoprep_nb.jobs.storage.measuring import DiskUse, measure_job
from videoprep_nb.jobs.storage.moved_files import finish_moves
from videoprep_nb.jobs.storage.retention import (
    CleanReport,
    clean,
    free_stashes,
    remove_half_received,
    sweep_processes,
)
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.news import News
from videoprep_nb.jobs.store.rows import Event, JobRow
from videoprep_nb.jobs.store.store import Store


class Service:
    """The service of a workspace. Use it as a context manager, or call ``close``.

    Args:
        workspace: The workspace; no other service may use it.
        settings: Where tasks run.
        limits: What it takes on.
        cvat: Where admins may push results to; None: nowhere.
        channels: What announces ends of jobs.

    Raises:
        InputError: Another service uses the workspace, or it cannot be written to.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: EngineSettings,
        limits: Limits | None = None,
        cvat: CvatAccount | None = None,
        channels: Sequence[Channel] = (),
    ) -> None:
        self.workspace = workspace
        self.limits = limits or Limits()
        self._opened_at = datetime.now(UTC)
        self._resources = ExitStack()
        self._resources.enter_context(workspace.lock())
        sweep_processes(workspace)
        try:
            self._store = Store(workspace.database)
        except BaseException:
            self._resources.close()  # what repairs the database needs the lock
            raise
        self._resources.callback(self._store.close)
        self.admission = Admission(workspace, self._store, self.limits, settings, self._make_room)
        finish_moves(workspace)
        finish_deletions(workspace, self._store)
        self._clock = TrustedClock(workspace.clock_file)
        self._disk_use = DiskUse(workspace, self._store)
        self._adoptions = adopt_folders(workspace, self._store, self._opened_at)
        remove_half_received(workspace)  # by a service that was killed
        self.announcers = Announcers(workspace, self._store, channels)
        self._resources.callback(self.announcers.close)
        self._dispatcher = Dispatcher(workspace, self._store, settings, self.limits)
        self._dispatcher.start()
        self._resources.callback(self._dispatcher.close)
        background = self._background_work()
        self.exports = JobExports(background)
        self.annotations = JobAnnotations(background)
        self.corrections = JobCorrections(background)
        self.left_out = JobLeftOut(background)
        self.comparisons = JobComparisons(background)
        self._resources.callback(self.comparisons.close)
        self._resources.callback(self.annotations.close)
        self.pushes = JobPushes(self._background_work(), cvat) if cvat else None
        if self.pushes:
            self._resources.callback(self.pushes.close)

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop; jobs that have not ended are gone on with by the next service of this workspace."""
        self._resources.close()

    def submit(
        self,
        videos: Sequence[tuple[str, Path]],
        params: JobParams | None = None,
        options: JobOptions | None = None,
        *,
        owner: str = "",
        about: JobAbout | None = None,
    ) -> str:
        """Queue a job; returns at once.

        Args:
            videos: Name for people and file of each video, in the order that numbers them. Files in the uploads
                folder of the workspace are moved into the job, others are read where they are.
            params: The parameters of its stages; None for the defaults.
            options: How it is run; None for the defaults.
            owner: Id of the user who submits it.
            about: Its name and note; None: it has none.

        Returns:
            The id of the job; it cannot be guessed.

        Raises:
            ParameterError: There is no video, or a parameter is wrong.
            LimitExceeded: It is more than this service takes on; the message has the numbers.
        """
        if not videos:
            raise ParameterError("videos", "none was given; name at least one video file")
        params = params or JobParams({})
        self.admission.check_params(params)
        params.check_videos([name for name, _ in videos])
        params.check_files()
        paths = [path for _, path in videos]
        size_bytes = self.limits.check_sizes(paths)
        self.admission.check_scratch(params, videos)
        with self.admission.lock:
            self.admission.check_room(size_bytes, owner)
            new = NewJob(params, options or JobOptions(), about or JobAbout(), owner)
            part_counts = self.admission.part_counts(params, new.options, videos, len(self.workers()))
            spec = add_job(self.workspace, self._store, videos, new, size_bytes, part_counts)
        self._dispatcher.take_up(spec.job_id)
        return spec.job_id

    def jobs(
        self,
        state: State | None = None,
        text: str | None = None,
        owner: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[JobRow], int]:
        """A page of the list of jobs, newest first, and how many there are; see ``Store.jobs``."""
        rows, total = self._store.jobs(state, text, owner, offset, limit)
        return with_waits(rows, self._dispatcher.trouble.waits.sentences()), total

    def row(self, job_id: str) -> JobRow:
        """A job alone, which is quickly looked up.

        Raises:
            NoSuchJob: There is none.
        """
        [row] = with_waits([self._store.job(job_id)], self._dispatcher.trouble.waits.sentences())
        return row

    def job_id_of(self, number: int) -> str:
        """The id of the job with a number, see ``Store.job_id_of``."""
        return self._store.job_id_of(number)

    def job(self, job_id: str) -> JobView:
        """A job with its tasks and an estimate of the time left.

        Raises:
            NoSuchJob: There is none.
        """
        row, folder = self.row(job_id), self.workspace.job_folder(job_id)
        place = self.queue_places([row]).get(job_id)
        return view_job(row, self._store.tasks(job_id), folder, self._opened_at, place)

    def queue_places(self, rows: Iterable[JobRow]) -> dict[str, QueuePlace]:
        """Where those of some jobs stand that are queued, by id, see ``fair_share.queue_places``."""
        queued = {row.job_id for row in rows if row.state is State.QUEUED}
        places = self._dispatcher.queue_places() if queued else {}
        return {job_id: place for job_id, place in places.items() if job_id in queued}

    def events(self, job_id: str, since_id: int = 0, limit: int = -1) -> list[Event]:
        """What happened to a job after a certain event, oldest first.

        Args:
            job_id: The job.
            since_id: The event.
            limit: How many to return at most, -1 for all.

        Returns:
            The events; none when there is no such job.
        """
        return self._store.events(job_id, since_id, limit)

    def news(self, known: Mapping[str, int]) -> News:
        """What has happened to several jobs, see ``read_news``."""
        return self._store.news(known)

    def change_about(self, job_id: str, about: JobAbout) -> None:
        """Give a job another name and note, see ``about.change_about``."""
        self._dispatcher.call(lambda: change_about(self.workspace, self._store, job_id, about))

    def cancel(self, job_id: str) -> None:
        """Stop a job; it is ``cancelled`` a few seconds later.

        Raises:
            NoSuchJob: There is none.
            WrongState: It has ended.
        """
        row = self._store.job(job_id)
        if row.state in ENDED:
            raise WrongState(f"{row.title} is {row.state} already; there is nothing to cancel.")
        self._store.request_cancel(job_id)
        self._dispatcher.cancel(job_id)

    def retry(self, job_id: str) -> None:
        """Work again on a job that failed, was cancelled or has errors; what is there still is not repeated.

        Raises:
            NoSuchJob: There is none.
            WrongState: It is not such a job, or its videos have been deleted.
            TooManyJobs: Too many jobs of its owner have not ended.
        """
        row = self._store.job(job_id)
        if row.state not in (State.FAILED, State.CANCELLED, State.COMPLETED_WITH_ERRORS):
            raise WrongState(f"{row.title} is {row.state}; only a job that failed or was cancelled is tried again.")
        if row.results_deleted_at:
            raise WrongState(f"The files of {row.title} have been deleted; submit its videos again.")
        with self.admission.lock:
            self.admission.check_queue(row.owner)
            self._store.set_job_state(job_id, State.QUEUED, "", datetime.now(UTC))
        self._dispatcher.take_up(job_id)

    def delete(self, job_id: str) -> None:
        """Delete an ended job with all its files.

        Raises:
            NoSuchJob: There is none.
            WrongState: It has not ended; cancel it first.
        """
        self._dispatcher.call(lambda: self._delete(job_id))  # not while its scratch folder is being put away

    def package_path(self, job_id: str) -> Path:
        """The package of a job.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
        """
        row = self._store.job(job_id)
        package = self.workspace.job_folder(job_id).package
        if row.results_deleted_at:
            raise NoSuchJob(f"The files of {row.title} have been deleted; submit its videos again.")
        if not package.is_file():
            raise NoSuchJob(f"{row.title} is {row.state} and has no package.")
        return package

    def report_path(self, job_id: str, name: str) -> Path:
        """A report of a job.

        Raises:
            NoSuchJob: There is no such job, or it has no such report.
        """
        row = self._store.job(job_id)
        path = self.workspace.report_path(job_id, name)
        if path is None:
            raise NoSuchJob(f"{row.title} has no report {name[:100]!r}; its page lists those that it has.")
        return path

    def report_names(self, job_id: str) -> list[str]:
        """Names of the pages and notebooks among the reports of a job, in order; half-written ones are left out."""
        self._store.job(job_id)
        folder = self.workspace.job_folder(job_id).reports
        names = (path.name for path in folder.glob("*") if path.suffix in (".html", ".ipynb"))
        return sorted(name for name in names if not name.startswith(STAGING_PREFIX))

    def disk_usage(self) -> dict[str, int]:
        """Bytes of the workspace's disk, see ``DiskUse.in_bytes``."""
        return self._disk_use.in_bytes()

    def disk_bytes(self, owner: str | None = None) -> int:
        """Room that the jobs take, of one owner or of all, see ``Store.disk_bytes``."""
        return self._store.disk_bytes(owner)

    def counts(self, owner: str | None = None) -> dict[State, int]:
        """Number of jobs by state, of one owner or of all."""
        return self._store.count_by_state(owner)

    def running_tasks(self) -> int:
        """Number of tasks that are running, of all jobs."""
        return self._store.count_running_tasks()

    def workers(self) -> list[WorkerInfo]:
        """The workers that tasks run on; none while they start."""
        return self._dispatcher.workers()

    def waiting(self, owner: str | None = None) -> list[str]:
        """The jobs, of one owner or of all, that wait for disk space, memory or the machine, a sentence each."""
        sentences = self._dispatcher.trouble.waits.sentences()
        rows = [row for row in self._store.unfinished_jobs() if row.job_id in sentences and owner in (None, row.owner)]
        return [f"{row.title}: {sentences[row.job_id]}" for row in rows]

    def notices(self) -> list[str]:
        """What administrators should know, a sentence each: restored jobs, ``lost+found``, the clock, ends of jobs."""
        lost = lost_notices(self.workspace)
        return [*self._adoptions, *lost, *self._clock.notices(), *self.announcers.notices()]

    def check_database(self) -> None:
        """Check that jobs can be written down, see ``Database.check_writable``."""
        self._store.check_writable()

    def clean(self) -> CleanReport:
        """Delete what is no longer needed, see ``retention.clean``."""
        return self._dispatcher.call(self._clean)

    def _make_room(self, needed_bytes: int) -> None:
        self._dispatcher.call(lambda: free_stashes(self.workspace, self._store, needed_bytes))

    def _background_work(self) -> BackgroundWork:
        background = BackgroundWork(
            self.workspace,
            self.package_path,
            self.row,
            self._dispatcher.call,
            self.limits.free_bytes,
            partial(measure_job, self.workspace, self._store),
        )
        self._resources.callback(background.close)
        return background

    def _clean(self) -> CleanReport:
        newest = max(self._store.last_changes().values(), default=self._opened_at)
        now = self._clock.now(datetime.now(UTC), newest)
        return clean(self.workspace, self._store, self.limits.keep_results.total_seconds(), now)

    def _delete(self, job_id: str) -> None:
        row = self._store.job(job_id)
        if row.state not in ENDED:
            raise WrongState(f"{row.title} is {row.state}; cancel it first.")
        delete_job(self.workspace, self._store, job_id)
