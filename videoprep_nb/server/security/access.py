"""What a user may do with jobs. API and page reach the service through ``UserJobs`` and in no other way."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from videoprep_nb.core.errors import InputError, NoSuchJob, ParameterError, VideoPrepError
from videoprep_nb.core.file_names import path_to_text
from videoprep_nb.core.time_ranges import TimeRange, TimeRanges
from videoprep_nb.jobs.annotations import JobImport
from videoprep_nb.jobs.corrections import JobCorrectionsView
from videoprep_nb.jobs.engine.cluster import WorkerInfo
from videoprep_nb.jobs.exports import JobExport
from videoprep_nb.jobs.left_out import JobLeftOutView
from videoprep_nb.jobs.models import JobAbout, JobSpec, State, VideoInput
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.pushes import JobPush, JobPushes
from videoprep_nb.jobs.scheduling.fair_share import QueuePlace
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.retention import CleanReport
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.media.inspection import Inspection
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.reading import JobReader
from videoprep_nb.server.security.server_rules import check_server_rules, rule_problems
from videoprep_nb.server.security.user_file import User
from videoprep_nb.server.uploads.imports import ImportFolders
from videoprep_nb.server.uploads.resumable import UserUploads
from videoprep_nb.server.uploads.sources import JobAgain, SourceAgain, VideoSource
from videoprep_nb.stages.base import VideoLength

_MAX_COMPARABLE = 1000
_JOB_NUMBER = re.compile(r"[0-9]{1,100}")


class UserJobs(JobReader):
    """The jobs that a user may see, and what they may do with them.

    A job of somebody else is answered word for word like one that does not exist.

    Args:
        service: The service.
        user: The user.
    """

    def __init__(self, service: Service, user: User) -> None:
        super().__init__(service)
        self.user = user

    @property
    def limits(self) -> Limits:
        """What the service takes on."""
        return self._service.limits

    @property
    def uploads(self) -> UserUploads:
        """The user's uploads that no job has taken."""
        return UserUploads(self._service, self.user.user_id)

    def note_length(self, path: Path, found: Inspection) -> None:
        """Remember the length of a video, see ``Admission.note_length``."""
        length = VideoLength(found.duration_s, found.rate, can_be_split=found.can_be_split)
        self._service.admission.note_length(path, length)

    @property
    def imports(self) -> ImportFolders:
        """What lies on the server for everybody to take."""
        return ImportFolders(self._service, shows_paths=self.user.is_admin)

    def check_room(self, size_bytes: int) -> None:
        """Check that a job of this size, which is still to come, can be taken on; see ``Admission.check_room``."""
        self._service.admission.check_room(size_bytes, self.user.user_id, to_come_bytes=size_bytes)

    def check_free(self, size_bytes: int) -> None:
        """Check that the disk has room for bytes that are just arriving, see ``Admission.check_free``."""
        self._service.admission.check_free(size_bytes, "The upload")

    def params_problems(self, params: JobParams) -> Iterator[ParameterError]:
        """All parameters of a job that may not come over the network, or ask for too much."""
        yield from rule_problems(params)
        yield from self._service.admission.params_problems(params)

    def check_scratch_bytes(self, size_bytes: float) -> None:
        """Check that the scratch files of a job may be so large, see ``Admission.check_scratch_bytes``."""
        self._service.admission.check_scratch_bytes(size_bytes)

    def submit(
        self,
        videos: Sequence[tuple[str, Path]],
        params: JobParams | None = None,
        options: JobOptions | None = None,
        about: JobAbout | None = None,
    ) -> str:
        """Queue a job that belongs to the user, see ``Service.submit``.

        Args:
            videos: Name for people and file of each video; the files must have been found to be the user's.
            params: The parameters of its stages; None for the defaults.
            options: How it is run; None for the defaults.
            about: Its name and note; None: it has none.

        Returns:
            The id of the job.
        """
        if params is not None:
            check_server_rules(params)
        return self._service.submit(videos, params, options, owner=self.user.user_id, about=about)

    def submit_sources(
        self,
        sources: Sequence[VideoSource],
        params: JobParams | None = None,
        options: JobOptions | None = None,
        about: JobAbout | None = None,
    ) -> str:
        """Queue a job of uploads, which it takes over, and of files on the server, which it reads in place.

        Args:
            sources: The videos, in the order that numbers them.
            params: The parameters of its stages; None for the defaults.
            options: How it is run; None for the defaults.
            about: Its name and note; None: it has none.

        Returns:
            The id of the job.

        Raises:
            NoSuchUpload: The user has no such upload.
            WrongState: An upload has not arrived in full.
            InputError: A file on the server may not be used.
            ParameterError: An upload is named twice, or a parameter is wrong.
            LimitExceeded: It is more than the service takes on.
        """
        files = {source.server_path: self.imports.file(source.server_path) for source in sources if source.server_path}
        with self.uploads.claimed([source.upload_id for source in sources if source.upload_id]) as claimed:
            videos = [
                claimed[source.upload_id]
                if source.upload_id
                else (files[source.server_path].name, files[source.server_path])
                for source in sources
            ]
            return self.submit(videos, params, options, about)

    def jobs(
        self, state: State | None = None, text: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[list[JobRow], int]:
        """A page of the list of jobs that the user may see, newest first, and how many there are."""
        return self._service.jobs(state, text, self._owner, offset, limit)

    def comparable(self, job_id: str) -> list[JobRow]:
        """The jobs of the user that have a video of the same content, newest first; of the last thousand jobs."""
        self.row(job_id)
        rows, _ = self.jobs(limit=_MAX_COMPARABLE)
        return self._service.comparisons.candidates(job_id, rows)

    def queue_places(self, rows: Sequence[JobRow]) -> dict[str, QueuePlace]:
        """Where those of the user's jobs that are queued stand, see ``Service.queue_places``."""
        return self._service.queue_places(rows)

    def notices(self) -> list[str]:
        """What administrators should know, see ``Service.notices``."""
        self.check_admin()
        return self._service.notices()

    def disk_bytes(self) -> int:
        """Room that the jobs that the user may see take on the disk."""
        return self._service.disk_bytes(self._owner)

    def waiting(self) -> list[str]:
        """The jobs that the user may see and that wait, see ``Service.waiting``."""
        return self._service.waiting(self._owner)

    def counts(self) -> dict[State, int]:
        """Number of jobs that the user may see, by state."""
        return self._service.counts(self._owner)

    def job_id_of(self, name: str) -> str:
        """The id of a job that is named by its number, as the page shows it, or by its id.

        Args:
            name: A number such as ``32``, or an id, which is returned as it is.

        Raises:
            NoSuchJob: There is no job of this number that the user may see.
        """
        if not _JOB_NUMBER.fullmatch(name):
            return name
        try:
            return self.row(self._service.job_id_of(int(name))).job_id
        except NoSuchJob:
            raise NoSuchJob.with_id(name) from None  # the id of somebody else's job stays unknown

    def row(self, job_id: str) -> JobRow:
        """A job alone.

        Raises:
            NoSuchJob: There is none that the user may see.
        """
        row = self._service.row(job_id)
        if self._owner not in (None, row.owner):
            raise NoSuchJob.with_id(job_id)
        return row

    def change_about(self, job_id: str, about: JobAbout) -> None:
        """Give a job another name and note, see ``Service.change_about``."""
        self.row(job_id)
        self._service.change_about(job_id, about)

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

    def exports(self, job_id: str) -> list[JobExport]:
        """The formats of a job, see ``JobExports.of``."""
        self.row(job_id)
        return self._service.exports.of(job_id)

    def start_export(
        self, job_id: str, name: str, labels: str = "", options: Mapping[str, str | float | bool] | None = None
    ) -> None:
        """Write a format of a job in the background, see ``JobExports.start``."""
        self.row(job_id)
        self._service.exports.start(job_id, name, labels, options)

    def export_path(self, job_id: str, file_name: str) -> Path:
        """The file of a format, see ``JobExports.path``."""
        self.row(job_id)
        return self._service.exports.path(job_id, file_name)

    def push(self, job_id: str) -> JobPush:
        """The project of a job on the CVAT server, see ``JobPushes.of``.

        Raises:
            Refused: The user is no admin, or the service pushes to no server.
        """
        return self._pushes_of(job_id).of(job_id)

    def start_push(self, job_id: str) -> None:
        """Create a project on the CVAT server from a job, see ``JobPushes.start``.

        Raises:
            Refused: The user is no admin, or the service pushes to no server.
        """
        self._pushes_of(job_id).start(job_id)

    @property
    def may_push(self) -> bool:
        """Whether the user may push jobs to a CVAT server."""
        return self.user.is_admin and self._service.pushes is not None

    def annotations(self, job_id: str) -> JobImport:
        """The annotations of a job, see ``JobAnnotations.of``."""
        self.row(job_id)
        return self._service.annotations.of(job_id)

    def take_again(self, job_id: str) -> JobAgain:
        """The videos of a job as sources of a new one, with its settings; nothing is uploaded or copied.

        Raises:
            NoSuchJob: There is no such job.
            TooLarge: The videos are more than the uploads of a user may be.
        """
        folder = self.workspace.job_folder(self.row(job_id).job_id)
        spec = JobSpec.read(folder.spec)
        sources, missing = [], []
        parts: dict[str, TimeRange] = {}
        for video in spec.videos:
            try:
                sources.append(self._source_again(folder, video))
                if part := spec.params.time_ranges.of_video(video.video_id, video.original_name):
                    parts[str(len(sources))] = part
            except (InputError, OSError):
                missing.append(video.original_name)
            except VideoPrepError:  # it is more than a user may have: what was taken before is of no use
                for source in filter(lambda source: source.upload_id, sources):
                    self.uploads.remove(source.upload_id)
                raise
        return JobAgain(sources, missing, spec.params.with_time_ranges(TimeRanges(parts)))

    def _source_again(self, folder: JobFolder, video: VideoInput) -> SourceAgain:
        """An upload of the user, of a video that lies in the job; one in a folder for import is named."""
        if folder.input in video.path.parents:
            upload = self.uploads.take_over(video.original_name, video.path)
            return SourceAgain(video.original_name, upload.size_bytes, upload_id=upload.upload_id)
        path = self.imports.file(path_to_text(video.path))
        return SourceAgain(video.original_name, path.stat().st_size, server_path=self.imports.shown(path))

    def corrections(self, job_id: str) -> JobCorrectionsView:
        """The corrections of a job by hand, see ``JobCorrections.of``."""
        self.row(job_id)
        return self._service.corrections.of(job_id)

    def save_corrections(self, job_id: str, text: str) -> None:
        """Keep the corrections of a job, see ``JobCorrections.save``."""
        self.row(job_id)
        self._service.corrections.save(job_id, text)

    def make_corrected_package(self, job_id: str) -> None:
        """Make the package of a job again, see ``JobCorrections.start``."""
        self.row(job_id)
        self._service.corrections.start(job_id)

    def track_strip(self, job_id: str, video_id: str, piece: str) -> bytes:
        """Thumbnails of a track, see ``JobCorrections.strip``."""
        self.row(job_id)
        return self._service.corrections.strip(job_id, video_id, piece)

    def left_out(self, job_id: str) -> JobLeftOutView:
        """What a selection left out of the package of a job, see ``JobLeftOut.of``."""
        self.row(job_id)
        return self._service.left_out.of(job_id)

    def bring_back(self, job_id: str, clip_ids: Sequence[str]) -> None:
        """Bring clips back into the package of a job, all if none is named; see ``JobLeftOut.start``."""
        self.row(job_id)
        self._service.left_out.start(job_id, clip_ids or None)

    def import_annotations(self, job_id: str, upload_ids: Sequence[str], labels: str, formats: Sequence[str]) -> None:
        """Import uploads of the user, which are taken over, as annotations of a job; see ``JobAnnotations.start``.

        Raises:
            NoSuchUpload: The user has no such upload.
            WrongState: An upload has not arrived in full, or annotations are being imported.
            ParameterError: An upload is named twice, or a parameter is wrong.
        """
        self.row(job_id)
        with self.uploads.claimed(upload_ids, field="uploads") as claimed:
            self._service.annotations.start(job_id, list(claimed.values()), labels, formats)

    def training_data_path(self, job_id: str) -> Path:
        """The training data of a job, see ``JobAnnotations.training_data_path``."""
        self.row(job_id)
        return self._service.annotations.training_data_path(job_id)

    def annotation_report_path(self, job_id: str) -> Path:
        """The report on the annotations of a job, see ``JobAnnotations.report_path``."""
        self.row(job_id)
        return self._service.annotations.report_path(job_id)

    def workers(self) -> list[WorkerInfo]:
        """The workers that tasks run on; none while they start."""
        return self._service.workers()

    def disk_usage(self) -> dict[str, int]:
        """Bytes of the disk, see ``Service.disk_usage``.

        Raises:
            Refused: The user is no admin.
        """
        self.check_admin()
        return self._service.disk_usage()

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
            raise Refused(
                HTTPStatus.FORBIDDEN, "Only administrators may do this; ask the administrator of the service."
            )

    def _pushes_of(self, job_id: str) -> JobPushes:
        self.row(job_id)
        self.check_admin()
        if self._service.pushes is None:
            raise Refused(
                HTTPStatus.NOT_FOUND,
                "This service pushes to no CVAT server; start it with --cvat and --cvat-token-file.",
            )
        return self._service.pushes

    @property
    def _owner(self) -> str | None:
        """Whose jobs the user may see; None: all."""
        return None if self.user.is_admin else self.user.user_id
