"""What may be read of a job, by whomever may see it."""

import re
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from videoprep_nb.core.errors import InputError, NoSuchJob
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.jobs.result_comparison import JobComparison
from videoprep_nb.jobs.service import JobView, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.rows import Event, JobRow

_PREVIEW_NAME = re.compile(r"[0-9]{1,4}(\.mp4|(_[0-9]{1,3})?\.jpg)")


class JobReader(ABC):
    """The results of the jobs that somebody may see; nothing here changes anything.

    Args:
        service: The service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    @abstractmethod
    def row(self, job_id: str) -> JobRow:
        """A job alone; everything else asks here first whether it may be seen.

        Raises:
            NoSuchJob: There is none that may be seen.
        """

    @property
    def workspace(self) -> Workspace:
        """The folder of the service."""
        return self._service.workspace

    def job(self, job_id: str) -> JobView:
        """A job with its tasks, see ``Service.job``."""
        self.row(job_id)
        return self._service.job(job_id)

    def events(self, job_id: str, since_id: int = 0) -> list[Event]:
        """What happened to a job after a certain event, see ``Service.events``."""
        self.row(job_id)
        return self._service.events(job_id, since_id)

    def settings_given(self, job_id: str) -> list[tuple[str, str]]:
        """What of the settings of a job differs from the defaults: name and value; nothing when its file is damaged."""
        self.row(job_id)
        with suppress(InputError):
            return JobSpec.read(self.workspace.job_folder(job_id).spec).params.in_words()
        return []

    def comparison(self, job_id: str, other_id: str) -> JobComparison | None:
        """What changed from a job to another one, see ``JobComparisons.of``; both must be for this reader to see."""
        self.row(job_id)
        self.row(other_id)
        return self._service.comparisons.of(job_id, other_id)

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

    def preview_names(self, job_id: str) -> list[str]:
        """Names of the preview videos and images of the result.

        ``1.mp4`` is video 1 with its tracks, ``1.jpg`` its latest tracked frame, ``1_2.jpg`` the second of its sample
        frames.
        """
        self.row(job_id)
        folder = self.workspace.job_folder(job_id).path / "preview"
        return sorted(path.name for path in folder.glob("*") if _PREVIEW_NAME.fullmatch(path.name) and path.is_file())

    def preview_path(self, job_id: str, name: str) -> Path:
        """One of them.

        Raises:
            NoSuchJob: There is no such job, or it has no such preview (yet).
        """
        if name not in self.preview_names(job_id):
            raise NoSuchJob(f"{self.row(job_id).title} has no preview {name[:100]!r} (yet).")
        return self.workspace.job_folder(job_id).path / "preview" / name
