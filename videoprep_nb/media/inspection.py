"""A first inspection of a raw file, for people who are about to submit it; ``python -m`` prints it as JSON.

Servers start it as a process of its own, so that they import nothing that reads video.
"""

import sys
import tempfile
from pathlib import Path

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.records import Record
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.probe import probe
from videoprep_nb.media.upload_frames import data_address


class Inspection(Record):
    """What was found in a file.

    Args:
        problem: Why it cannot be processed, in one sentence; empty when it can. The rest is only known then.
        width: Width in pixels, as people will see it.
        height: Height in pixels.
        rate: Frames per second.
        duration_s: Length in seconds.
        duration: The same for people.
        can_be_split: Whether parts of it can be worked on side by side from the start.
        findings: What is unusual about it, a sentence each.
        thumbnail: A frame from it as a ``data:`` address of a JPEG; empty when there is none.
    """

    problem: str
    width: int = 0
    height: int = 0
    rate: float = 0.0
    duration_s: float = 0.0
    duration: str = ""
    can_be_split: bool = False
    findings: list[str] = []  # noqa: RUF012 - pydantic copies it
    thumbnail: str = ""


def inspect_video(path: Path, name: str) -> Inspection:
    """Inspect a file.

    Args:
        path: The file.
        name: What people call it.
    """
    with tempfile.TemporaryDirectory() as folder:
        thumbnail_file = Path(folder) / "thumbnail.jpg"
        try:
            info = probe(path, name, thumbnail_file=thumbnail_file)
        except VideoPrepError as error:
            return Inspection(problem=str(error))
        thumbnail = data_address(thumbnail_file.read_bytes()) if thumbnail_file.exists() else ""
    width, height = info.displayed_size
    return Inspection(
        problem="",
        width=round(width * info.displayed_sample_aspect),
        height=height,
        rate=float(info.rate),
        duration_s=info.duration_s,
        duration=format_duration(info.duration_s),
        can_be_split=not info.not_split_because,
        findings=info.findings,
        thumbnail=thumbnail,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(inspect_video(Path(sys.argv[1]), sys.argv[2]).model_dump_json().encode())
