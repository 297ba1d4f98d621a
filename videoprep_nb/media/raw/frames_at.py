"""Some frames of a raw file, found by their times; the rest is not decoded."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.open_raw import choose_stream, decode_sample, open_raw, read_packets
from videoprep_nb.media.raw.recordings import Recording
from videoprep_nb.media.raw.shapes import Shapes
from videoprep_nb.media.raw.stills import write_still
from videoprep_nb.media.raw.survey import Survey
from videoprep_nb.media.raw.time_line import NO_STAMP

_TOLERANCE_S = 0.001
_SEEK_BACK_S = (0.0, 2.0, 20.0, None)
"""Where to begin before a frame: some demuxers find a place in the middle of what it is built on. None: the start."""


def write_frames_at(
    path: Path, survey: Survey, times_s: Sequence[float], folder: Path, *, size_px: int, budget_s: float
) -> list[str]:
    """Write frames as a player shows them.

    Args:
        path: A raw file.
        survey: What the first pass found in it.
        times_s: Seconds after the first frame.
        folder: Where the JPEGs go, named by their index.
        size_px: Longer side of the images.
        budget_s: Seconds of decoding from a key frame to a frame; then an earlier frame is taken.

    Returns:
        Name of a file for each time; empty where nothing can be decoded.
    """
    names = []
    for index, time_s in enumerate(times_s):
        target = folder / f"{index}.jpg"
        with suppress(ProbeError, av.FFmpegError):
            _write_frame(path, survey, time_s, target, size_px, budget_s)
        names.append(target.name if target.exists() else "")
    return names


def _write_frame(path: Path, survey: Survey, time_s: float, target: Path, size_px: int, budget_s: float) -> None:
    recording, stamp, count = _place_of(survey, time_s)
    deadline_s = time.monotonic() + budget_s
    for back_s in _SEEK_BACK_S if stamp is not None else (None,):
        with open_raw(path, recording.section) as container:
            stream = choose_stream(container, recording.video_stream).stream
            if stamp is not None and back_s is not None:
                container.seek(stamp - int(back_s / stream.time_base), stream=stream)
            shapes = Shapes(stream, survey.crop)
            best = _latest(_frames(container, stream), stamp, count, deadline_s)
            if best is not None:
                write_still(best, shapes.of(best), target, (size_px, size_px))
                return


def _latest(frames: Iterator[Any], stamp: int | None, count: int, deadline_s: float) -> Any:
    """The last frame up to the one that was asked for, or that can be reached in time; None if all come behind it."""
    best = None
    for number, frame in enumerate(frames):
        shown = number if stamp is None else frame.pts if frame.pts is not None else frame.dts
        last = count if stamp is None else stamp
        if shown is None or shown <= last:
            best = frame
        if (shown is not None and shown >= last) or (best is not None and time.monotonic() > deadline_s):
            break
    return best


def _place_of(survey: Survey, time_s: float) -> tuple[Recording, int | None, int]:
    """The recording that shows a frame at a time, its stamp there, and its number where the file has no stamps."""
    line = survey.line
    stamps = np.where(line.shown != NO_STAMP, line.shown, line.decoded)
    packets = np.flatnonzero(survey.kept & (stamps != NO_STAMP))
    if len(packets) < 2:
        return survey.recordings[0], None, int(time_s * survey.frame_rate.rate)
    order = packets[np.argsort(stamps[packets], kind="stable")]
    times_s = (stamps[order] - stamps[order[0]]) * float(line.tick_s)
    packet = int(order[max(0, int(np.searchsorted(times_s, time_s + _TOLERANCE_S, "right")) - 1)])
    for recording in survey.recordings:
        if packet < len(recording.packets.shown):
            shown = int(recording.packets.shown[packet])
            return recording, shown if shown != NO_STAMP else int(recording.packets.decoded[packet]), 0
        packet -= len(recording.packets.shown)
    raise ProbeError("it has no frame at this time")


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    stream.thread_type = "NONE"  # a decoder with threads must not be closed in the middle
    for packet in chain(read_packets(container, stream), [None]):
        yield from decode_sample(stream.codec_context, packet)
