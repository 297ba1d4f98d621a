"""Inspect a raw upload: what its header reports, what the file holds, and what is unusual."""

import json
import os
import stat
import sys
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from videoprep_nb.core.errors import InputError, ProbeError
from videoprep_nb.core.records import Record
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.child import run_child

_TIMEOUT_S = 600.0
_MEMORY_LIMIT_BYTES = 4 << 30


class VideoInfo(Record):
    """Properties of a video file, measured from its packets.

    Args:
        format_name: Container, as libav names it.
        codec: Video codec.
        width: Width of a stored frame in pixels.
        height: Height of a stored frame in pixels.
        rotation_deg: Clockwise rotation that a player applies to the stored frames: 0, 90, 180 or 270.
        sample_aspect: Width over height of a stored pixel.
        rate: Frames per second; for a variable rate, that of the typical interval.
        is_variable_rate: True when the frames do not follow a constant rate.
        duration_s: Seconds from the first frame to the end of the last one, by time stamps.
        packet_count: Coded frames in the file.
        claimed_frame_count: Frames that the header reports, None when it reports none.
        claimed_duration_s: Seconds that the header reports, None when it reports none.
        pixel_format: Pixel format, as libav names it.
        audio_codec: Codec of the first audio stream, None without one.
        recorded_at: When the recording began, as the container says; None if it does not.
        findings: Notes on what is wrong or unusual.
    """

    format_name: str
    codec: str
    width: int
    height: int
    rotation_deg: int
    sample_aspect: Fraction
    rate: Fraction
    is_variable_rate: bool
    duration_s: float
    packet_count: int
    claimed_frame_count: int | None
    claimed_duration_s: float | None
    pixel_format: str
    audio_codec: str | None
    recorded_at: datetime | None = None
    findings: list[str]

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height of a rotated frame, in stored pixels."""
        return (self.width, self.height) if self.rotation_deg % 180 == 0 else (self.height, self.width)

    @property
    def displayed_sample_aspect(self) -> Fraction:
        """Width over height of a pixel of a rotated frame."""
        return self.sample_aspect if self.rotation_deg % 180 == 0 else 1 / self.sample_aspect


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


def probe(path: Path, name: str | None = None, times_file: Path | None = None) -> VideoInfo:
    """Measure a video file in a child process, as libraries may crash on hostile files.

    Args:
        path: A raw file.
        name: Name for messages; an upload is stored under another one. None: its path.
        times_file: Where to write the times of all frames; None: nowhere.

    Returns:
        What is in it.

    Raises:
        InputError: It is not a plain, readable file.
        ProbeError: It is not a video that can be processed.
    """
    name = name or str(path)
    check_input_file(path, name)
    output: list[str] = []
    errors: deque[str] = deque(maxlen=1)
    argv = [sys.executable, "-P", "-m", "videoprep_nb.media.probe_child", str(path.absolute())]
    argv += [str(times_file.absolute())] if times_file else []
    try:
        status = run_child(
            argv,
            timeout_s=_TIMEOUT_S,
            on_stdout=output.append,
            on_stderr=errors.append,
            memory_limit_bytes=_MEMORY_LIMIT_BYTES,
        )
    except TimeoutError:
        raise ProbeError(f"{name} could not be inspected within {_TIMEOUT_S:g} s.") from None
    if status != 0:
        raise ProbeError(f"{name} cannot be processed: reading it failed ({errors[-1] if errors else status}).")
    measured = json.loads("".join(output))
    if "refusal" in measured:
        raise ProbeError(f"{name} cannot be processed: {measured['refusal']}.")
    transfer, clock_jumps = measured.pop("transfer"), measured.pop("clock_jumps")
    info = VideoInfo(**measured, findings=[])
    return info.model_copy(update={"findings": list(_findings(info, transfer, clock_jumps))})


def _findings(info: VideoInfo, transfer: str | None, clock_jumps: int) -> Iterator[str]:
    if info.claimed_frame_count is not None and info.claimed_frame_count != info.packet_count:
        yield f"header reports {plural(info.claimed_frame_count, 'frame')}, file has {info.packet_count:,}"
    claimed_s = info.claimed_duration_s
    if claimed_s is not None and abs(claimed_s - info.duration_s) > max(1.0, 0.02 * info.duration_s):
        yield f"header reports {format_duration(claimed_s)}, file has {format_duration(info.duration_s)}"
    if info.rotation_deg:
        yield f"rotated {info.rotation_deg}°; corrected"
    if info.sample_aspect != 1:
        yield f"non-square pixels, {info.sample_aspect.numerator}:{info.sample_aspect.denominator}; corrected"
    if info.is_variable_rate:
        yield f"variable frame rate; converted to a constant {float(info.rate):.6g} frames per second"
    if info.width % 2 or info.height % 2:
        yield f"odd resolution, {info.width}×{info.height}; scaled to even numbers"
    if clock_jumps:
        yield f"{plural(clock_jumps, 'timestamp jump')}; parts joined"
    if transfer is not None:
        yield f"high dynamic range ({transfer}); colours look pale"
