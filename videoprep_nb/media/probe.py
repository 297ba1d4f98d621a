"""Inspect a raw upload: what its header reports, what the file holds, and what is unusual."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.media.raw.parent import ask_child
from videoprep_nb.media.video_info import VideoInfo

MAX_PAUSE_S = 60.0
"""Longer pauses of a recording are cut out."""

_TIMEOUT_S = 600.0


def check_input_file(path: Path, name: str) -> None:
    """Check that a path is a plain, readable, non-empty file.

    Args:
        path: The file.
        name: Name for messages.

    Raises:
        InputError: It is something else; the message says what.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; give a video file, or make one with: videoprep sample") from None
    except OSError as error:
        raise InputError(f"{name} cannot be accessed ({error.strerror}).") from error
    if stat.S_ISLNK(status.st_mode):
        raise InputError(f"{name} is a symbolic link; give the file that it points to.")
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder; give a video file.")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is a device or pipe; give a video file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name} is not readable; change its permissions or give a copy.")
    if status.st_size == 0:
        raise InputError(f"{name} is empty (0 bytes); check that the upload was complete.")


def probe(
    path: Path,
    name: str | None = None,
    *,
    video_stream: int = 0,
    max_pause_s: float = MAX_PAUSE_S,
    thumbnail_file: Path | None = None,
) -> VideoInfo:
    """Measure a video file in a child process, as libraries may crash on hostile files.

    Args:
        path: A raw file.
        name: Name for messages; an upload is stored under another one. None: its path.
        video_stream: Number of the video stream to read, from 1; 0 chooses.
        max_pause_s: Longer pauses are cut out of the time line.
        thumbnail_file: JPEG of a frame to write; there is none if the frame is damaged.

    Returns:
        What is in it.

    Raises:
        InputError: It is not a plain, readable file, or it is still growing.
        ProbeError: It is not a video that can be processed.
        ChildKilled: The process that reads it was ended by a signal.
    """
    name = name or str(path)
    with unchanged_file(path, name):
        request = {
            "input_file": str(path.absolute()),
            "thumbnail_file": "" if thumbnail_file is None else str(thumbnail_file.absolute()),
            "video_stream": video_stream,
            "max_pause_s": max_pause_s,
        }
        return VideoInfo.from_facts(ask_child("probe", request, name=name, timeout_s=_TIMEOUT_S)["source"])


@contextmanager
def unchanged_file(path: Path, name: str) -> Iterator[None]:
    """Check a file, and after the block that it is still the same.

    Raises:
        InputError: It is not a plain, readable file, or it changed meanwhile.
    """
    check_input_file(path, name)
    before = path.stat()
    yield
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(
            f"{name} is still being written: it changed from {before.st_size:,} to {after.st_size:,} bytes while it "
            "was read. Wait until the recording or copy is complete."
        )
