"""What a user may do with jobs. API and page reach the service through ``UserJobs`` and in no other way."""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from videoprep_nb.errors import NoSuchJob
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.retention import CleanReport
from videoprep_nb.jobs.rows import Event, JobRow
from videoprep_nb.jobs.service import JobView, Limits, Service
from videoprep_nb.jobs.settings import Settings
from videoprep_nb.jobs.workspace import Workspace
from videoprep_nb.web.problems import Refused
from videoprep_nb.web.users import User


class UserJobs:
    """The jobs that a user may see, and what they may do with them.

    A job of somebody else is answered word for word like one that does not exist.

    Args:
        service: The service.
        user: The user.
    """

    def __init__(self, service: Service, user: User) -> None:
        self._service = service
        self.user = user

    @property
    def limits(self) -> Limits:
        """What the service takes on."""
        return self._service.limits

    @property
    def workspace(self) -> Workspace:
        """The folder of the service."""
        return self._service.workspace

    def check_room(self, size_bytes: int) -> None:
        """Check that a job of this size can be taken on now, see ``Service.check_room``."""
        self._service.check_room(size_bytes)

    def submit(
        self,
        videos: Sequence[tuple[str, Path]],
        params: Settings,
        *,
        keep_scratch: bool = False,
        clips_per_unit: int = 8,
    ) -> str:
        """Queue a job that belongs to the user, see ``Service.submit``.

        Args:
            videos: Name for people and file of each video; the files must have been found to be the user's.
            params: Parameters that differ from the defaults, by stage and name.
            keep_scratch: Keep clips, frames, detections and tracks when it has ended.
            clips_per_unit: A video of more clips is split over several units.

        Returns:
            The id of the job.
        """
        return self._service.submit(
            videos, params, owner=self.user.name, keep_scratch=keep_scratch, clips_per_unit=clips_per_unit
        )

    def jobs(
        self, state: State | None = None, text: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[list[JobRow], int]:
        """A page of the list of jobs that the user may see, newest first, and how many there are."""
        return self._service.jobs(state, text, self._owner, offset, limit)

    def counts(self) -> dict[State, int]:
        """Number of jobs that the user may see, by state."""
        return self._service.counts(self._owner)

    def row(self, job_id: str) -> JobRow:
        """A job alone.

        Raises:
            NoSuchJob: There is none that the user may see.
        """
        row = self._service.row(job_id)
        if self._owner not in (None, row.owner):
            raise NoSuchJob.with_id(job_id)
        return row

    def job(self, job_id: str) -> JobView:
        """A job with its units, see ``Service.job``."""
        self.row(job_id)
        return self._service.job(job_id)

    def events(self, job_id: str, since_id: int = 0) -> list[Event]:
        """What happened to a job after a certain event, see ``Service.events``."""
        self.row(job_id)
        return self._service.events(job_id, since_id)

    def cancel(self, job_id: str) -> None:
        """Stop a job, see ``Service.cancel``."""
        self.row(job_id)
        self._service.cancel(job_id)

    def retry(self, job_id: str) -> None:
        """Work again on a job, see ``Service.retry``."""
        self.row(job_id)
        self._service.retry(job_id)

    def delete(self, job_id: str) -> None:
        """Delete an ended job, see ``Service.delete``."""
        self.row(job_id)
        self._service.delete(job_id)

    def has_package(self, job_id: str) -> bool:
        """Whether a job has a package to fetch."""
        self.row(job_id)
        return self._service.workspace.job_folder(job_id).package.is_file()

    def package_path(self, job_id: str) -> Path:
        """The package of a job, see ``Service.package_path``."""
        self.row(job_id)
        return self._service.package_path(job_id)

    def report_names(self, job_id: str) -> list[str]:
        """Names of a job's reports, see ``Service.report_names``."""
        self.row(job_id)
        return self._service.report_names(job_id)

    def report_path(self, job_id: str, name: str) -> Path:
        """A report of a job, see ``Service.report_path``."""
        self.row(job_id)
        return self._service.report_path(job_id, name)

    def workers(self) -> list[dict[str, object]]:
        """The workers that units run on; none while they start."""
        return self._service.workers()

    def clean(self) -> CleanReport:
        """Delete what is no longer needed, see ``Service.clean``.

        Raises:
            Refused: The user is no admin.
        """
        self.check_admin()
        return self._service.clean()

    def check_admin(self) -> None:
        """Check that the user looks after the service.

        Raises:
            Refused: The user is no admin.
        """
        if not self.user.is_admin:
            raise Refused(HTTPStatus.FORBIDDEN, "Only administrators may do this; ask whoever runs the service.")

    @property
    def _owner(self) -> str | None:
        """Whose jobs the user may see; None: all."""
        return None if self.user.is_admin else self.user.name
