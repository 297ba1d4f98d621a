"""Whether a service works, for load balancers and monitors, which have no account."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator

from anyio import CapacityLimiter, to_thread

from videoprep_nb.core.errors import DiskFullError, StoreDamaged, StoreUnavailable
from videoprep_nb.jobs.service import Service

LIVE_PATH = "/api/health/live"
READY_PATH = "/api/health/ready"
ALIVE = {"alive": True}
_MAX_AGE_S = 1.0


class Readiness:
    """What keeps a service from taking jobs and working on them. Any thread may call it.

    Strangers may ask: it is found out once a second, by one thread, however many do.

    Args:
        service: The service.
        is_stopping: Whether it is about to stop.
    """

    def __init__(self, service: Service, is_stopping: Callable[[], bool]) -> None:
        self._service = service
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._one_thread = CapacityLimiter(1)
        self._reasons: list[str] = []
        self._found_at_s = float("-inf")

    def reasons(self) -> list[str]:
        """A sentence for each; none when the service is ready."""
        if self._is_stopping():
            return ["The service is about to stop."]
        with self._lock:
            if time.monotonic() - self._found_at_s > _MAX_AGE_S:
                self._reasons = list(_reasons(self._service))
                self._found_at_s = time.monotonic()
            return self._reasons

    async def wait_for_reasons(self) -> list[str]:
        """The same for an event loop, of which only one request at a time takes a thread."""
        return await to_thread.run_sync(self.reasons, limiter=self._one_thread)


def _reasons(service: Service) -> Iterator[str]:
    try:
        service.check_database()
    except (StoreDamaged, StoreUnavailable, DiskFullError) as error:
        yield str(error)
    if not service.workers():
        yield "No worker is connected; those of this machine need a few seconds to start."
    free_bytes = shutil.disk_usage(service.workspace.path).free
    if free_bytes < service.limits.free_bytes:
        yield (
            f"The disk of the workspace has {free_bytes / 1e9:.2f} GB free, expected "
            f"{service.limits.free_bytes / 1e9:.2f} GB or more; delete jobs that are no longer needed."
        )
