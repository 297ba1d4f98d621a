"""One long video on several machines, one of which dies on the way. All of them are processes of this computer.

Run as ``make cluster-demo``, or ``python examples/cluster_demo.py [--length-s SECONDS] [VIDEO]``. It starts a
scheduler and four workers, each with a disk of its own, kills one worker in the middle of its task, adds another one,
prints which worker ran what, and compares the package with that of an undisturbed run without a scheduler. It exits
with 1 if anything is not as it should be.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from videoprep_nb.core.layout import SCRATCH_DIR_VARIABLE
from videoprep_nb.core.threads import THREADS_VARIABLE, core_count
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.tls import TlsFiles, write_certificate
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.ffmpeg import run_ffmpeg
from videoprep_nb.media.sample import write_sample

WORKERS = 4
START_TIMEOUT_S = 60
SAMPLE_LENGTH_S = 20
PARAMS = JobParams(
    {
        "resize": {"width": 640, "height": 360},
        "clip": {"clip_duration_s": 5},
        "track_persons": {"frame_stride": 5, "image_size": 320},
    }
)
OPTIONS = JobOptions(clips_per_task=4, previews=False)  # parts of 20 seconds
INTRODUCTION = f"""
Six programs of this computer stand for six machines:
  a service, which keeps the job and decides what comes next,
  a scheduler, which finds a free worker for each task,
  {WORKERS} workers, each of which runs one task at a time, on a disk of its own that no other one sees.
They talk over TLS: whoever lacks the certificate, which was made just now, is kept out.

The video is worked on in parts. A task has the name of its notebook, of its video and of the part.
"""
THREADS = {THREADS_VARIABLE: "1", "OMP_NUM_THREADS": "1"}
"""With the same number everywhere, results are the same to the last bit."""


@dataclass
class Machine:
    """A machine with one worker: here a process with an address and a disk of its own.

    Args:
        name: What it is called.
        host: Its address; all of 127.* is this computer.
        disk: Its scratch folder, which no other machine sees.
        worker: The worker, with all that it starts.
        tasks: What it began to work on.
        is_killed: Whether it was killed.
    """

    name: str
    host: str
    disk: Path
    worker: subprocess.Popen[bytes]
    tasks: list[str] = field(default_factory=list)
    is_killed: bool = False


class Cluster:
    """A scheduler and workers that talk over TLS, each a process of its own.

    Args:
        folder: Where the certificate lies, and the disks of the machines.
    """

    def __init__(self, folder: Path) -> None:
        self.machines: list[Machine] = []
        self.tls: TlsFiles = write_certificate(folder)
        self._folder = folder
        self._options = ["--tls-ca-file", self.tls.ca, "--tls-cert", self.tls.cert, "--tls-key", self.tls.key]
        self._options += ["--dashboard-address", "127.0.0.1:0"]
        scheduler_file = folder / "scheduler.json"
        self._scheduler = self._start(
            "scheduler", "--host", "tls://127.0.0.1", "--port", "0", "--scheduler-file", scheduler_file
        )
        wait_until(lambda: scheduler_file.exists() and scheduler_file.read_text().endswith("}"), "the scheduler")
        self.address = str(json.loads(scheduler_file.read_text())["address"])

    def add_worker(self) -> Machine:
        """Start a worker on a machine of its own."""
        number = len(self.machines) + 1
        host, disk = f"127.0.0.{10 + number}", self._folder / f"disk of worker {number}"
        worker = self._start(
            *("worker", self.address, "--host", f"tls://{host}", "--nthreads", "1", "--memory-limit", "0"),
            environment={SCRATCH_DIR_VARIABLE: str(disk)},
        )
        self.machines.append(Machine(f"worker {number}", host, disk, worker))
        return self.machines[-1]

    def machine_at(self, address: str) -> Machine:
        """The machine with an address such as ``tls://127.0.0.11:40123``."""
        return next(machine for machine in self.machines if f"//{machine.host}:" in address)

    def close(self) -> None:
        """End all processes."""
        for process in (*(machine.worker for machine in self.machines), self._scheduler):
            process.terminate()
            process.wait()

    def _start(self, *arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        own = {"DASK_TEMPORARY_DIRECTORY": str(self._folder), **THREADS, **(environment or {})}
        command = [sys.executable, "-m", "dask", *map(str, arguments), *map(str, self._options)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | own)


class Course:
    """Prints what happens to the tasks of a job, as it happens.

    Args:
        service: The service that has the job.
        job_id: The job.
        cluster: Where its tasks run.
    """

    def __init__(self, service: Service, job_id: str, cluster: Cluster) -> None:
        self._service = service
        self._job_id = job_id
        self._cluster = cluster
        self._started_s = time.monotonic()
        self._seen = 0

    def say(self, what: str) -> None:
        """Print a line with the time since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._started_s), 60)
        print(f"{minutes:4}:{seconds:02}  {what}", flush=True)

    def follow(self) -> None:
        """Print what is new."""
        events = self._service.events(self._job_id)
        for event in events[self._seen :]:
            if "key" in event.data:
                self._print_task(event.data)
        self._seen = len(events)

    def _print_task(self, data: dict[str, str]) -> None:
        key, state = data["key"], data["state"]
        if "worker" in data:
            machine = self._cluster.machine_at(data["worker"])
            again = ", once more" if any(key in other.tasks for other in self._cluster.machines) else ""
            machine.tasks.append(key)
            self.say(f"{machine.name} begins {key}{again}")
        elif state == State.DONE:
            self.say(f"{' ' * 8} ends   {key}")
        elif data["message"]:
            self.say(f"{' ' * 8} {key}: {data['message']}")


def main(arguments: Sequence[str]) -> int:
    """Run the demo in a temporary folder; the exit status."""
    parser = argparse.ArgumentParser(description="One long video on several machines, one of which dies on the way.")
    parser.add_argument("video", nargs="?", type=Path, help="the video; without it: the sample, again and again")
    parser.add_argument("--length-s", type=int, default=180, help="seconds of the sample (180)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="cluster-demo-") as name, ExitStack() as until_the_end:
        folder = Path(name)
        video = given.video.absolute() if given.video else make_video(folder, given.length_s)
        print(INTRODUCTION)
        cluster = Cluster(folder)
        until_the_end.callback(cluster.close)
        settings = EngineSettings(scheduler=cluster.address, tls=cluster.tls)
        with Service(Workspace(folder / "workspace"), settings) as service:
            for _ in range(WORKERS):
                cluster.add_worker()
            wait_until(lambda: len(service.workers()) == WORKERS, "the workers")
            package = run_with_trouble(service, cluster, video)
        return 0 if package and print_result(cluster, package, video, folder / "undisturbed") else 1


def run_with_trouble(service: Service, cluster: Cluster, video: Path) -> Path | None:
    """Run a job, kill a worker in the middle of a task and add another one; the package, None if there is none."""
    job_id = service.submit([(video.name, video)], PARAMS, OPTIONS)
    course = Course(service, job_id, cluster)
    while service.job(job_id).job.state not in ENDED:
        course.follow()
        if not any(machine.is_killed for machine in cluster.machines):
            kill_in_the_middle(service, job_id, cluster, course)
        time.sleep(0.1)
    course.follow()
    job = service.job(job_id).job
    course.say(f"the job is {job.state}. {job.message}")
    return service.package_path(job_id) if job.state is State.DONE else None


def kill_in_the_middle(service: Service, job_id: str, cluster: Cluster, course: Course) -> None:
    """Kill a worker that has done some of its detections, if there is one now; start another one."""
    for task in service.job(job_id).tasks:
        is_in_the_middle = task.state is State.RUNNING and task.total < 4 * task.done < 3 * task.total
        machine = next((each for each in cluster.machines if each.tasks[-1:] == [task.key]), None)
        if machine is not None and is_in_the_middle and task.stage == "track_persons":
            killed = psutil.Process(machine.worker.pid)
            for process in (killed, *killed.children(recursive=True)):
                process.kill()
            machine.is_killed = True
            course.say(f"{machine.name} is KILLED after {task.done} of {task.total} {task.progress_unit} of {task.key}")
            course.say(f"{cluster.add_worker().name} is added")
            return


def print_result(cluster: Cluster, package: Path, video: Path, folder: Path) -> bool:
    """Print who did what and how good the package is; whether all of it is as it should be."""
    print("\nWhat each worker began:")
    for machine in cluster.machines:
        print(f"  {machine.name}{' (killed)' if machine.is_killed else ''}: {', '.join(machine.tasks) or 'nothing'}")
    repeated = print_repeated(cluster)
    living = [machine for machine in cluster.machines if not machine.is_killed]
    are_empty = wait_until(lambda: not any(any(machine.disk.glob("*")) for machine in living), "")
    print(f"The disks of the living workers are empty again: {'yes' if are_empty else 'NO'}")
    findings = validate_package(package)
    print(f"{package.name}: {'; '.join(map(str, findings)) or 'valid'}")
    print("Now the same job without a scheduler, without local disks, and nobody is killed …", flush=True)
    is_same = run_undisturbed(video, folder) == package.read_bytes()
    print(f"Its package is the same, byte for byte: {'yes' if is_same else 'NO'}")
    return repeated and are_empty and is_same and not findings


def print_repeated(cluster: Cluster) -> bool:
    """Print which task was repeated, and where; whether there is one."""
    killed = next((machine for machine in cluster.machines if machine.is_killed), None)
    if killed is None:
        print("No worker was killed: no task ran long enough.")
        return False
    key = killed.tasks[-1]
    others = [machine.name for machine in cluster.machines if machine is not killed and key in machine.tasks]
    print(f"{key} was begun by {killed.name}, which was killed, and repeated by {', '.join(others) or 'NOBODY'}.")
    return bool(others)


def run_undisturbed(video: Path, folder: Path) -> bytes:
    """The package of the same job on the workers that a service starts by itself, with one thread each."""
    with Service(Workspace(folder), EngineSettings(worker_count=core_count())) as service:
        job_id = service.submit([(video.name, video)], PARAMS, OPTIONS)
        while service.job(job_id).job.state not in ENDED:
            time.sleep(0.2)
        return service.package_path(job_id).read_bytes()


def make_video(folder: Path, length_s: int) -> Path:
    """The sample, again and again."""
    sample, video = folder / "sample.mp4", folder / "long video.mp4"
    write_sample(sample, duration_s=min(SAMPLE_LENGTH_S, length_s))
    loop = ["-stream_loop", "-1", "-i", str(sample), "-t", str(length_s), "-c", "copy"]
    run_ffmpeg(loop, video, timeout_s=600)
    return video


def wait_until(condition: Callable[[], object], what: str) -> bool:
    """Wait for something that takes a moment; end the demo without it, unless it has no name."""
    end_s = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > end_s:
            if what:
                sys.exit(f"{what} did not start within {START_TIMEOUT_S} s")
            return False
        time.sleep(0.1)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
