"""Where the parts of a job lie."""

from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.layout import PACKAGE_NAME


@dataclass(frozen=True)
class JobFolder:
    """Where the parts of a job lie.

    Args:
        path: The job's folder.
    """

    path: Path

    @property
    def spec(self) -> Path:
        """What the job was asked to do."""
        return self.path / "job.json"

    @property
    def result(self) -> Path:
        """How the job ended."""
        return self.path / "result.json"

    @property
    def scratch(self) -> Path:
        """Everything that is deleted when the job ends."""
        return self.path / "scratch"

    @property
    def kept(self) -> Path:
        """What a retry need not repeat, of a job that ended early or with errors; see ``retry_stash.py``."""
        return self.path / "kept"

    @property
    def reports(self) -> Path:
        """Executed notebooks and their HTML."""
        return self.path / "reports"

    @property
    def preview(self) -> Path:
        """Preview videos and thumbnails."""
        return self.path / "preview"

    @property
    def package(self) -> Path:
        """The result."""
        return self.path / PACKAGE_NAME

    @property
    def input(self) -> Path:
        """The raw videos, when they were handed over to a service."""
        return self.path / "input"

    @property
    def tasks(self) -> Path:
        """Small files of the tasks: progress, requests to cancel, done markers."""
        return self.scratch / "tasks"

    @property
    def staged_package(self) -> Path:
        """The package until its notebook has run to the end."""
        return self.scratch / PACKAGE_NAME
