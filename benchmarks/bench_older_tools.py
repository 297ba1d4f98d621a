"""Resize + clip + extract against older tools: processor time for the same frames, of a raw video and of standard ones.

Run as ``python benchmarks/bench_older_tools.py``; prints one JSON object.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench_media import VIDEO, stages
from benchmarks.older_tools import run_older_tools
from videoprep_nb.media.ffmpeg import ffmpeg_executable

ROUNDS = 3
LIMITS = {"raw": 3.0, "standard": 15.0}
STANDARD = "scale=960:720:flags=bicubic,pad=1280:720:160:0,format=yuv420p"


def standard_source(folder: Path) -> Path:
    """The video as somebody may have converted it before: x264 with its defaults, and a key frame every second."""
    path = folder / "standard.mp4"
    encoder = ["-c:v", "libx264", "-g", "10", "-keyint_min", "10", "-an"]
    argv = [ffmpeg_executable(), "-loglevel", "error", "-nostdin", "-i", str(VIDEO), "-vf", STANDARD, *encoder]
    subprocess.run([*argv, str(path)], check=True)
    return path


def decode(path: Path) -> None:
    """Decode a video and do nothing with it."""
    argv = [ffmpeg_executable(), "-loglevel", "error", "-nostdin", "-threads", "1", "-i", str(path)]
    subprocess.run([*argv, "-map", "0:v", "-c:v", "wrapped_avframe", "-f", "null", "-"], check=True)


def processor_s(work: Callable[[], object]) -> float:
    """Processor time of some work in this process and its children, in seconds."""
    before = os.times()
    work()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def compare(source: Path) -> dict[str, float]:
    """Both ways in turns, so that other load hits them alike: medians in seconds, and their ratio."""
    ours_s, older_s, decode_s = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            ours_s.append(processor_s(lambda: stages(Path(name), source)))
        with tempfile.TemporaryDirectory() as name:
            older_s.append(processor_s(lambda: run_older_tools(source, Path(name))))
        decode_s.append(processor_s(lambda: decode(source)))
    ours, older, decoded = (statistics.median(times_s) for times_s in (ours_s, older_s, decode_s))
    return {"ratio": older / ours, "ours_s": ours, "older_s": older, "decode_once_s": decoded}


def measure() -> dict[str, object]:
    """The ratios of a raw video, and of one in the standard form."""
    with tempfile.TemporaryDirectory() as name:
        measured = {"raw": compare(VIDEO), "standard": compare(standard_source(Path(name)))}
    return {
        "name": "resize + clip + extract: processor time of older tools over ours",
        "limits": LIMITS,
        "passed": all(measured[form]["ratio"] >= limit for form, limit in LIMITS.items()),
        **{form: {key: round(value, 3) for key, value in values.items()} for form, values in measured.items()},
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
