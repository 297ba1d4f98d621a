"""The one place that starts ffmpeg, which alone decodes raw uploads."""

import os
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from videoprep_nb.core.errors import ChildKilled, FfmpegError, MemoryLimitExceeded
from videoprep_nb.core.layout import disk_full_error
from videoprep_nb.core.memory import MEMORY_ADVICE, gigabytes, memory_limit_bytes
from videoprep_nb.core.threads import thread_count
from videoprep_nb.media.child import run_child, signal_name
from videoprep_nb.media.demuxers import INPUT_FORMATS

FFMPEG_VARIABLE = "VIDEOPREP_FFMPEG"

MAX_PIXELS = 1 << 26
"""Pixels of a frame, 8192 × 8192: a small file can otherwise ask for gigabytes."""

RAW_INPUT_OPTIONS: dict[str, str] = {
    "protocol_whitelist": "file",
    "format_whitelist": INPUT_FORMATS,
    "max_pixels": str(MAX_PIXELS),
}
"""libav options for every file that was not written by us."""

_TAIL_LINES = 40
_LOG_LINE = re.compile(r"(?P<context>.*?)\[(?P<level>verbose|info|warning|error|fatal|panic)\] (?P<text>.*)")
_DECODED = re.compile(r"\(video\): \d+ packets read .*?; (\d+) frames decoded; (\d+) decode errors")
_ENCODED = re.compile(r"\(video\): (\d+) frames encoded;")
_OTHER_RESOLUTION = re.compile(r"filter context - w: .*, incoming frame - w: (\d+) h: (\d+) ")
_CONVERTED = re.compile(r"(\d+) frames dropped, (\d+) frames duplicated")
_NO_SPACE = ("No space left on device", "Disk quota exceeded")


@dataclass
class FfmpegRun:
    """What ffmpeg counted while it ran.

    Args:
        decoded_frames: Frames that came out of the video decoder.
        decode_errors: Packets that could not be decoded.
        encoded_frames: Frames that were written.
        dropped_frames: Frames dropped by the ``fps`` filter, to keep a constant rate.
        duplicated_frames: Frames duplicated by it.
        later_sizes: Width and height of frames that came after frames of another resolution.
        stderr_tail: Its last warnings and errors.
    """

    decoded_frames: int = 0
    decode_errors: int = 0
    encoded_frames: int = 0
    dropped_frames: int = 0
    duplicated_frames: int = 0
    later_sizes: set[tuple[int, int]] = field(default_factory=set)
    stderr_tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))

    def read_log_line(self, line: str) -> None:
        """Read the counts in a line of ffmpeg's log."""
        if match := _DECODED.search(line):
            self.decoded_frames += int(match[1])
            self.decode_errors += int(match[2])
        elif match := _ENCODED.search(line):
            self.encoded_frames += int(match[1])
        elif match := _CONVERTED.search(line):
            self.dropped_frames += int(match[1])
            self.duplicated_frames += int(match[2])
        elif match := _OTHER_RESOLUTION.search(line):
            self.later_sizes.add((int(match[1]), int(match[2])))
        else:
            match = _LOG_LINE.match(line)
            if match is not None and match["level"] not in ("verbose", "info"):
                self.stderr_tail.append(match["text"])


def ffmpeg_executable() -> str:
    """The ffmpeg to run: that of the environment variable ``VIDEOPREP_FFMPEG``, else the one of imageio-ffmpeg."""
    chosen = os.environ.get(FFMPEG_VARIABLE)
    if chosen:
        return chosen
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def file_url(path: Path) -> str:
    """A path as ffmpeg takes it literally, whatever dashes, colons, quotes or per cent signs are in it."""
    return f"file:{path.absolute()}"


def raw_input(path: Path) -> list[str]:
    """The arguments that open a file, with nothing allowed but the file itself."""
    options = [text for name, value in RAW_INPUT_OPTIONS.items() for text in (f"-{name}", value)]
    return [*options, "-threads", str(thread_count()), "-i", file_url(path)]


def run_ffmpeg(
    arguments: Sequence[str],
    output: Path,
    *,
    timeout_s: float,
    on_frame: Callable[[int], None] | None = None,
    container: str = "mp4",
) -> FfmpegRun:
    """Run ffmpeg to write one file.

    Args:
        arguments: Inputs, filters and encoder settings.
        output: The file to write; an existing one is overwritten.
        timeout_s: Seconds after which it is killed.
        on_frame: Called now and then with the number of frames written so far.
        container: What to write, as ffmpeg names it.

    Returns:
        Its counts.

    Raises:
        FfmpegError: It failed, could not be started or took too long.
        ChildKilled: It was ended by a signal.
        MemoryLimitExceeded: It took too much memory.
        DiskFullError: The disk was full.
    """
    argv = [ffmpeg_executable(), "-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "level+verbose"]
    argv += ["-progress", "pipe:1", *arguments, "-f", container, file_url(output)]
    run = FfmpegRun()
    limit_bytes = memory_limit_bytes()

    def read_progress_line(line: str) -> None:
        name, _, value = line.partition("=")
        if on_frame is not None and name == "frame":
            on_frame(int(value))

    try:
        status = run_child(
            argv,
            timeout_s=timeout_s,
            on_stdout=read_progress_line,
            on_stderr=run.read_log_line,
            memory_limit_bytes=limit_bytes,
        )
    except MemoryError:
        raise MemoryLimitExceeded(
            f"ffmpeg needed more memory than the {gigabytes(limit_bytes)} that a task may take; {MEMORY_ADVICE}."
        ) from None
    except TimeoutError:
        raise _error(f"ffmpeg took longer than {timeout_s:g} s and was stopped.", argv, run) from None
    except (FileNotFoundError, PermissionError) as error:
        raise _error(f"ffmpeg could not be started ({error}); check {FFMPEG_VARIABLE}.", argv, run) from error
    if status < 0:
        raise ChildKilled(f"ffmpeg was ended by {signal_name(status)} while it wrote {output.name}.")
    if status != 0:
        if any(sign in line for line in run.stderr_tail for sign in _NO_SPACE):
            raise disk_full_error(output.parent)
        reason = run.stderr_tail[-1] if run.stderr_tail else f"exit status {status}"
        raise _error(f"ffmpeg failed: {reason}", argv, run)
    return run


def _error(message: str, argv: Sequence[str], run: FfmpegRun) -> FfmpegError:
    return FfmpegError(message, argv, "\n".join(run.stderr_tail))
