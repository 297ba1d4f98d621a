"""A job of many videos of one second each: seconds and processor seconds per video, start and package included.

Run as ``python benchmarks/bench_short_videos.py``; prints one JSON object. The processor seconds are those of the whole
machine, so nothing else may run.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import psutil

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.run import run
from videoprep_nb.media.sample import write_sample

VIDEOS = 20
DURATION_S = 1.0
MAX_PER_VIDEO_S = 2.5


def busy_s() -> float:
    """Seconds that the processors of this machine have worked since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def measure() -> dict[str, float | int | bool]:
    """Run the job once, as ``videoprep run`` does."""
    with tempfile.TemporaryDirectory() as name:
        video = Path(name) / "1.mp4"
        write_sample(video, DURATION_S)
        started_s, busy_before_s = time.perf_counter(), busy_s()
        result = run([video] * VIDEOS, output=Path(name) / "result")
        elapsed_s, work_s = time.perf_counter() - started_s, busy_s() - busy_before_s
    if result.state is not State.DONE:
        raise RuntimeError(result.message)
    return {
        "videos": VIDEOS,
        "cores": len(os.sched_getaffinity(0)),
        "per_video_s": round(elapsed_s / VIDEOS, 2),
        "processor_per_video_s": round(work_s / VIDEOS, 2),
        "required_per_video_s": MAX_PER_VIDEO_S,
        "is_enough": elapsed_s / VIDEOS <= MAX_PER_VIDEO_S,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
