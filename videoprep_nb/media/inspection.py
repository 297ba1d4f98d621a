"""A first inspection of a raw file, for people who are about to submit it; ``python -m`` prints it as JSON.

Servers start it as a process of its own, so that they import nothing that reads video.
"""

import base64
import sys
import tempfile
from pathlib import Path

from videoprep_nb.core.errors import FfmpegError, VideoPrepError
from videoprep_nb.core.records import Record
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.ffmpeg import raw_input, run_ffmpeg
from videoprep_nb.media.probe import probe
from videoprep_nb.media.video_info import VideoInfo

_THUMBNAIL_PX = 320
_THUMBNAIL_TIMEOUT_S = 20.0
_LATEST_THUMBNAIL_S = 10.0


class Inspection(Record):
    """What was found in a file.

    Args:
        problem: Why it cannot be processed, in one sentence; empty when it can. The rest is only known then.
        width: Width in pixels, as people will see it.
        height: Height in pixels.
        rate: Frames per second.
        duration_s: Length in seconds.
        duration: The same for people.
        findings: What is unusual about it, a sentence each.
        thumbnail: A frame from it as a ``data:`` address of a JPEG; empty when there is none.
    """

    problem: str
    width: int = 0
    height: int = 0
    rate: float = 0.0
    duration_s: float = 0.0
    duration: str = ""
    findings: list[str] = []  # noqa: RUF012 - pydantic copies it
    thumbnail: str = ""


def inspect_video(path: Path, name: str) -> Inspection:
    """Inspect a file.

    Args:
        path: The file.
        name: What people call it.
    """
    try:
        info = probe(path, name)
    except VideoPrepError as error:
        return Inspection(problem=str(error))
    width, height = info.displayed_size
    return Inspection(
        problem="",
        width=round(width * info.displayed_sample_aspect),
        height=height,
        rate=float(info.rate),
        duration_s=info.duration_s,
        duration=format_duration(info.duration_s),
        findings=info.findings,
        thumbnail=_thumbnail(path, info),
    )


def _thumbnail(path: Path, info: VideoInfo) -> str:
    """A frame from the beginning, past what may be black."""
    start_s = min(info.duration_s / 4, _LATEST_THUMBNAIL_S)
    fit = f"scale={_THUMBNAIL_PX}:{_THUMBNAIL_PX}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    with tempfile.TemporaryDirectory() as folder:
        thumbnail = Path(folder) / "thumbnail.jpg"
        arguments = ["-ss", f"{start_s:.3f}", *raw_input(path), "-an", "-frames:v", "1"]
        arguments += ["-vf", f"scale=iw*sar:ih,{fit}", "-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p"]
        try:
            run_ffmpeg(arguments, thumbnail, timeout_s=_THUMBNAIL_TIMEOUT_S, container="mjpeg")
        except FfmpegError:  # an inspection is of use without a thumbnail
            return ""
        return f"data:image/jpeg;base64,{base64.b64encode(thumbnail.read_bytes()).decode()}"


if __name__ == "__main__":
    sys.stdout.buffer.write(inspect_video(Path(sys.argv[1]), sys.argv[2]).model_dump_json().encode())
