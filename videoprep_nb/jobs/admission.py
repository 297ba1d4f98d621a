"""What a service takes on now, from whom; what it refuses has begun nothing."""

import shutil
import threading

from videoprep_nb.core.errors import NoRoom, ParameterError, TooManyJobs
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.limits import Limits
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.store import Store


class Admission:
    """Checks jobs and uploads against the limits of a service, the disk and the workers.

    Args:
        workspace: The workspace.
        store: Its store.
        limits: What the service takes on.
        settings: Where tasks run.

    Attributes:
        lock: Held from a check until what it allowed is counted; else many at the same moment would pass together.
    """

    def __init__(self, workspace: Workspace, store: Store, limits: Limits, settings: EngineSettings) -> None:
        self._workspace = workspace
        self._store = store
        self._limits = limits
        self._settings = settings
        self.lock = threading.Lock()

    def check_params(self, params: JobParams) -> None:
        """Check that there can be workers for the parameters of a job.

        Raises:
            ParameterError: A stage needs a GPU, and there is none.
        """
        for stage, of_stage in params.each():
            if stage.needs_gpu(of_stage) and not self._settings.may_have_gpu:
                field = f"{stage.name}.{stage.gpu_parameter}"
                raise ParameterError(field, "got cuda, but this machine has no NVIDIA GPU; leave it out")

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
        """Check that the disk has room for something, beside what must stay free.

        Args:
            size_bytes: Its size.
            what: What it is, the subject of the message.

        Raises:
            NoRoom: The disk is too full.
        """
        free = shutil.disk_usage(self._workspace.path).free
        needed = self._limits.free_bytes + size_bytes
        if free < needed:
            raise NoRoom(
                f"{what} needs {needed / 1e9:.2f} GB of disk space, {free / 1e9:.2f} GB are free; "
                "delete jobs that are no longer needed, or ask for more room."
            )
