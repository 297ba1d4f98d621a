"""However the process that reads a raw file ends, there is one sentence and an entry in the log."""

import logging
import signal
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from tests.support.synthetic import write_counter_video
from videoprep_nb.core.errors import ChildKilled, MemoryLimitExceeded, ProbeError
from videoprep_nb.core.memory import MEMORY_VARIABLE
from videoprep_nb.media.raw.conversion import Conversion, Targets
from videoprep_nb.media.raw.parent import ask_child

PROBE = {"video_stream": 0, "max_pause_s": 60.0}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_counter_video(tmp_path / "camera.mp4", 500, Fraction(25))


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)


def test_too_little_memory(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, str(4 * 10**7))
    with pytest.raises(MemoryLimitExceeded, match=r"^camera\.mp4 .* need more memory than the 0\.0 GB .*\.$"):
        ask_child("probe", {"input_file": str(video), **PROBE}, name="camera.mp4", timeout_s=60)


def test_exception_of_our_own(video: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ProbeError, match=r"TypeError: .*this is a fault of videoprep, please report it\.$"):
        ask_child("probe", {"input_file": str(video), "no_such": 1}, name="camera.mp4", timeout_s=60)
    assert "Traceback" in log_of(caplog)


@pytest.mark.parametrize("fatal", [signal.SIGSEGV, signal.SIGKILL])
def test_end_by_a_signal(fatal: signal.Signals, video: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    def end_the_child(done: int, total: int) -> None:
        for child in psutil.Process().children():
            if "videoprep_nb.media.raw.child" in child.cmdline():
                child.send_signal(fatal)

    conversion = Conversion(
        input_file=str(video), video_stream=0, width=1280, height=720, fit="letterbox", upscale=True, frame_rate="",
        max_frame_rate=60.0, max_pause_s=60.0, deinterlace="off", damaged_frames="keep", encoder_preset="ultrafast",
        crf=18, threads=1,
    )  # fmt: skip
    (tmp_path / "stills").mkdir()
    targets = Targets(*(str(tmp_path / name) for name in ("1.mp4", "placed.npy", "stills")))
    with pytest.raises(ChildKilled, match=rf"was ended by signal {fatal:d} \({fatal.name}\)\.$"):
        ask_child(
            "convert",
            {"conversion": asdict(conversion), "targets": asdict(targets)},
            name="camera.mp4",
            timeout_s=120,
            progress=end_the_child,
        )
    assert f"ended with status -{fatal:d}" in log_of(caplog)
