"""Where tasks run: Dask, on this machine or on many; the code is the same for both."""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.threads import THREADS_VARIABLE, core_count
from videoprep_nb.jobs.engine.worker import WORKER_LOST, TaskRequest, run_task
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind, close_fork_server
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace

if TYPE_CHECKING:
    from distributed import Future, LocalCluster

OnEnd = Callable[[Outcome], None]

_SHARE_OF_MEMORY = 0.9
_SCHEDULER = re.compile(r"((tcp|tls)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_CONNECT_TIMEOUT_S = 2
_LOCAL_CONFIGURATION = {
    # A computer that was asleep for minutes has not lost its workers; Dask would drop them and never get them back. The
    # death of a process on the same machine is noticed at once anyway.
    "distributed.scheduler.worker-ttl": None,
    # Dask looks a hundred times a second at what its workers do, and fifty times at whether it is awake itself. Tasks
    # take seconds and have processes of their own; all that it finds is that workers wait, for a tenth of a core.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


@dataclass(frozen=True)
class WorkerInfo:
    """A worker that tasks run on.

    Args:
        address: Its address, such as ``tcp://127.0.0.1:40123``.
        threads: Tasks that it runs at a time.
        resources: What it offers, such as ``{"GPU": 1.0}``.
    """

    address: str
    threads: int
    resources: dict[str, float]


@dataclass(frozen=True)
class EngineSettings:
    """Where and how tasks run.

    Args:
        scheduler: Address of a Dask scheduler such as ``tcp://host:8786``; None: workers on this machine.
        worker_count: Workers on this machine, each of which runs one task at a time; 0: one per four cores.
        separate_processes: Whether the workers on this machine are processes of their own, or threads of this one.
            A notebook always runs in a process of its own.
        timeout_s: A task is stopped after this many seconds.
        memory_per_task_bytes: A task is stopped when it takes more memory; None: the workers on a machine share
            nine tenths of its memory.
    """

    scheduler: str | None = None
    worker_count: int = 0
    separate_processes: bool = True
    timeout_s: float = 24 * 3600.0
    memory_per_task_bytes: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can be no scheduler, before anybody waits for it to answer.

        Raises:
            InputError: The address is none.
        """
        if self.scheduler is not None and not _SCHEDULER.fullmatch(self.scheduler):
            raise InputError(f"{self.scheduler!r} is not a scheduler address; expected one such as tcp://host:8786.")

    @property
    def local_worker_count(self) -> int:
        """Workers on this machine."""
        return self.worker_count or max(1, core_count() // 4)

    @property
    def threads_per_task(self) -> int | None:
        """Threads that a task may use, so that tasks side by side do not fight over cores.

        None with a scheduler: its workers stand on machines that are not known here, and get theirs when started.
        """
        return None if self.scheduler else max(1, core_count() // self.local_worker_count)

    @property
    def may_have_gpu(self) -> bool:
        """Whether tasks may be run that need a GPU; where a scheduler stands, a worker with one may still come."""
        return self.scheduler is not None or Path("/dev/nvidia0").exists()

    @property
    def memory_limit_bytes(self) -> int | None:
        """Memory that a task may use, None when that is up to the worker."""
        if self.memory_per_task_bytes or self.scheduler:
            return self.memory_per_task_bytes
        return int(psutil.virtual_memory().total * _SHARE_OF_MEMORY / self.local_worker_count)


def task_environment(workspace: Workspace, settings: EngineSettings) -> dict[str, str]:
    """Environment variables that every notebook of a workspace gets."""
    environment = {WORKSPACE_VARIABLE: str(workspace.path)}
    if settings.threads_per_task is None:
        return environment
    threads = str(settings.threads_per_task)
    return environment | {THREADS_VARIABLE: threads, "OMP_NUM_THREADS": threads}


def _start_local_cluster(settings: EngineSettings) -> "LocalCluster":
    import dask
    from distributed import LocalCluster
    from distributed.gc import disable_gc_diagnosis

    dask.config.set(_LOCAL_CONFIGURATION)
    cluster = LocalCluster(
        n_workers=settings.local_worker_count,
        threads_per_worker=1,
        processes=settings.separate_processes,
        resources={"GPU": 1} if settings.may_have_gpu else {},
        # a notebook has a process and a limit of its own; the worker itself stays small
        memory_limit=0,
        dashboard_address="127.0.0.1:0",  # there is always one; on a free port it is in nobody's way
        silence_logs=40,
    )
    # it runs at every garbage collection, and a Ctrl-C that comes just then would be lost
    disable_gc_diagnosis(force=True)
    return cluster


@contextmanager
def _without_collections() -> Iterator[None]:
    """No garbage is collected meanwhile: one that Dask's diagnosis sees only the end of has it print a traceback."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class SchedulerLost(Exception):
    """The scheduler does not answer any more; nothing will be heard of the tasks that it was given."""


class Engine:
    """Runs tasks on Dask workers.

    Args:
        settings: Where and how.

    Raises:
        OSError: The scheduler does not answer.
    """

    def __init__(self, settings: EngineSettings) -> None:
        from distributed import Client

        self.settings = settings
        self._cluster: LocalCluster | None = None
        if settings.scheduler is not None:
            self._client: Client = Client(settings.scheduler, timeout=_CONNECT_TIMEOUT_S)
        else:
            with _without_collections():
                self._cluster = _start_local_cluster(settings)
            self._client = Client(self._cluster)

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler answers; when it does not, this engine is of no more use."""
        return str(self._client.status) == "running"

    def submit(
        self, name: str, task: TaskRequest, priority: float, needs_gpu: bool, on_end: OnEnd
    ) -> Callable[[], None]:
        """Have a task run when a worker is free.

        Args:
            name: Unique name of this attempt.
            task: The task.
            priority: The higher, the sooner.
            needs_gpu: Whether the worker must offer a GPU.
            on_end: Called from another thread with the outcome.

        Returns:
            What to call to take it back before it has started.

        Raises:
            SchedulerLost: The scheduler does not answer any more.
        """
        from distributed.client import ClosedClientError

        try:
            future = self._client.submit(
                run_task, task, key=name, priority=priority, pure=False, resources={"GPU": 1} if needs_gpu else None
            )
        except ClosedClientError as error:
            raise SchedulerLost from error
        future.add_done_callback(partial(self._report_end, on_end=on_end))
        return partial(self._cancel, future)

    def _cancel(self, future: "Future[Outcome]") -> None:
        if self.is_connected:
            future.cancel()

    def _report_end(self, future: "Future[Outcome]", on_end: OnEnd) -> None:
        if future.status == "finished":
            on_end(future.result())
        elif future.status == "error":
            on_end(_outcome_of_error(future.exception()))
        elif self.is_connected:  # else it is the scheduler that was lost, with everything that it knew
            on_end(_LOST)

    def workers(self) -> list[WorkerInfo]:
        """The workers that the scheduler knows."""
        return [
            WorkerInfo(address, worker["nthreads"], worker["resources"])
            for address, worker in self._client.scheduler_info(n_workers=-1)["workers"].items()
        ]

    def close(self) -> None:
        """Stop the workers of this machine, with all that they run."""
        close_fork_server()
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


_LOST = Outcome(kind=OutcomeKind.DIED, message=WORKER_LOST, elapsed_s=0.0)


def _outcome_of_error(error: BaseException | None) -> Outcome:
    if type(error).__name__ == "KilledWorker":
        return _LOST
    reason = error if isinstance(error, VideoPrepError) else f"{type(error).__name__}: {error}"
    return Outcome(kind=OutcomeKind.FAILED, message=f"The task could not be run: {reason}", elapsed_s=0.0)
