"""What the notebooks cost on top of the stage functions, and the memory of a job on a short and on a long video.

Run as ``python benchmarks/bench_notebooks.py``; prints one JSON object.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.sample import write_sample

ROUNDS = 3
MAX_EXTRA_S = 8.0
MAX_MEMORY_MB = 1500
MAX_MEMORY_GROWTH = 1.10
SAMPLE_S = 10


def functions_s(video: Path, folder: Path) -> float:
    """Seconds of the six functions in one process, its start and imports included."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, Path(__file__).with_name("six_functions.py"), video, folder], check=True)
    return time.perf_counter() - started_s


def job_s(video: Path, folder: Path) -> float:
    """Seconds of a whole job: six notebooks with their reports."""
    started_s = time.perf_counter()
    subprocess.run(job_command(video, folder), check=True, capture_output=True)
    return time.perf_counter() - started_s


def job_command(video: Path, folder: Path) -> list[str]:
    """The command that runs a job."""
    return [sys.executable, "-m", "videoprep_nb.cli.main", "run", str(video), "--output", str(folder)]


def peak_memory_mb(video: Path, folder: Path) -> float:
    """Largest resident memory of any process of a job, in MB."""
    process = subprocess.Popen(job_command(video, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    root = psutil.Process(process.pid)
    peak_bytes = 0
    while process.poll() is None:
        for member in [root, *root.children(recursive=True)]:
            try:
                peak_bytes = max(peak_bytes, member.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    assert process.returncode == 0
    return peak_bytes / 1e6


def loop(video: Path, output: Path, duration_s: int) -> Path:
    """A long video that shows a short one again and again."""
    copy = ["-c", "copy", "-t", str(duration_s), str(output)]
    subprocess.run(
        [ffmpeg_executable(), "-loglevel", "error", "-stream_loop", "-1", "-i", str(video), *copy], check=True
    )
    return output


def measure() -> dict[str, object]:
    """Measure, the two ways in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = folder / "sample.mp4"
        write_sample(sample, duration_s=SAMPLE_S)
        functions, jobs = [], []
        for number in range(ROUNDS):
            functions.append(functions_s(sample, folder / f"functions_{number}"))
            jobs.append(job_s(sample, folder / f"job_{number}"))
        extra_s = statistics.median(jobs) - statistics.median(functions)
        one_minute = peak_memory_mb(loop(sample, folder / "1.mp4", 60), folder / "one_minute")
        ten_minutes = peak_memory_mb(loop(sample, folder / "10.mp4", 600), folder / "ten_minutes")
    return {
        "functions_s": functions,
        "job_s": jobs,
        "extra_s": extra_s,
        "extra_is_enough": extra_s <= MAX_EXTRA_S,
        "peak_memory_one_minute_mb": one_minute,
        "peak_memory_ten_minutes_mb": ten_minutes,
        "memory_growth": ten_minutes / one_minute,
        "memory_is_enough": ten_minutes < MAX_MEMORY_MB and ten_minutes / one_minute <= MAX_MEMORY_GROWTH,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
