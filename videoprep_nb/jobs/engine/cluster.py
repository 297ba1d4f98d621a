"""Where tasks run: Dask, on this machine or on many; the code is the same for both."""

import gc
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoprep_nb.core.addresses import is_loopback
from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.layout import SCRATCH_DIR_VARIABLE
from videoprep_nb.core.memory import machine_memory_bytes
from videoprep_nb.core.threads import THREADS_VARIABLE, core_count
from videoprep_nb.jobs.engine.gpus import GPU_VARIABLE, visible_gpus
from videoprep_nb.jobs.engine.local_scratch import check_scratch_dir, find_scratch_dir, sweep
from videoprep_nb.jobs.engine.tls import TlsFiles, temporary_security
from videoprep_nb.jobs.engine.worker import WORKER_LOST, TaskRequest, run_task
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind, close_fork_server
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace

if TYPE_CHECKING:
    from distributed import Future, SpecCluster

OnEnd = Callable[[Outcome], None]

_GPU = "GPU"
"""The resource of a worker that has a GPU."""
_CPU = "CPU"
"""That of the others, if those with a GPU are to be left to tasks that need one."""
_SHARE_OF_MEMORY = 0.7  # the rest is for the service, for the inspections that it starts, and for the system
_SCHEDULER = re.compile(r"((?P<protocol>tcp|tls)://)?(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_CONNECT_TIMEOUT_S = 2
_SLOTS_AGE_S = 1.0
_SILENCE_BELOW = logging.ERROR
_LOCAL_CONFIGURATION: dict[str, Any] = {
    # A computer that was asleep for minutes has not lost its workers; Dask would drop them and never get them back. The
    # death of a process on the same machine is noticed at once anyway.
    "distributed.scheduler.worker-ttl": None,
    # Dask looks a hundred times a second at what its workers do, and fifty times at whether it is awake itself. Tasks
    # take seconds and have processes of their own; all that it finds is that workers wait, for a tenth of a core.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    # Scheduler and workers always have an HTTP server, which asks nobody for a certificate: it has nothing to offer.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@dataclass(frozen=True)
class WorkerInfo:
    """A worker that tasks run on.

    Args:
        address: Its address, such as ``tls://127.0.0.1:40123``.
        threads: Tasks that it runs at a time.
        resources: What it offers, such as ``{"GPU": 1.0}``.
    """

    address: str
    threads: int
    resources: dict[str, float]


@dataclass(frozen=True)
class Slots:
    """How many tasks can run at a time, as far as the workers are known; they may join and leave.

    Args:
        tasks: All tasks.
        gpu: Those of them that need a GPU.
        gpu_is_reserved: Whether workers with a GPU run no other tasks. The others see no GPU then, so that a task
            that takes one where there is one (``auto``) needs it.
    """

    tasks: int
    gpu: int
    gpu_is_reserved: bool = False

    @property
    def cpu(self) -> int:
        """How many tasks can run that need no GPU."""
        return self.tasks - self.gpu * self.gpu_is_reserved


@dataclass(frozen=True)
class EngineSettings:
    """Where and how tasks run.

    Args:
        scheduler: Address of a Dask scheduler such as ``tls://host:8786``; None: workers on this machine.
        tls: What a scheduler at ``tls://`` is reached with.
        allow_insecure: Whether the scheduler may be at ``tcp://`` on another machine, where whoever reaches it can
            run code.
        worker_count: Workers on this machine for tasks that need no GPU, each of which runs one task at a time; 0:
            one per four cores.
        gpus: What CUDA calls the GPUs of this machine that are used. Each has one more worker, which sees no other
            GPU and runs only tasks that need one.
        separate_processes: Whether the workers on this machine are processes of their own, or threads of this one,
            which is for machines without a GPU. A notebook always runs in a process of its own.
        timeout_s: A task is stopped after this many seconds.
        memory_per_task_bytes: A task is stopped when it takes more memory; None: the workers on a machine share
            seven tenths of its memory.
        scratch_dir: Folder on a local disk in which the workers on this machine work; None: what is set for this
            process, else they work in the workspace.
    """

    scheduler: str | None = None
    tls: TlsFiles | None = None
    allow_insecure: bool = False
    worker_count: int = 0
    gpus: tuple[str, ...] = field(default_factory=visible_gpus)
    separate_processes: bool = True
    timeout_s: float = 24 * 3600.0
    memory_per_task_bytes: int | None = None
    scratch_dir: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what can be no scheduler, before anybody waits for it to answer, and one that strangers could use.

        Raises:
            InputError: The address is none, or does not go with the certificates, or the scratch folder cannot be used.
        """
        if self.scratch_dir is not None:
            self._check_scratch_dir(self.scratch_dir)
        if self.scheduler is None:
            if self.tls:
                raise InputError("TLS files are for a scheduler; give its address, such as tls://host:8786, too.")
            return
        match = _SCHEDULER.fullmatch(self.scheduler)
        if not match:
            raise InputError(f"{self.scheduler!r} is not a scheduler address; expected one such as tls://host:8786.")
        if match["protocol"] == "tls":
            if not self.tls:
                raise InputError(f"{self.scheduler} requires --tls-ca, --tls-cert and --tls-key.")
            self.tls.check()
        elif self.tls:
            raise InputError(f"{self.scheduler} does not use TLS files; expected an address such as tls://host:8786.")
        elif not self.allow_insecure and not is_loopback(match["host"].strip("[]")):
            raise InputError(
                f"{self.scheduler} is not encrypted, and whoever reaches it can run code as you; use tls:// with "
                "--tls-ca, --tls-cert and --tls-key, or accept the risk with --insecure-scheduler."
            )

    def _check_scratch_dir(self, scratch_dir: Path) -> None:
        if self.scheduler is not None:
            raise InputError(
                f"--scratch-dir is for workers on this machine; those of {self.scheduler} take their scratch folder "
                f"from {SCRATCH_DIR_VARIABLE}."
            )
        check_scratch_dir(scratch_dir)

    @property
    def cpu_worker_count(self) -> int:
        """Workers on this machine for tasks that need no GPU."""
        return self.worker_count or max(1, core_count() // 4)

    @property
    def local_worker_count(self) -> int:
        """All workers on this machine."""
        return self.cpu_worker_count + len(self.gpus)

    @property
    def threads_per_task(self) -> int | None:
        """Threads that a task may use, so that tasks side by side do not fight over cores.

        None with a scheduler: its workers stand on machines that are not known here, and get theirs when started.
        """
        return None if self.scheduler else max(1, core_count() // self.local_worker_count)

    @property
    def may_have_gpu(self) -> bool:
        """Whether tasks may be run that need a GPU; where a scheduler stands, a worker with one may still come."""
        return self.scheduler is not None or bool(self.gpus)

    @property
    def memory_limit_bytes(self) -> int | None:
        """Memory that a task may use, None when that is up to the worker."""
        if self.memory_per_task_bytes or self.scheduler:
            return self.memory_per_task_bytes
        return int(machine_memory_bytes() * _SHARE_OF_MEMORY / self.local_worker_count)


def task_environment(workspace: Workspace, settings: EngineSettings) -> dict[str, str]:
    """Environment variables that every notebook of a workspace gets."""
    environment = {WORKSPACE_VARIABLE: str(workspace.path)}
    if settings.scratch_dir is not None:
        environment[SCRATCH_DIR_VARIABLE] = str(settings.scratch_dir.absolute())
    if settings.threads_per_task is None:
        return environment
    threads = str(settings.threads_per_task)
    return environment | {THREADS_VARIABLE: threads, "OMP_NUM_THREADS": threads}


@contextmanager
def _local_cluster(settings: EngineSettings) -> "Iterator[SpecCluster]":
    """A scheduler and workers on this machine that nobody else can talk to, until the end of the block."""
    # Dask also imports modules from its scratch folder, whose usual name anybody could know and take before
    with (
        tempfile.TemporaryDirectory(prefix="videoprep-workers-") as scratch,
        _start_cluster(settings, scratch) as cluster,
    ):
        yield cluster


def _start_cluster(settings: EngineSettings, scratch: str) -> "SpecCluster":
    """Start a cluster; Dask's ``LocalCluster`` has dashboards, and lets workers in threads listen at all addresses."""
    import dask
    from distributed import Nanny, Scheduler, SpecCluster, Worker
    from distributed.gc import disable_gc_diagnosis

    # a worker with a GPU has an environment of its own, so a process; threads of this one have no ports to need keys
    has_processes = settings.separate_processes or bool(settings.gpus)
    security = temporary_security() if has_processes else None
    common = {
        "protocol": "tls://" if security else "inproc://",
        "host": "127.0.0.1" if security else None,
        "security": security,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
    }
    options = common | {
        "nthreads": 1,
        # a notebook has a process and a limit of its own; the worker itself stays small
        "memory_limit": 0,
        "preload": ["videoprep_nb.jobs.engine.worker_log"],
        "silence_logs": _SILENCE_BELOW,
    }
    workers = {
        name: {"cls": Nanny if has_processes else Worker, "options": options | own}
        for name, own in _worker_options(settings).items()
    }
    with _without_collections(), dask.config.set(_LOCAL_CONFIGURATION | {"temporary-directory": scratch}):
        cluster = SpecCluster(
            scheduler={"cls": Scheduler, "options": common},
            workers=workers,
            security=security,
            silence_logs=_SILENCE_BELOW,
        )
    # it runs at every garbage collection, and a Ctrl-C that comes just then would be lost
    disable_gc_diagnosis(force=True)
    return cluster


def _worker_options(settings: EngineSettings) -> dict[str, dict[str, Any]]:
    """What distinguishes the workers of this machine, by their names."""
    of_cpu = {"resources": {_CPU: 1}, "env": {GPU_VARIABLE: ""}} if settings.gpus else {}
    of_gpus = {
        f"gpu {index}": {"resources": {_GPU: 1}, "env": {GPU_VARIABLE: gpu}} for index, gpu in enumerate(settings.gpus)
    }
    return {f"cpu {index}": of_cpu for index in range(settings.cpu_worker_count)} | of_gpus


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
        self._local = ExitStack()
        self._slots = Slots(0, 0)
        self._slots_known_until_s = 0.0
        if settings.scheduler is not None:
            security = settings.tls.security() if settings.tls else None
            self._client: Client = Client(settings.scheduler, timeout=_CONNECT_TIMEOUT_S, security=security)
        else:
            self._local.callback(self._sweep)
            self._sweep()
            self._client = Client(self._local.enter_context(_local_cluster(settings)))

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler answers; when it does not, this engine is of no more use."""
        return str(self._client.status) == "running"

    def slots(self) -> Slots:
        """How many tasks can run at a time."""
        if self.settings.scheduler is None:
            gpu_count = len(self.settings.gpus)
            return Slots(self.settings.local_worker_count, gpu_count, gpu_is_reserved=gpu_count > 0)
        if time.monotonic() > self._slots_known_until_s:
            workers = self.workers()
            gpu_count = sum(int(worker.resources.get(_GPU, 0)) for worker in workers)
            is_reserved = gpu_count > 0 and any(_CPU in worker.resources for worker in workers)
            self._slots = Slots(sum(worker.threads for worker in workers), gpu_count, is_reserved)
            self._slots_known_until_s = time.monotonic() + _SLOTS_AGE_S
        return self._slots

    def submit(self, task: TaskRequest, needs_gpu: bool, on_end: OnEnd) -> Callable[[], None]:
        """Have a task run when a worker is free.

        Args:
            task: The task.
            needs_gpu: Whether the worker must offer a GPU.
            on_end: Called from another thread with the outcome.

        Returns:
            What to call to take it back before it has started.

        Raises:
            SchedulerLost: The scheduler does not answer any more.
        """
        from distributed.client import ClosedClientError

        resources = {_GPU: 1} if needs_gpu else {_CPU: 1} if self.slots().gpu_is_reserved else None
        try:
            future = self._client.submit(run_task, task, key=task.attempt, pure=False, resources=resources)
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
        """The workers that the scheduler knows; none while the connection to it is lost."""
        workers = self._client.scheduler_info(n_workers=-1).get("workers", {})  # it is empty for a moment then
        return [WorkerInfo(address, worker["nthreads"], worker["resources"]) for address, worker in workers.items()]

    def close(self) -> None:
        """Stop the workers of this machine, with all that they run."""
        close_fork_server()
        self._client.close()
        self._local.close()

    def _sweep(self) -> None:
        """Delete what was left on the local disk of this machine."""
        scratch_dir = self.settings.scratch_dir or find_scratch_dir({})
        if scratch_dir is not None:
            sweep(scratch_dir)


_LOST = Outcome(kind=OutcomeKind.LOST, message=WORKER_LOST, elapsed_s=0.0)


def _outcome_of_error(error: BaseException | None) -> Outcome:
    if type(error).__name__ == "KilledWorker":
        return _LOST
    reason = error if isinstance(error, VideoPrepError) else f"{type(error).__name__}: {error}"
    return Outcome(kind=OutcomeKind.FAILED, message=f"The task could not be run: {reason}", elapsed_s=0.0)
