"""How much room jobs take on the disk: measured where their files change, so that nobody who asks waits for it."""

import logging
import shutil
import time

from videoprep_nb.core.errors import DiskFullError, StoreUnavailable
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace, disk_bytes, is_real_folder
from videoprep_nb.jobs.store.store import Store

_MAX_MEASURING_S = 5.0
_UPLOADS_AGE_S = 30.0
_log = logging.getLogger(__name__)


def measure_job(workspace: Workspace, store: Store, job_id: str) -> None:
    """Note how much room a job takes, after its files have changed. A file that two jobs share counts in both.

    That the number cannot be written down now is no reason for anything else to fail.
    """
    try:
        store.set_disk_bytes(job_id, disk_bytes(workspace.job_folder(job_id).path))
    except (DiskFullError, StoreUnavailable) as error:
        _log.warning("The disk use of job %s is out of date: %s", job_id, error)


def measure_running(folder: JobFolder) -> tuple[int, int]:
    """Room that a running job takes, and how much of it is in its scratch folder."""
    scratch_bytes = disk_bytes(folder.scratch)
    others = [path for path in folder.path.iterdir() if path != folder.scratch] if is_real_folder(folder.path) else []
    return scratch_bytes + sum(map(disk_bytes, others)), scratch_bytes


def measure_unknown(workspace: Workspace, store: Store) -> None:
    """Measure jobs that never were, such as restored ones; for a few seconds, the next call goes on."""
    end_s = time.monotonic() + _MAX_MEASURING_S
    for job_id in store.unmeasured_jobs():
        if time.monotonic() > end_s:
            return
        measure_job(workspace, store, job_id)


class DiskUse:
    """What takes the room of the workspace's disk; any thread may ask.

    Args:
        workspace: The workspace.
        store: Its store.
    """

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace = workspace
        self._store = store
        self._uploads_bytes = 0
        self._uploads_until_s = float("-inf")

    def in_bytes(self) -> dict[str, int]:
        """Bytes of the disk: ``total``, ``free``, and those taken by ``jobs`` and by ``uploads``."""
        usage = shutil.disk_usage(self._workspace.path)
        if time.monotonic() > self._uploads_until_s:
            self._uploads_bytes = disk_bytes(self._workspace.uploads_dir)
            self._uploads_until_s = time.monotonic() + _UPLOADS_AGE_S
        return {
            "total": usage.total,
            "free": usage.free,
            "jobs": self._store.disk_bytes(),
            "uploads": self._uploads_bytes,
        }
