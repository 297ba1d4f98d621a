"""Services, workers and notebooks that are killed: the job still ends with the same package."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.support.job_services import (
    CLIP_DURATION_S,
    MARK,
    NO_LIMITS,
    TIMEOUT_S,
    mounted_disk,
    package_content,
    processes_in,
    processes_with,
    quick_settings,
    service_process,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from videoprep_nb.core.errors import InputError, WrongState
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.service import JobView, Service
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.jobs.store.store import Store

STOPS = [
    ("01_resize_1", signal.SIGKILL),
    ("02_clip_1", signal.SIGTERM),
    ("04_track_persons_1_part_2", signal.SIGKILL),
    ("03_extract_frames_1", signal.SIGKILL),
    ("04_track_persons_1", signal.SIGTERM),
    ("05_generate_proposals", signal.SIGKILL),
    ("06_package", signal.SIGKILL),
]

pytestmark = pytest.mark.slow


def test_progress_grows_and_the_estimate_stays_within_bounds(undisturbed: tuple[list[JobView], Path]):
    views, _ = undisturbed
    fractions = [view.fraction_done for view in views]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len(set(fractions)) > 6
    tracked = [task.done for view in views for task in view.tasks if task.stage == "track_persons"]
    assert tracked == sorted(tracked)
    estimates = [view.remaining_s for view in views if view.remaining_s is not None]
    assert estimates
    assert all(0 <= estimate < 600 for estimate in estimates)
    assert views[0].remaining_s is None
    assert views[-1].remaining_s is None


@pytest.mark.exhaustive
def test_service_killed_in_each_stage(video: Path, undisturbed: tuple[list[JobView], Path], tmp_path: Path):
    """One job, whose service is stopped in each stage: nothing is left running, nothing that was done is repeated."""
    path = tmp_path / "workspace"
    done: dict[str, tuple] = {}
    for number, (key, stop) in enumerate(STOPS):
        with service_process(path, CLIP_DURATION_S, [video] if number == 0 else []) as process:
            _wait_until_running(path, key)
            process.send_signal(stop)
            assert process.wait(timeout=10) == (0 if stop == signal.SIGTERM else -signal.SIGKILL)
        assert wait_until(lambda: not processes_with(MARK, str(path)), 10), processes_with(MARK, str(path))
        done = _times_of_done_tasks(path, done)
    assert list(done) == sorted(done) != []
    assert len(done) == len(STOPS)
    with Service(Workspace(path), EngineSettings(worker_count=1), NO_LIMITS) as service:
        [job], _ = service.jobs()
        view = wait_for_end(service, job.job_id)
        assert view.job.state is State.DONE, view.job.message
        assert _times_of_done_tasks(path, done).items() >= done.items()
        assert package_content(service.package_path(job.job_id)) == package_content(undisturbed[1])
        restarts = [event for event in service.events(job.job_id) if "started again" in event.text]
        assert len(restarts) == len(STOPS)


def _wait_until_running(workspace: Path, key: str) -> None:
    def runs() -> bool:
        try:
            store = Store(workspace / "jobs.sqlite", read_only=True)
        except InputError:  # the service is just making it
            return False
        tasks = [tasks_of(store, job.job_id).get(key) for job in store.jobs()[0]]
        store.close()
        return any(task is not None and task.state is State.RUNNING for task in tasks)

    assert wait_until(runs), key


def _times_of_done_tasks(workspace: Path, before: dict[str, tuple]) -> dict[str, tuple]:
    """Start and end of the tasks that are done; those of before must not have changed."""
    store = Store(workspace / "jobs.sqlite", read_only=True)
    [job] = store.jobs()[0]
    times = {task.key: (task.started_at, task.ended_at) for task in store.tasks(job.job_id) if task.state is State.DONE}
    store.close()
    assert times.items() >= before.items()
    return dict(sorted(times.items()))


@pytest.mark.parametrize("disk", [None, pytest.param("local disk", marks=pytest.mark.exhaustive)])
def test_killed_worker_and_killed_kernel_are_replaced(
    disk: str | None, video: Path, undisturbed: tuple[list[JobView], Path], tmp_path: Path
):
    key = "04_track_persons_1"
    settings = EngineSettings(worker_count=1, scratch_dir=disk and tmp_path / disk)
    with Service(Workspace(tmp_path / "workspace"), settings, NO_LIMITS) as service:
        job_id = submit(service, video, params=quick_settings(CLIP_DURATION_S))
        folder = service.workspace.job_folder(job_id).tasks / key

        def runs(attempt: int) -> bool:
            task = tasks_of(service, job_id).get(key)
            return task is not None and task.attempt == attempt and task.state is State.RUNNING and task.total > 0

        assert wait_until(lambda: runs(1))
        kernel = _kernel_in(folder)
        notebook_process = kernel.parent()
        fork_server = notebook_process.parent()
        worker = fork_server.parent()
        assert worker.pid != os.getpid()
        worker.kill()
        assert wait_until(lambda: runs(2))
        assert not psutil.pid_exists(kernel.pid)
        kernel = _kernel_in(folder)
        kernel.kill()
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
        assert package_content(service.package_path(job_id)) == package_content(undisturbed[1])
        assert tasks_of(service, job_id)[key].attempt == 3
        reasons = [event.text for event in service.events(job_id) if "next try at" in event.text]
        assert ["worker" in reason for reason in reasons] == [True, False]
        assert "notebook was killed" in reasons[1]
    assert disk is None or not list((tmp_path / disk).iterdir())


def _kernel_in(task_folder: Path) -> psutil.Process:
    """The only process that works for a job, once the programs have ended that imports of a cold kernel run."""
    found: list[psutil.Process] = []

    def is_alone() -> bool:
        found[:] = processes_in(task_folder.parent)
        return len(found) == 1

    assert wait_until(is_alone, 10), found
    [kernel] = found
    assert Path(kernel.cwd()) == task_folder
    return kernel


@pytest.mark.exhaustive
def test_cluster_that_is_killed_and_started_again(video: Path, tmp_path: Path):
    """The scheduler goes with a worker that runs two notebooks at once; all comes back after a while."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    workspace = Workspace(tmp_path)
    with Service(workspace, EngineSettings(scheduler=address), NO_LIMITS) as service:
        job_id = submit(service, video, video)
        with _cluster(address, str(tmp_path)):
            assert wait_until(lambda: _count(service, job_id, State.RUNNING) == 2)
        assert wait_until(lambda: not processes_with(MARK, str(tmp_path)), 10), processes_with(MARK, str(tmp_path))
        assert wait_until(lambda: not service.workers(), 10)
        assert service.job(job_id).job.state is State.RUNNING
        with _cluster(address, str(tmp_path)):
            view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
    assert wait_until(lambda: not processes_with(MARK, str(tmp_path)), 10), processes_with(MARK, str(tmp_path))


def _count(service: Service, job_id: str, state: State) -> int:
    return sum(task.state is state for task in service.job(job_id).tasks)


@contextmanager
def _cluster(address: str, mark: str) -> Iterator[None]:
    """A scheduler and a worker of two threads; both are killed at the end of the block."""
    commands = [
        ["scheduler", "--host", address, "--no-dashboard"],
        ["worker", address, "--nthreads", "2", "--memory-limit", "0", "--no-nanny", "--no-dashboard"],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command], env=os.environ | {MARK: mark}, stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.exhaustive
def test_cancel_in_each_stage(video: Path, tmp_path: Path):
    stages = ["resize", "clip", "extract_frames", "track_persons", "generate_proposals", "package"]
    with Service(Workspace(tmp_path), EngineSettings(worker_count=2), NO_LIMITS) as service:
        waiting = {submit(service, video): stage for stage in stages}
        other = submit(service, video)
        cancelled = []

        def cancel_those_at_their_stage() -> bool:
            for job_id, stage in list(waiting.items()):
                if service.job(job_id).job.state is State.DONE:  # it was over while another one was inspected
                    waiting[submit(service, video)] = waiting.pop(job_id)
                elif any(task.stage == stage and task.state is State.RUNNING for task in service.job(job_id).tasks):
                    with suppress(WrongState):  # it is over by now
                        service.cancel(job_id)
                    if wait_for_end(service, job_id).job.state is State.DONE:  # its last task was quicker
                        continue
                    assert wait_until(partial(_is_gone, service, job_id)), (stage, service.job(job_id))
                    cancelled.append(waiting.pop(job_id))
            return not waiting

        assert wait_until(cancel_those_at_their_stage, 4 * TIMEOUT_S), waiting  # seven jobs share the machine
        assert set(cancelled) == set(stages)
        assert wait_for_end(service, other).job.state is State.DONE
    path = str(service.workspace.path)
    assert wait_until(lambda: not processes_with(WORKSPACE_VARIABLE, path), 10), processes_with(
        WORKSPACE_VARIABLE, path
    )


def _is_gone(service: Service, job_id: str) -> bool:
    folder = service.workspace.job_folder(job_id)
    is_cancelled = service.job(job_id).job.state is State.CANCELLED
    return is_cancelled and not folder.scratch.exists() and not processes_in(folder.path)


def test_task_that_takes_too_much_memory_is_reported(video: Path, tmp_path: Path):
    settings = EngineSettings(worker_count=1, memory_per_task_bytes=100 * 10**6)
    with Service(Workspace(tmp_path), settings, NO_LIMITS) as service:
        view = wait_for_end(service, submit(service, video))
        assert view.job.state is State.FAILED
        # the process that reads the video or the task itself, whichever meets the limit first
        assert "more memory than the 0.1 GB" in view.job.message
        assert {task.attempt for task in view.tasks if task.state is State.FAILED} == {1}  # the next would need as much


def test_ids_continue_from_clip_to_clip(undisturbed: tuple[list[JobView], Path]):
    proposals = pickle.loads(package_content(undisturbed[1])[0])
    first, second = ({box[5] for frame in clip.values() for box in frame} for clip in proposals.values())
    assert first & second


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(tmp_path / "disk", "3m") as disk:
        yield disk


def test_full_disk_ends_one_job_and_not_the_service(video: Path, small_disk: Path):
    with Service(Workspace(small_disk), EngineSettings(worker_count=1), NO_LIMITS) as service:
        large = {"crf": 0, "frame_rate": "50"}  # another rate, as a source in the standard form is only copied
        params = JobParams(quick_settings().model_dump() | {"resize": large})
        job_id = submit(service, video, params=params)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.FAILED
        assert "disk is full" in view.job.message
        assert "MB are free" in view.job.message
        assert {task.state for task in view.tasks} <= ENDED
        assert not service.workspace.job_folder(job_id).scratch.exists()
        subprocess.run(["mount", "-o", "remount,size=500m", str(small_disk)], check=True)
        service.retry(job_id)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message


def test_service_that_starts_on_a_full_disk_does_not_forget_its_jobs(small_disk: Path, tmp_path: Path):
    video = tmp_path / "no video.mp4"
    video.write_bytes(b"This is no video.")
    workspace = Workspace(small_disk)
    no_scheduler = EngineSettings(scheduler="tcp://127.0.0.1:9")
    with Service(workspace, no_scheduler, NO_LIMITS) as service:
        job_id = submit(service, video)
    filler = small_disk / "filler"
    with closing(Store(workspace.database)) as killed:  # its files stay, as those of a service that was killed
        killed.set_job_state(job_id, State.RUNNING, "", datetime.now(UTC))
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with Service(workspace, no_scheduler, NO_LIMITS) as service:
            assert wait_until(lambda: service._dispatcher._jobs)
            assert service.job(job_id).job.state is State.RUNNING
            filler.unlink()
            assert wait_until(lambda: service.job(job_id).job.state is State.QUEUED, 30)
