"""Comparing jobs of the same videos: which can be compared, and what changed from one to another one."""

from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.background import BackgroundWork
from videoprep_nb.jobs.corrections import corrections_text
from videoprep_nb.jobs.models import ENDED, JobResult
from videoprep_nb.jobs.result_comparison import JobComparison, compare_folders
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.store.rows import JobRow

_MAX_KEPT = 16

Content = tuple[str, ...]
"""What tells that two videos are the same: their hash, or their name and size."""


class JobComparisons:
    """The comparisons of a service; each is made once, in a thread of its own, and kept until something changes.

    Args:
        background: Knows the jobs that have ended.
    """

    def __init__(self, background: BackgroundWork) -> None:
        self._background = background
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="comparison")
        self._kept: OrderedDict[tuple[object, ...], Future[JobComparison]] = OrderedDict()

    def close(self) -> None:
        """Begin no further one, and wait for the one that is being made."""
        self._pool.shutdown(cancel_futures=True)

    def of(self, job_id: str, other_id: str) -> JobComparison | None:
        """What changed from a job to another one, with all corrections so far; None while they are being compared.

        Args:
            job_id: The job before.
            other_id: The job after.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: A job has not ended.
            InputError: A job did not keep its tracks, or is damaged.
        """
        left, right = (self._background.ended(one) for one in (job_id, other_id))
        key = (*_state_of(left), *_state_of(right))
        future = self._kept.get(key)
        if future is None:
            future = self._kept[key] = self._pool.submit(compare_folders, left.path, right.path)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return future.result() if future.done() else None

    def candidates(self, job_id: str, rows: Iterable[JobRow]) -> list[JobRow]:
        """The jobs with which a job can be compared: those that have a video of the same content.

        Args:
            job_id: The job.
            rows: Jobs that may be read.

        Raises:
            NoSuchJob: There is no such job, or it has no package.
            WrongState: The job has not ended.
        """
        own = _contents_of(self._background.ended(job_id))
        folder_of = self._background.workspace.job_folder
        others = (row for row in rows if row.job_id != job_id and row.state in ENDED)
        return [row for row in others if own & _contents_of(folder_of(row.job_id))]


def _state_of(folder: JobFolder) -> tuple[object, ...]:
    """What changes with the tracks and the package of a job."""
    return folder.path, folder.package.stat().st_mtime_ns, corrections_text(folder)


def _contents_of(folder: JobFolder) -> frozenset[Content]:
    """What tells the videos of a job; nothing if it has no package."""
    with suppress(OSError, InputError):
        if folder.package.is_file():
            return _contents(folder.result, folder.result.stat().st_mtime_ns)
    return frozenset()


@lru_cache(maxsize=2000)
def _contents(result: Path, result_ns: int) -> frozenset[Content]:
    videos = [video for video in JobResult.read(result).videos if video.clip_count]
    named = {(video.original_name, str(video.size_bytes)) for video in videos}
    return frozenset({*named, *((video.sha256,) for video in videos if video.sha256)})
