"""Running ffmpeg: it never outlives its purpose, and its failures are sentences."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from tests.support.synthetic import numbers_in, write_counter_video
from videoprep_nb.core.errors import DiskFullError, FfmpegError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.media.ffmpeg import FFMPEG_VARIABLE, raw_input, run_ffmpeg

# Hours of noise: it does not end by itself within a test.
ENDLESS = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-c:v", "libx264", "-preset", "ultrafast"]
NOISE = ["-f", "lavfi", "-i", "color=size=640x360:rate=25,noise=alls=100:allf=t", "-c:v", "libx264", "-crf", "0"]


def ffmpeg_children(pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(pid).children(recursive=True) if "ffmpeg" in child.name()]


def test_counts_are_read_from_ffmpeg(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 40, Fraction(25))
    seen: list[int] = []
    arguments = [*raw_input(source), "-vf", "fps=50", "-c:v", "libx264"]
    run = run_ffmpeg(arguments, tmp_path / "out.mp4", timeout_s=60, on_frame=seen.append)
    assert (run.decoded_frames, run.decode_errors, run.encoded_frames) == (40, 0, 80)
    assert (run.duplicated_frames, run.dropped_frames) == (40, 0)
    assert seen[-1] == 80


def test_output_name_is_taken_literally(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", 5, Fraction(25))
    output = tmp_path / "-100%d 'a\"\n:.mp4"
    run_ffmpeg([*raw_input(source), "-c:v", "libx264"], output, timeout_s=60)
    assert numbers_in(output) == list(range(5))


def test_timeout_kills_ffmpeg(tmp_path: Path) -> None:
    with pytest.raises(FfmpegError, match="longer than"):
        run_ffmpeg(ENDLESS, tmp_path / "out.mp4", timeout_s=0.7)
    assert ffmpeg_children(os.getpid()) == []


def test_exception_in_the_callback_kills_ffmpeg(tmp_path: Path) -> None:
    def interrupt(frame: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ffmpeg(ENDLESS, tmp_path / "out.mp4", timeout_s=60, on_frame=interrupt)
    assert ffmpeg_children(os.getpid()) == []


def test_failure_names_the_reason_and_keeps_the_log(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(FfmpegError, match="Invalid data") as caught:
        run_ffmpeg(raw_input(path), tmp_path / "out.mp4", timeout_s=60)
    assert "Invalid data" in caught.value.stderr_tail


def test_missing_ffmpeg_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FFMPEG_VARIABLE, "/nowhere/ffmpeg")
    with pytest.raises(FfmpegError, match=FFMPEG_VARIABLE):
        run_ffmpeg(ENDLESS, tmp_path / "out.mp4", timeout_s=60)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_ffmpeg_dies_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from videoprep_nb.media.ffmpeg import run_ffmpeg\n"
        f"run_ffmpeg({ENDLESS!r}, Path(sys.argv[1]), timeout_s=60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out.mp4")])
    children = _wait_for(lambda: ffmpeg_children(parent.pid))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mount.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here ({mount.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_is_a_sentence_and_leaves_nothing(small_disk: Path) -> None:
    with pytest.raises(DiskFullError, match="disk is full"), staged_file(small_disk / "out.mp4") as staging:
        run_ffmpeg(NOISE, staging, timeout_s=60)
    assert list(small_disk.iterdir()) == []


def _wait_for(condition) -> list[psutil.Process]:
    deadline_s = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return found
