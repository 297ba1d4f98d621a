"""One long video: what a second worker brings, how long the plan is on four workers, and what scratch it takes.

Run as ``python benchmarks/bench_parts.py [MINUTES]``; prints one JSON object. With ten minutes of video it takes half
an hour on two cores. The figures mean little while other programs use the cores.
"""

import heapq
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.bench_jobs import FixedThreads, elapsed, one_core, wait_for
from videoprep_nb.jobs.models import JobSpec, State
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace, disk_bytes
from videoprep_nb.media.ffmpeg import raw_input, run_ffmpeg
from videoprep_nb.media.probe import probe
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.base import VideoLength

MINUTES = 10.0
SIMULATED_WORKERS = 4
SHARE_OF_ONE_WORKER, SHARE_OF_BOTH_CORES = 0.58, 0.62
SHARE_OF_WORK = 1.25
SCRATCH_SHARE = 1.3


def measure(minutes: float) -> dict[str, Any]:
    """Run the job on one worker, whole, and on two, in parts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = long_video(folder, 60 * minutes)
        with one_core():
            one_s, _, _, whole_bytes = run(folder / "one_core", video, 1, is_split=False)
        one_on_both_s, *_ = run(folder / "both_cores", video, 1, is_split=False)
        two_s, spec, times_s, split_bytes = run(folder / "two", video, 2, is_split=True)
        work_s = sum(times_s.values())
        critical_s = simulated_s(spec, times_s, SIMULATED_WORKERS)
    return {
        "minutes": minutes,
        "parts": spec.videos[0].part_count,
        "one_worker_on_one_core_s": round(one_s, 1),
        "one_worker_on_both_cores_s": round(one_on_both_s, 1),
        "two_workers_s": round(two_s, 1),
        "ratio": round(two_s / one_s, 3),
        "required_ratio": SHARE_OF_ONE_WORKER,
        "ratio_to_both_cores": round(two_s / one_on_both_s, 3),
        "required_ratio_to_both_cores": SHARE_OF_BOTH_CORES,
        "simulated_workers": SIMULATED_WORKERS,
        "simulated_over_ideal": round(critical_s / (work_s / SIMULATED_WORKERS), 3),
        "required_simulated_over_ideal": SHARE_OF_WORK,
        "scratch_of_parts_over_that_of_whole": round(split_bytes / whole_bytes, 2),
        "required_scratch": SCRATCH_SHARE,
    }


def long_video(folder: Path, duration_s: float) -> Path:
    """The sample again and again, at 10 frames per second."""
    write_sample(folder / "sample.mp4")
    loop = ["-stream_loop", "1000", *raw_input(folder / "sample.mp4"), "-t", str(duration_s), "-vf", "fps=10"]
    run_ffmpeg([*loop, "-c:v", "libx264", "-preset", "veryfast", "-g", "100"], folder / "long.mp4", timeout_s=3600)
    return folder / "long.mp4"


def run(
    workspace: Path, video: Path, workers: int, *, is_split: bool
) -> tuple[float, JobSpec, Mapping[str, float], int]:
    """Seconds of a job, what it was, the times of its tasks, and the bytes of its scratch folder."""
    found = probe(video)
    settings = FixedThreads(worker_count=workers)
    with Service(Workspace(workspace), settings, Limits(free_bytes=0, free_per_input_byte=0)) as service:
        if is_split:
            length = VideoLength(found.duration_s, float(found.rate), can_be_split=True)
            service.admission.note_length(video, length)
        job_id = service.submit([(video.name, video)], options=JobOptions(keep_scratch=True, clips_per_task=1000))
        view = wait_for(service, job_id)
        folder = service.workspace.job_folder(job_id)
        times_s = {task.key: task.elapsed_s(task.ended_at) for task in view.tasks if task.ended_at}
        return elapsed(view), JobSpec.read(folder.spec), times_s, disk_bytes(folder.scratch)


def simulated_s(spec: JobSpec, times_s: Mapping[str, float], workers: int) -> float:
    """How long the plan takes on some workers whose tasks last as long as measured, in the order of the dispatcher."""
    with tempfile.TemporaryDirectory() as name:
        job = ActiveJob(spec, JobFolder(Path(name)), "")
        states = dict.fromkeys((task.key for task in job.tasks()), State.WAITING)
        running: list[tuple[float, str]] = []
        now_s = 0.0
        while True:
            job.note_ready(job.next_tasks(states)[0])
            for task in job.ready[: workers - len(running)]:
                states[task.key] = State.RUNNING
                heapq.heappush(running, (now_s + times_s[task.key], task.key))
            if not running:
                return now_s
            now_s, key = heapq.heappop(running)
            states[key] = State.DONE


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]) if sys.argv[1:] else MINUTES), indent=1))
