"""The process that opens a raw file for ``probe`` and prints its measurements as JSON, or why it refuses.

Run as ``python -m videoprep_nb.media.probe_child FILE [TIMES]``; the times of all frames go to the file ``TIMES``. It
starts once per video, so it imports little.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging
import numpy as np
from av.stream import Disposition

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.ffmpeg import RAW_INPUT_OPTIONS, file_url
from videoprep_nb.media.source_times import write_frame_times
from videoprep_nb.media.timing import measure_rate, without_jumps

_PACKETS_TO_FIRST_FRAME = 300
_CLOCK_MAY_JUMP = 0x0200  # AVFMT_TS_DISCONT of libavformat: MPEG streams, Ogg
_FIRST_YEAR = 1990
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


def examine(path: Path, times_file: Path | None = None) -> dict[str, Any]:
    """Open a raw file in this process and measure it.

    Args:
        path: The raw file.
        times_file: Where to write the times of all frames, see ``source_times.py``.

    Returns:
        The fields of a ``VideoInfo`` without its findings; ``transfer``: the name of a transfer function of high
        dynamic range, or None; ``clock_jumps``: how often the clock of the recording restarted.

    Raises:
        ProbeError: It is not a video that can be processed; the message is the end of a sentence.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        first_frame, times, packet_count = _read_packets(container, stream)
        decode_times_s, stamps_s = (np.array(times, dtype=np.float64) * float(stream.time_base)).reshape(-1, 2).T
        times_s, clock_jumps = stamps_s, 0
        if container.format.flags & _CLOCK_MAY_JUMP:
            times_s, clock_jumps = without_jumps(stamps_s, decode_times_s)
        if times_file:
            write_frame_times(times_file, times_s, stamps_s)
        times_s = np.sort(times_s)
        claimed_rates = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
        if len(times_s) < 2 and stream.codec_context.framerate:
            # an elementary stream has no timestamps, and the rate that its demuxer reports is a mere default
            claimed_rates.insert(0, stream.codec_context.framerate)
        rate, is_variable = measure_rate(times_s, claimed_rates)
        duration_s = _duration_s(times_s, packet_count, rate)
        if duration_s * rate > 100 * packet_count + 1000:
            raise ProbeError(f"its frames are too far apart, {packet_count:,} in {format_duration(duration_s)}")
        audio_codecs = [audio.codec_context.name for audio in container.streams.audio if audio.codec_context]
        return {
            "format_name": container.format.name,
            "codec": stream.codec_context.name,
            "width": first_frame.width,
            "height": first_frame.height,
            "rotation_deg": round(-first_frame.rotation / 90) * 90 % 360,
            "sample_aspect": str(stream.sample_aspect_ratio or 1),
            "rate": str(rate),
            "is_variable_rate": is_variable,
            "duration_s": duration_s,
            "packet_count": packet_count,
            "claimed_frame_count": stream.frames or None,
            "claimed_duration_s": _claimed_duration_s(container, stream),
            "pixel_format": first_frame.format.name,
            "audio_codec": audio_codecs[0] if audio_codecs else None,
            "recorded_at": _recorded_at(container),
            "clock_jumps": clock_jumps,
            "transfer": _HDR_TRANSFERS.get(int(first_frame.color_trc)),
        }


def _open(path: Path) -> Any:
    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture() as log:
        try:
            return av.open(file_url(path), options=dict(RAW_INPUT_OPTIONS))
        except av.FFmpegError as error:
            if any("whitelist" in message for _, _, message in log):
                raise ProbeError("it is not a video file (a playlist, image, text or audio file)") from error
            raise ProbeError(f"it is damaged or not a video ({error.strerror})") from error


def _video_stream(container: Any) -> Any:
    videos = list(container.streams.video)
    moving = [stream for stream in videos if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise ProbeError("it has a cover image but no video" if videos else "it has no video stream")
    if moving[0].codec_context is None:
        raise ProbeError("its video codec is unknown")
    return moving[0]


def _read_packets(container: Any, stream: Any) -> tuple[Any, list[tuple[int, int]], int]:
    """The first frame, decoding and presentation times of all coded frames in ticks, and their number."""
    first_frame = None
    times: list[tuple[int, int]] = []
    packet_count = 0
    for packet in _packets(container, stream):
        if first_frame is None and packet_count <= _PACKETS_TO_FIRST_FRAME:
            first_frame = _decode(packet)
        if not packet.size or packet.is_discard:
            continue
        packet_count += 1
        shown = packet.pts if packet.pts is not None else packet.dts
        if shown is not None:
            times.append((shown if packet.dts is None else packet.dts, shown))
    if first_frame is None:
        raise ProbeError("none of its frames can be decoded" if packet_count else "it has no frames")
    return first_frame, times, packet_count


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """All packets until the end, or until the file becomes unreadable."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return


def _decode(packet: Any) -> Any | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None  # a damaged frame; the next one may be whole


def _duration_s(times_s: Any, packet_count: int, rate: Fraction) -> float:
    if len(times_s) < 2:
        return float(packet_count / rate)
    return float(times_s[-1] - times_s[0] + 1 / rate)


def _claimed_duration_s(container: Any, stream: Any) -> float | None:
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _recorded_at(container: Any) -> str | None:
    """When the recording began, as the container says; clocks that were never set say 1904 or 1970."""
    try:
        recorded_at = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        return None
    return recorded_at.isoformat() if recorded_at.year >= _FIRST_YEAR and recorded_at.tzinfo else None


def main() -> None:
    """Print what the file given on the command line holds."""
    try:
        answer = examine(*map(Path, sys.argv[1:]))
    except ProbeError as refusal:
        answer = {"refusal": str(refusal)}
    print(json.dumps(answer))  # noqa: T201 - read by the parent process


if __name__ == "__main__":
    main()
