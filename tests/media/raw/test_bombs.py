"""Small files that decode to gigabytes: reading them stays within its memory, and says what it would have needed."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from videoprep_nb.core.memory import MEMORY_VARIABLE
from videoprep_nb.media.ffmpeg import ffmpeg_executable

LIMIT_BYTES = 500 * 10**6
"""Of a task; ordinary videos need half of it."""

READ = """
import json, resource, sys
from pathlib import Path
from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.media.probe import probe
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

def result(read):
    try:
        read()
    except VideoPrepError as error:
        return [type(error).__name__, str(error)]
    return ["", ""]

file, folder = map(Path, sys.argv[1:])
inspected = result(lambda: probe(file, thumbnail_file=folder / "thumbnail.jpg"))
resized = result(lambda: resize(ResizeParams(input_file=str(file), output_dir=str(folder / "resized"))))
print(json.dumps([inspected, resized, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]))
"""


def encode(path: Path, source: str, *arguments: str) -> Path:
    argv = [ffmpeg_executable(), "-v", "error", "-f", "lavfi", "-i", source, *arguments, str(path)]
    subprocess.run(argv, check=True)
    return path


def many_reference_frames(folder: Path) -> Path:
    options = ["-preset", "ultrafast", "-x264-params", "ref=16:bframes=0:b-pyramid=none:keyint=100:threads=1"]
    source = "testsrc2=size=2560x2560:rate=10:duration=3"
    return encode(folder / "a.mp4", source, "-c:v", "libx264", "-pix_fmt", "yuv444p", *options)


def large_image_of_16_bits(folder: Path) -> Path:
    return encode(
        folder / "a.mov",
        "color=size=7000x7000:rate=1:duration=2",
        "-c:v",
        "png",
        "-pix_fmt",
        "rgba64be",
        "-compression_level",
        "1",
    )


def more_samples_than_bytes(folder: Path) -> Path:
    """A table that promises a hundred million frames of one byte, in a file of some kilobytes."""
    path = encode(folder / "a.mov", "color=size=64x64:rate=10:duration=2", "-c:v", "rawvideo", "-pix_fmt", "yuv420p")
    content = bytearray(path.read_bytes())
    count = (10**8).to_bytes(4, "big")
    at = content.rindex(b"stsz") + 8
    content[at : at + 8] = (1).to_bytes(4, "big") + count
    at = content.rindex(b"stts") + 12
    content[at : at + 4] = count
    at = content.rindex(b"stsc") + 16
    content[at : at + 4] = count
    path.write_bytes(content)
    return path


BOMBS: dict[str, tuple[Callable[[Path], Path], bool]] = {
    "16 reference frames, 4:4:4": (many_reference_frames, True),
    "16 bits, 64 megapixels": (large_image_of_16_bits, True),
    "table of a hundred million frames": (more_samples_than_bytes, False),
}
"""Each bomb, and whether it can be nothing but refused for its memory."""


TYPICAL = ("16 reference frames, 4:4:4", "table of a hundred million frames")
"""The others run only in the exhaustive tests."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in TYPICAL else pytest.mark.exhaustive) for name in BOMBS]
)
def test_reading_stays_within_its_memory(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, exceeds = BOMBS[name]
    monkeypatch.setenv(MEMORY_VARIABLE, str(LIMIT_BYTES))
    argv = [sys.executable, "-c", READ, str(make(tmp_path)), str(tmp_path)]
    run = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)
    *results, largest_bytes = json.loads(run.stdout.splitlines()[-1])
    assert largest_bytes < 1.5 * LIMIT_BYTES
    for kind, message in results:
        if exceeds:
            assert kind == "MemoryLimitExceeded"
            assert "need more memory than the 0.4 GB" in message
        else:
            assert kind in ("", "MemoryLimitExceeded", "ProbeError")
