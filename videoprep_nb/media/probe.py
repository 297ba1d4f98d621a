"""Look into a raw upload: what it claims, what it holds, and what is unusual about it."""

import json
import os
import stat
import sys
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from videoprep_nb.core.errors import InputError, ProbeError
from videoprep_nb.core.records import Record
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.child import run_child

_TIMEOUT_S = 600.0
_MEMORY_LIMIT_BYTES = 4 << 30


class VideoInfo(Record):
    """What a video file holds, measured from its packets.

    Args:
        format_name: Container, as libav names it.
        codec: Video codec.
        width: Width of the stored picture in pixels.
        height: Height of the stored picture in pixels.
        rotation_deg: Clockwise turn that a player applies to the stored picture: 0, 90, 180 or 270.
        sample_aspect: Width over height of a stored pixel.
        rate: Frames per second; for a variable rate, that of the typical interval.
        is_variable_rate: True when the frames do not follow a constant rate.
        duration_s: Seconds from the first frame to the end of the last one, by time stamps.
        packet_count: Coded pictures in the file.
        claimed_frame_count: Frames the header claims, None when it claims nothing.
        claimed_duration_s: Seconds the header claims, None when it claims nothing.
        pixel_format: Pixel format, as libav names it.
        audio_codec: Codec of the first audio stream, None without one.
        findings: What is wrong or unusual, a sentence each.
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
    findings: list[str]

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height of the turned picture, in stored pixels."""
        return (self.width, self.height) if self.rotation_deg % 180 == 0 else (self.height, self.width)

    @property
    def displayed_sample_aspect(self) -> Fraction:
        """Width over height of a pixel of the turned picture."""
        return self.sample_aspect if self.rotation_deg % 180 == 0 else 1 / self.sample_aspect


def check_input_file(path: Path, name: str) -> None:
    """Check that a path is a plain, readable file with something in it; nothing is opened but for reading.

    Args:
        path: The file.
        name: What people call it.

    Raises:
        InputError: It is not; the message says what it is.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; give a video file, or make one with: videoprep sample") from None
    except OSError as error:
        raise InputError(f"{name} cannot be reached ({error.strerror}).") from error
    if stat.S_ISLNK(status.st_mode):
        raise InputError(f"{name} is a symbolic link; give the file that it points to.")
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder; give a video file.")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is a device or pipe; give a video file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name} may not be read; change its permissions or give a copy.")
    if status.st_size == 0:
        raise InputError(f"{name} is empty (0 bytes); was the upload complete?")


def probe(path: Path, name: str | None = None) -> VideoInfo:
    """Measure a video file. It is read by a process of its own, as libraries may crash on hostile files.

    Args:
        path: A raw file.
        name: What people call it, for messages; an upload lies under another name. None: its path.

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
    try:
        status = run_child(
            argv,
            timeout_s=_TIMEOUT_S,
            on_stdout=output.append,
            on_stderr=errors.append,
            memory_limit_bytes=_MEMORY_LIMIT_BYTES,
        )
    except TimeoutError:
        raise ProbeError(f"{name} could not be examined within {_TIMEOUT_S:g} s.") from None
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
        yield f"claims {info.claimed_frame_count} frames, holds {info.packet_count}"
    claimed_s = info.claimed_duration_s
    if claimed_s is not None and abs(claimed_s - info.duration_s) > max(1.0, 0.02 * info.duration_s):
        yield f"claims {format_duration(claimed_s)}, holds {format_duration(info.duration_s)}"
    if info.rotation_deg:
        yield f"turned {info.rotation_deg}°, will be corrected"
    if info.sample_aspect != 1:
        yield f"non-square pixels {info.sample_aspect.numerator}:{info.sample_aspect.denominator}, will be corrected"
    if info.is_variable_rate:
        yield f"frames at irregular times, will be made constant at {float(info.rate):.6g} frames per second"
    if info.width % 2 or info.height % 2:
        yield f"odd size {info.width}×{info.height}"
    if clock_jumps:
        yield f"its clock jumps ({clock_jumps}×), the parts will be joined"
    if transfer is not None:
        yield f"high dynamic range ({transfer}), colours will look pale"
