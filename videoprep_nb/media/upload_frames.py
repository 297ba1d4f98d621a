"""Some frames of a raw file as JPEGs, for people who are about to submit it; ``python -m`` prints them as JSON."""

import base64
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.records import Record
from videoprep_nb.media.probe import MAX_PAUSE_S, unchanged_file
from videoprep_nb.media.raw.parent import ask_child

_TIMEOUT_S = 120.0
_THUMBNAIL_PX, _WHOLE_PX = 240, 960
_THUMBNAIL_BUDGET_S, _EXACT_BUDGET_S = 0.3, 30.0


class SampleFrame(Record):
    """A frame of a raw file.

    Args:
        at_s: The time that was asked for, in seconds after the first frame.
        image: The frame as a ``data:`` address of a JPEG; empty if it cannot be decoded.
        person_count: How many persons were found in it; None if nobody was searched.
    """

    at_s: float
    image: str
    person_count: int | None = None


class SampleFrames(Record):
    """Frames of a raw file.

    Args:
        problem: Why there are none, in one sentence; empty when there are.
        frames: One for each time.
    """

    problem: str = ""
    frames: list[SampleFrame] = []  # noqa: RUF012 - pydantic copies it


def read_samples(
    path: Path, name: str, times_s: Sequence[float], *, is_exact: bool, size_px: int = _WHOLE_PX
) -> list[bytes]:
    """Read frames in a child process, as libraries may crash on hostile files.

    Args:
        path: The file.
        name: What people call it.
        times_s: Seconds after the first frame.
        is_exact: Large images of just these frames; otherwise thumbnails of frames near by, if that is quicker.
        size_px: Longer side of large images.

    Returns:
        A JPEG for each time, empty where a frame cannot be decoded.

    Raises:
        VideoPrepError: The file cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder, unchanged_file(path, name):
        request: dict[str, Any] = {
            "input_file": str(path.absolute()),
            "folder": folder,
            "times_s": list(times_s),
            "max_pause_s": MAX_PAUSE_S,
            "size_px": size_px if is_exact else _THUMBNAIL_PX,
            "budget_s": _EXACT_BUDGET_S if is_exact else _THUMBNAIL_BUDGET_S,
        }
        names = ask_child("frames", request, name=name, timeout_s=_TIMEOUT_S)["files"]
        return [(Path(folder) / file).read_bytes() if file else b"" for file in names]


def data_address(jpeg: bytes) -> str:
    """A JPEG as a ``data:`` address; empty for none."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _samples(path: Path, name: str, times_s: Sequence[float], is_exact: bool) -> SampleFrames:
    try:
        images = read_samples(path, name, times_s, is_exact=is_exact)
    except VideoPrepError as error:
        return SampleFrames(problem=str(error))
    frames = zip(times_s, images, strict=True)
    return SampleFrames(frames=[SampleFrame(at_s=at_s, image=data_address(jpeg)) for at_s, jpeg in frames])


if __name__ == "__main__":
    request = json.loads(sys.argv[3])
    found = _samples(Path(sys.argv[1]), sys.argv[2], request["times_s"], request["is_exact"])
    sys.stdout.buffer.write(found.model_dump_json().encode())
