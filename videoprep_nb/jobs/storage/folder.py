"""Where the parts of a job lie."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.layout import (
    CORRECTIONS_NAME,
    EXPORTS_FOLDER,
    KEPT_FOLDER,
    LEFT_OUT_NAME,
    MANIFEST_NAME,
    PACKAGE_NAME,
    UNCORRECTED_FOLDER,
    sync,
)


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
    def staged_result(self) -> Path:
        """The package and what lies beside it, until their notebook has run to the end."""
        return self.scratch / "result"

    @property
    def staged_package(self) -> Path:
        """The package until its notebook has run to the end."""
        return self.staged_result / PACKAGE_NAME

    @property
    def exports(self) -> Path:
        """The result in further formats."""
        return self.path / EXPORTS_FOLDER

    @property
    def annotations(self) -> Path:
        """What annotators made of the result, as training data with a report."""
        return self.path / "annotations"

    @property
    def cvat_project(self) -> Path:
        """Which project of a CVAT server was created from the result."""
        return self.path / "cvat_project.json"

    @property
    def cvat_upload(self) -> Path:
        """How far an upload to a CVAT server got that has not ended."""
        return self.path / ".cvat-upload.json"

    @property
    def kept_for_exports(self) -> Path:
        """Dense tracks and clips, when a format asked for them."""
        return self.path / KEPT_FOLDER

    @property
    def uncorrected(self) -> Path:
        """The tracks of each video before corrections by hand."""
        return self.path / UNCORRECTED_FOLDER

    @property
    def corrections(self) -> Path:
        """What was corrected by hand since the job ended."""
        return self.path / CORRECTIONS_NAME

    @property
    def left_out(self) -> Path:
        """The clips that a selection left out, as a package of their own."""
        return self.path / LEFT_OUT_NAME

    @property
    def manifest(self) -> Path:
        """Where every frame of the package comes from."""
        return self.path / MANIFEST_NAME

    def is_of_older_package(self, path: Path) -> bool:
        """Whether a file that was made of the package was made of one that has been replaced since."""
        try:
            return path.stat().st_mtime_ns < self.package.stat().st_mtime_ns
        except FileNotFoundError:  # it is being replaced, or deleted
            return False

    @property
    def has_corrected_package(self) -> bool:
        """Whether the package is younger than its corrections by hand; also without any."""
        # clocks of file systems tick every few milliseconds; to write a package takes longer
        package_ns = self.package.stat().st_mtime_ns
        return not (self.corrections.exists() and self.corrections.stat().st_mtime_ns >= package_ns)

    def publish(self) -> None:
        """Move the staged result to its place, the package last: it says that the rest is there.

        Raises:
            FileNotFoundError: There is no staged package.
        """
        if not (self.staged_result / LEFT_OUT_NAME).exists():
            self.left_out.unlink(missing_ok=True)  # that of an older package
        for staged in sorted(self.staged_result.iterdir(), key=lambda path: path.name == PACKAGE_NAME):
            target = self.path / staged.name
            if target.is_dir():
                shutil.rmtree(target)
            staged.replace(target)
        if self.corrections.exists():  # which the new package does not have yet
            self.corrections.touch()
        for folder in (self.exports, self.kept_for_exports):
            with suppress(OSError):  # it holds something, or is not there
                folder.rmdir()
        sync(self.path)
