"""The second pass over a raw file: all frames in the order of showing, each with its time and whether it is damaged."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.logging
import numpy as np

from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.open_raw import choose_stream, open_raw, read_packets
from videoprep_nb.media.raw.shapes import Shapes
from videoprep_nb.media.raw.survey import Survey
from videoprep_nb.media.raw.time_line import NO_STAMP

_SAME_TIME_S = 1e-6
_CODECS_WITHOUT_FLAGS = ("mjpeg",)
"""Their decoders conceal damage without a mark on the frame."""

_FRAME_PER_PACKET = ("h264", "hevc", "mpeg2video", "vp9", "av1", "libdav1d")
"""Codecs of which every packet shows a frame, unless it holds a field."""


@dataclass(frozen=True)
class DecodedFrame:
    """A frame of a raw file.

    Args:
        frame: The frame, as PyAV has it.
        display: How it is to be shown.
        time_s: Its time on the time line in seconds; None if the file does not say.
        stamp_s: Its presentation stamp in the file, in seconds; NaN if it has none.
        source_s: Seconds after a player began to play the file, pauses that were cut out included; NaN if unknown.
        is_key: It needs no other frame.
        is_damaged: The decoder or the container marks it as damaged.
        follows_loss: Frames between the one before and this one could not be decoded.
        recording: Index of the recording that it belongs to.
    """

    frame: Any
    display: Display
    time_s: float | None
    stamp_s: float
    source_s: float
    is_key: bool
    is_damaged: bool
    follows_loss: bool
    recording: int = 0


class RawDecoder:
    """Decodes the video stream of a raw file after its survey.

    Args:
        path: The file.
        survey: What the first pass found.
        threads: Threads of the decoder.
    """

    def __init__(self, path: Path, survey: Survey, threads: int) -> None:
        self._path = path
        self._survey = survey
        self._threads = threads
        self._corrupt_stamps: set[int] = set()
        self._times = _TimeTable(survey)
        self._errors_before = 0
        self._heeds_messages = False
        self._has_message = False
        self._has_to_stop = False
        self.frame_count = 0
        self.error_count = 0
        self.lost_first_frames = 0
        self.lost_first_s = 0.0

    def stop(self) -> None:
        """Read no further; the frames that the decoder has taken in still come.

        Whoever merely asks for no more frames may wait for ever: threads of the decoder log while it is closed.
        """
        self._has_to_stop = True

    def frames(self, begin: int = 0) -> Iterator[DecodedFrame]:
        """All frames that can be decoded, in the order of showing.

        Args:
            begin: Index of the packet to begin with; those before are only read.
        """
        first_packet = 0
        for index, recording in enumerate(self._survey.recordings):
            end_packet = first_packet + len(recording.packets.shown)
            with open_raw(self._path, recording.section) as container:
                stream = choose_stream(container, recording.video_stream).stream
                # with several threads, nobody knows which frame a message is about
                self._heeds_messages = stream.codec_context.name in _CODECS_WITHOUT_FLAGS
                stream.thread_type = "NONE" if self._heeds_messages else "AUTO"
                stream.codec_context.thread_count = self._threads
                shapes = Shapes(stream, self._survey.crop)
                for packet in self._packets(container, stream, slice(first_packet, end_packet), begin):
                    for frame in self._decode(packet, stream):
                        self.frame_count += 1
                        yield self._described(frame, shapes, index)
            first_packet = end_packet

    def _packets(self, container: Any, stream: Any, part: slice, begin: int) -> Iterator[Any]:
        """The packets of a recording with the stamps of the time line, and None at the end."""
        line = self._survey.line
        stamps = zip(line.shown[part].tolist(), line.decoded[part].tolist(), strict=True)
        corrupt = self._survey.corrupt[part].tolist()
        packets = enumerate(zip(read_packets(container, stream), stamps, corrupt, strict=False), part.start)
        for index, (packet, (shown, decoded), is_corrupt) in packets:
            if self._has_to_stop:
                break
            if index < begin:
                continue
            packet.is_corrupt = is_corrupt
            packet.pts = None if shown == NO_STAMP else shown
            packet.dts = None if decoded == NO_STAMP else decoded
            if packet.is_corrupt and packet.pts is not None:
                self._corrupt_stamps.add(shown)
            yield packet
        yield None

    def _decode(self, packet: Any, stream: Any) -> list[Any]:
        with av.logging.Capture() as messages:
            try:
                frames: list[Any] = stream.codec_context.decode(packet)
            except MemoryError:
                raise
            except av.FFmpegError:
                self.error_count += 1
                return []
        self._has_message = bool(messages)
        return frames

    def _described(self, frame: Any, shapes: Shapes, recording: int) -> DecodedFrame:
        ticks = frame.pts if frame.pts is not None else frame.dts
        if self._survey.shows_in_decoding_order:
            ticks = self._times.nth(self.frame_count - 1 + self.error_count)
        time_s, stamp_s, source_s = self._times.at(ticks)
        if self.frame_count == 1 and time_s is not None:
            self.lost_first_frames, self.lost_first_s = self._times.before(time_s)
        follows_loss = self.error_count > self._errors_before or self._times.skips_frames(ticks)
        self._errors_before = self.error_count
        has_message = self._heeds_messages and self._has_message
        return DecodedFrame(
            frame=frame,
            display=shapes.of(frame),
            time_s=time_s,
            stamp_s=stamp_s,
            source_s=source_s,
            is_key=bool(frame.key_frame),
            is_damaged=frame.is_corrupt or ticks in self._corrupt_stamps or has_message,
            follows_loss=follows_loss,
            recording=recording,
        )


class _TimeTable:
    """From ticks of the time line to the evened time of a frame and its stamp in the file."""

    def __init__(self, survey: Survey) -> None:
        line = survey.line
        stamps = np.where(line.shown != NO_STAMP, line.shown, line.decoded)
        known = np.flatnonzero(stamps != NO_STAMP)
        order = known[np.argsort(stamps[known], kind="stable")]
        self._ticks, self._removed, self._paused = stamps[order], line.removed[order], line.paused[order]
        self._starts_at_s = survey.facts["starts_at_s"]
        self._tick_s = line.tick_s
        self._first = round((line.first_s(survey.kept) or 0.0) / float(line.tick_s))
        self._packet_times_s = survey.packet_times_s
        self._evened_times_s = survey.frame_rate.times_s
        self._kept_ticks = np.sort(stamps[survey.kept & (stamps != NO_STAMP)])
        self._has_every_frame = (
            survey.facts["codec"] in _FRAME_PER_PACKET
            and not survey.facts["is_interlaced"]
            and not survey.shows_in_decoding_order
        )
        self._next: int | None = None

    def at(self, ticks: int | None) -> tuple[float | None, float, float]:
        """Seconds on the time line, the stamp in the file, and seconds since a player began to play the file."""
        if ticks is None or not len(self._ticks):
            return None, float("nan"), float("nan")
        index = min(int(np.searchsorted(self._ticks, ticks)), len(self._ticks) - 1)
        time_s = float((ticks - self._first) * self._tick_s)
        stamp_s = float((ticks + int(self._removed[index])) * self._tick_s)
        source_s = self._starts_at_s + time_s + float(int(self._paused[index]) * self._tick_s)
        if self._evened_times_s is not self._packet_times_s:
            time_s = float(np.interp(time_s, self._packet_times_s, self._evened_times_s))
        return time_s, stamp_s, source_s

    def nth(self, index: int) -> int | None:
        """The ticks of a frame by its number in the order of showing."""
        return int(self._ticks[min(index, len(self._ticks) - 1)]) if len(self._ticks) else None

    def skips_frames(self, ticks: int | None) -> bool:
        """Whether frames are missing between the last one that was asked for and this one."""
        if ticks is None or not self._has_every_frame:
            return False
        index, end = (int(np.searchsorted(self._kept_ticks, ticks, side)) for side in ("left", "right"))
        skips = self._next is not None and index > self._next
        self._next = max(end, self._next or 0)
        return skips

    def before(self, time_s: float) -> tuple[int, float]:
        """How many frames lie before a time, and the seconds from the first of them on."""
        count = int(np.searchsorted(self._evened_times_s, time_s - _SAME_TIME_S))
        return count, time_s - float(self._evened_times_s[0]) if count else 0.0
