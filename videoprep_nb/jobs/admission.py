"""What a service takes on now, from whom; what it refuses has begun nothing."""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from videoprep_nb.core.errors import NoRoom, ParameterError, TooLarge, TooManyJobs
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.splitting import part_count
from videoprep_nb.jobs.storage.retention import stashes
from videoprep_nb.jobs.storage.workspace import Workspace, disk_bytes
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.stages.base import Demand, VideoLength

_MAX_LENGTHS = 10_000


class Admission:
    """Checks jobs and uploads against the limits of a service, the disk and the workers.

    Args:
        workspace: The workspace.
        store: Its store.
        limits: What the service takes on.
        settings: Where tasks run.
        make_room: Deletes what is kept for retries until so many bytes are free.

    Attributes:
        lock: Held from a check until what it allowed is counted; else many at the same moment would pass together.
    """

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        limits: Limits,
        settings: EngineSettings,
        make_room: Callable[[int], None],
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._limits = limits
        self._settings = settings
        self._lengths: dict[tuple[int, int, int, int], VideoLength] = {}
        self._make_room = make_room
        self.lock = threading.Lock()

    def check_params(self, params: JobParams) -> None:
        """Check what the parameters of a job ask for.

        Raises:
            ParameterError: One asks for more than is taken, or for a GPU where there is none.
        """
        for problem in self.params_problems(params):
            raise problem

    def params_problems(self, params: JobParams) -> Iterator[ParameterError]:
        """All parameters of a job that ask for more than is taken, or for a GPU where there is none."""
        for stage, of_stage in params.each():
            for demand in stage.demands(of_stage):
                reason = self._refusal(demand)
                if reason:
                    yield ParameterError(f"{stage.name}.{demand.parameter}", reason)
            if stage.needs_gpu(of_stage) and not self._settings.may_have_gpu:
                field = f"{stage.name}.{stage.gpu_parameter}"
                yield ParameterError(field, "got cuda, but there is no NVIDIA GPU that torch can use here; choose auto")

    def _refusal(self, demand: Demand) -> str:
        """Why a demand is not met; empty when it is."""
        pixels, rate = self._limits.frame_pixels, self._limits.frame_rate
        if pixels is not None and demand.frame_pixels > pixels:
            return (
                f"got frames of {demand.frame_pixels / 1e6:.1f} megapixels, expected at most {pixels / 1e6:g}; choose "
                "a lower resolution"
            )
        if rate is not None and demand.frame_rate > rate:
            return f"got {demand.frame_rate:g} frames per second, expected at most {rate:g}; choose a lower rate"
        return ""

    def note_length(self, path: Path, length: VideoLength) -> None:
        """Remember the length of a video that was inspected, for the jobs that are made of it."""
        self._lengths[_identity(path)] = length
        if len(self._lengths) > _MAX_LENGTHS:
            self._lengths.pop(next(iter(self._lengths)))

    def check_scratch(self, params: JobParams, videos: Iterable[tuple[str, Path]]) -> None:
        """Check that the scratch files of a job are going to have room, as far as its videos were inspected.

        Args:
            params: Its parameters.
            videos: Name and file of each video.

        Raises:
            TooLarge: They are too large.
            ParameterError: The part of a video begins after its end.
        """
        self.check_scratch_bytes(params.cost(self._known_lengths(videos)).disk_bytes)

    def part_counts(
        self, params: JobParams, options: JobOptions, videos: Iterable[tuple[str, Path]], worker_count: int
    ) -> dict[str, int]:
        """Into how many parts videos are split, as far as they were inspected; by video id, see ``part_count``.

        Args:
            params: The parameters of the job.
            options: How it is run.
            videos: Name and file of each video.
            worker_count: Workers that are there; 0 while they start.

        Raises:
            ParameterError: The part of a video begins after its end.
        """
        workers = worker_count or self._settings.local_worker_count
        lengths = params.taken(self._known_lengths(videos))
        return {length.video_id: part_count(params, options, length, workers) for length in lengths}

    def _known_lengths(self, videos: Iterable[tuple[str, Path]]) -> Iterator[VideoLength]:
        for number, (name, path) in enumerate(videos, start=1):
            length = self._lengths.get(_identity(path)) if path.is_file() else None
            if length:
                yield replace(length, video_id=str(number), original_name=name)

    def check_scratch_bytes(self, size_bytes: float) -> None:
        """Check that the scratch files of a job may be so large.

        Raises:
            TooLarge: They may not.
        """
        limit_bytes = self._limits.scratch_bytes
        if limit_bytes is not None and size_bytes > limit_bytes:
            raise TooLarge(
                f"The scratch files of the job would take about {size_bytes / 1e9:.2f} GB, at most "
                f"{limit_bytes / 1e9:g} GB are allowed; make several jobs of it, or choose a lower resolution or frame "
                "rate."
            )

    def check_room(self, size_bytes: int, owner: str, to_come_bytes: int = 0) -> None:
        """Check that a job with so many bytes of videos can be taken on now.

        Args:
            size_bytes: Size of its videos.
            owner: Who submits it.
            to_come_bytes: How much of that is not on the disk yet.

        Raises:
            TooManyJobs: Too many jobs of the owner have not ended.
            NoRoom: The disk is too full.
        """
        self.check_queue(owner)
        self.check_free(int(size_bytes * self._limits.free_per_input_byte) + to_come_bytes, "The job")

    def check_queue(self, owner: str) -> None:
        """Check that an owner may have one more job that has not ended.

        Raises:
            TooManyJobs: There are too many.
        """
        counts = self._store.count_by_state(owner)
        unfinished = sum(count for state, count in counts.items() if state not in ENDED)
        if unfinished >= self._limits.queued_jobs:
            raise TooManyJobs(
                f"{unfinished} jobs of this user are waiting or running, which is the limit; wait until one ends, or "
                "cancel one."
            )

    def check_free(self, size_bytes: int, what: str) -> None:
        """Check that the disk has room for something, beside what must stay free; what is kept for retries makes room.

        Args:
            size_bytes: Its size.
            what: What it is, the subject of the message.

        Raises:
            NoRoom: The disk is too full.
        """
        free = shutil.disk_usage(self._workspace.path).free
        needed = self._limits.free_bytes + size_bytes
        if free < needed <= free + sum(map(disk_bytes, stashes(self._workspace, self._store))):
            self._make_room(needed)
            free = shutil.disk_usage(self._workspace.path).free
        if free < needed:
            raise NoRoom(
                f"{what} needs {needed / 1e9:.2f} GB of disk space, {free / 1e9:.2f} GB are free; "
                "delete jobs that are no longer needed, or ask for more room."
            )


def _identity(path: Path) -> tuple[int, int, int, int]:
    """What stays the same when a file is moved, and changes with its content."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
