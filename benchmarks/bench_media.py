"""Resize + clip + extract against one bare ffmpeg command that writes the same clips and JPEGs in a single pass.

Run as ``python benchmarks/bench_media.py``; prints one JSON object.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

VIDEO = Path(__file__).resolve().parents[2] / "shared" / "data" / "videos" / "pets09_s2l1.avi"
ROUNDS = 5
LIMIT = 1.35


def no_progress(done: int, total: int, progress_unit: str) -> None:
    """Take no notice."""


def stages(folder: Path, source: Path = VIDEO) -> dict[str, float]:
    """Run the three stages; seconds of each."""
    started_s = time.perf_counter()
    resize(ResizeParams.checked({"input_file": str(source), "output_dir": str(folder)}), no_progress)
    resized_s = time.perf_counter()
    clip(ClipParams.checked({"input_file": str(folder / "1.mp4"), "output_dir": str(folder / "clips")}), no_progress)
    clipped_s = time.perf_counter()
    params = ExtractFramesParams.checked({"clips_dir": str(folder / "clips"), "output_dir": str(folder / "frames")})
    assert len(extract_frames(params, no_progress).frames) == 80
    extracted_s = time.perf_counter()
    return {
        "resize": resized_s - started_s,
        "clip": clipped_s - resized_s,
        "extract": extracted_s - clipped_s,
        "all": extracted_s - started_s,
    }


def bare_ffmpeg(folder: Path) -> float:
    """Run the one command; seconds."""
    defaults = ResizeParams.checked({})
    graph = (
        "[0:v]setpts=PTS-STARTPTS,fps=10,scale=960:720:flags=bicubic:out_range=tv,format=yuv420p,"
        "pad=1280:720:160:0:black,setsar=1,split[video][second];"
        "[second]select='not(mod(n,10))',scale=out_range=pc,format=yuvj420p[jpeg]"
    )
    encoder = ["-c:v", "libx264", "-preset", defaults.encoder_preset, "-crf", str(defaults.crf), "-bf", "0"]
    keyframes = ["-force_key_frames", "expr:gte(t+0.00001,n_forced)"]
    segments = ["-f", "segment", "-segment_time", "15", "-reset_timestamps", "1", str(folder / "1_clip_%03d.mp4")]
    jpegs = ["-fps_mode", "passthrough", "-qmin", "1", "-q:v", "2", str(folder / "frame_%04d.jpg")]
    argv = [ffmpeg_executable(), "-loglevel", "error", "-nostdin", "-i", str(VIDEO), "-filter_complex", graph]
    argv += ["-map", "[video]", *encoder, *keyframes, *segments, "-map", "[jpeg]", *jpegs]
    started_s = time.perf_counter()
    subprocess.run(argv, check=True)
    elapsed_s = time.perf_counter() - started_s
    assert (len(list(folder.glob("*.mp4"))), len(list(folder.glob("*.jpg")))) == (6, 80)
    return elapsed_s


def peak_memory_mb(loops: int) -> dict[str, float]:
    """Peak memory of this process and of its largest child for the video repeated so often, in a fresh process."""
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import bench_media\n"
        "bench_media.print_peak_of(int(sys.argv[2]))"
    )
    argv = [sys.executable, "-c", code, str(Path(__file__).parent), str(loops)]
    result: dict[str, float] = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    return result


def print_peak_of(loops: int) -> None:
    """Run the three stages on the looped video and print the peaks as JSON; runs in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looped = folder / "long.avi"
        argv = [ffmpeg_executable(), "-loglevel", "error", "-nostdin", "-stream_loop", str(loops - 1), "-i", str(VIDEO)]
        subprocess.run([*argv, "-c", "copy", str(looped)], check=True)
        resize(ResizeParams.checked({"input_file": str(looped), "output_dir": name}), no_progress)
        clip(
            ClipParams.checked({"input_file": str(folder / "1.mp4"), "output_dir": str(folder / "clips")}), no_progress
        )
        params = ExtractFramesParams.checked({"clips_dir": str(folder / "clips"), "output_dir": str(folder / "frames")})
        extract_frames(params, no_progress)
    usage = {"process": resource.RUSAGE_SELF, "child": resource.RUSAGE_CHILDREN}
    print(json.dumps({who: resource.getrusage(which).ru_maxrss / 1024 for who, which in usage.items()}))


def measure() -> dict[str, object]:
    """Alternate both ways, so that other load hits them alike, and compare the medians."""
    stage_runs: list[dict[str, float]] = []
    bare_s: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            stage_runs.append(stages(Path(name)))
        with tempfile.TemporaryDirectory() as name:
            bare_s.append(bare_ffmpeg(Path(name)))
    stage_s = {part: statistics.median(run[part] for run in stage_runs) for part in stage_runs[0]}
    ratio = stage_s["all"] / statistics.median(bare_s)
    return {
        "name": "resize + clip + extract against one ffmpeg command",
        "ratio": round(ratio, 3),
        "limit": LIMIT,
        "passed": ratio <= LIMIT,
        "stages_s": {part: round(value, 3) for part, value in stage_s.items()},
        "bare_s": round(statistics.median(bare_s), 3),
        "peak_memory_mb": {"80_s": peak_memory_mb(1), "640_s": peak_memory_mb(8)},
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
