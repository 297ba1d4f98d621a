"""The packets of all recordings in a raw file, as one stream."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.raw.coded_clock import HEAD_BYTES, are_made_up, has_count, has_no_stamps, true_stamps
from videoprep_nb.media.raw.crop import Crop
from videoprep_nb.media.raw.entries import Entries
from videoprep_nb.media.raw.open_raw import StreamChoice, choose_stream, open_raw, read_packets
from videoprep_nb.media.raw.sampling import Sample, Sampler
from videoprep_nb.media.raw.sections import MAX_SECTIONS, Section, section_behind
from videoprep_nb.media.raw.tails import unread_bytes_behind
from videoprep_nb.media.raw.time_line import NO_STAMP, Ticks

_MAX_DURATIONS = 3
_MAX_SAMPLED = 16
"""Recordings of which frames are decoded to find how they were scanned; the others are taken for alike."""


@dataclass
class Packets:
    """What the packets of a stream say, in the order of the file."""

    shown: list[int] = field(default_factory=list)
    decoded: list[int] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    corrupt: list[bool] = field(default_factory=list)
    end: int = 0
    """The byte behind the last one, as far as the container says where packets lie."""
    durations: set[int] = field(default_factory=set)
    """Some of the durations that differ."""
    heads: list[bytes] = field(default_factory=list)
    """How the frames of a stream begin that count time."""
    keeps_heads: bool = False
    entry: Entries | None = None
    """Tells with which packets a decoder can begin; None where nobody asks."""
    entries: list[int] = field(default_factory=list)
    """Those packets."""

    def add(self, packet: Any) -> None:
        """Note a packet."""
        if self.entry is not None and self.entry.has(packet):
            self.entries.append(len(self.shown))
        self.shown.append(NO_STAMP if packet.pts is None else packet.pts)
        self.decoded.append(NO_STAMP if packet.dts is None else packet.dts)
        self.kept.append(not packet.is_discard)  # an edit list hides the others
        self.corrupt.append(packet.is_corrupt)
        if not packet.is_corrupt:  # an incomplete one may consist of what lies behind the recording
            self.end = max(self.end, (packet.pos or 0) + packet.size)
        if len(self.durations) < _MAX_DURATIONS:
            self.durations.add(packet.duration or 0)
        if self.keeps_heads:
            self.heads.append(bytes(packet)[:HEAD_BYTES])


@dataclass(frozen=True)
class Recording:
    """A recording in a raw file, of which all packets were read.

    Args:
        section: Where it lies.
        format_name: Its container, as libav names it.
        video_stream: Number of its video stream, from 1.
        codec: Codec of it.
        tick_s: Seconds of a tick of its stamps.
        packets: Its packets.
        has_stamps: Whether it says when frames are shown; otherwise the stamps of its packets are those that libav
            makes up.
        claimed_frame_count: Frames that its header reports, None without.
        claimed_duration_s: Seconds that its header reports, None without.
        sample: What its decoded frames say.
    """

    section: Section
    format_name: str
    video_stream: int
    codec: str
    tick_s: Fraction
    packets: Packets
    has_stamps: bool
    claimed_frame_count: int | None
    claimed_duration_s: float | None
    sample: Sample

    @property
    def end(self) -> int:
        """The byte of the file behind its last frame."""
        return self.section.origin + self.packets.end


def recording_of(container: Any, choice: StreamChoice, section: Section, packets: Packets, sample: Sample) -> Recording:
    """Describe a recording whose packets were read."""
    stream = choice.stream
    packets.shown, packets.decoded, tick_s = true_stamps(
        container, stream, packets.shown, packets.decoded, packets.heads
    )
    return Recording(
        section=section,
        format_name=container.format.name,
        video_stream=choice.number,
        codec=stream.codec_context.name,
        tick_s=tick_s,
        packets=packets,
        has_stamps=not are_made_up(container, stream, packets.durations, packets.heads),
        claimed_frame_count=stream.frames or None,
        claimed_duration_s=_claimed_duration_s(container, stream),
        sample=sample,
    )


def read_later_recordings(
    path: Path, first: Recording, sections: Sequence[Section], crop: Crop, key_frames: int
) -> tuple[list[Recording], int]:
    """Read what lies behind the first recording of a file.

    Args:
        path: The file.
        first: The first recording; one that has fewer video streams is read by its own choice.
        sections: Where further recordings lie; others may be found behind what libav can read.
        crop: What the container hides of every frame.
        key_frames: How many key frames to decode, to find what changes on the way.

    Returns:
        All recordings, and how many bytes cannot be read.
    """
    recordings, unread_bytes = [first], 0
    read = partial(_read, path, recordings, crop, key_frames // max(1, len(sections)))
    for section in (first.section, *sections):
        last = first if section is first.section else read(section)
        if last is None:
            unread_bytes += section.end_in(path) - section.start
            continue
        if last is not first:
            recordings.append(last)
        while len(recordings) < MAX_SECTIONS and (behind := _read_behind(path, last, read)):
            recordings.append(last := behind)
        unread_bytes += unread_bytes_behind(path, last.section, last.end, last.format_name)
    return recordings, unread_bytes


def _read_behind(path: Path, last: Recording, read: Callable[[Section], Recording | None]) -> Recording | None:
    """The recording that begins behind the last frame of another one, where its demuxer stops."""
    section = section_behind(path, last.section, last.end, last.format_name)
    return None if section is None else read(section)


def _read(path: Path, before: Sequence[Recording], crop: Crop, key_frames: int, section: Section) -> Recording | None:
    """Read a recording behind others; None if that is not possible."""
    try:
        with open_raw(path, section) as container:
            choice = _same_stream(container, before[0].video_stream)
            sampler = Sampler(choice.stream, crop, path.stat().st_size, key_frames)
            packets = Packets(keeps_heads=has_count(container, choice.stream))
            for packet in read_packets(container, choice.stream):
                packets.add(packet)
                if len(before) < _MAX_SAMPLED:
                    sampler.take(packet, packets.shown)
            sampler.finish(packets.shown)
            if len(before) >= _MAX_SAMPLED:
                sampler.sample.votes = before[-1].sample.votes
            return recording_of(container, choice, section, packets, sampler.sample) if packets.shown else None
    except ProbeError:
        return None


def _same_stream(container: Any, video_stream: int) -> StreamChoice:
    try:
        return choose_stream(container, video_stream)
    except ProbeError:
        return choose_stream(container)


def duration_of_other_streams_s(path: Path, section: Section) -> float:
    """Seconds from the beginning of a recording to the end of its sound and data."""
    end_s = 0.0
    with open_raw(path, section) as container, suppress(av.FFmpegError):
        start_s = (container.start_time or 0) / av.time_base
        for packet in container.demux([stream for stream in container.streams if stream.type != "video"]):
            if packet.pts is not None:
                end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start_s)
    return end_s


def common_tick_s(recordings: Sequence[Recording]) -> Fraction:
    """The longest tick of which the ticks of all recordings are multiples, in seconds."""
    ticks_s = [recording.tick_s for recording in recordings]
    denominator = math.lcm(*(tick_s.denominator for tick_s in ticks_s))
    return Fraction(math.gcd(*(int(tick_s * denominator) for tick_s in ticks_s)), denominator)


def joined_stamps(recordings: Sequence[Recording], tick_s: Fraction) -> tuple[Ticks, Ticks]:
    """``(N,)`` int64 presentation and decoding stamps of all packets, one recording behind the other.

    What libav makes up counts only beside recordings with stamps: all frames must have their place on one clock.

    Args:
        recordings: The recordings.
        tick_s: Seconds of a tick of the result.
    """
    shown = [_scaled(recording.packets.shown, recording.tick_s / tick_s) for recording in recordings]
    decoded = [_scaled(recording.packets.decoded, recording.tick_s / tick_s) for recording in recordings]
    if not any(recording.has_stamps for recording in recordings):
        shown = decoded = [np.full(len(stamps), NO_STAMP) for stamps in shown]
    return np.concatenate(shown), np.concatenate(decoded)


def _scaled(stamps: list[int], factor: Fraction) -> Ticks:
    ticks = np.array(stamps, np.int64)
    limit = np.iinfo(np.int64).max // int(factor)
    return np.where(np.abs(ticks) < limit, ticks * int(factor), NO_STAMP)


def _claimed_duration_s(container: Any, stream: Any) -> float | None:
    if has_no_stamps(container):
        return None
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is None:
        return None
    # a Matroska file says when its last frame ends, which may be a time of day
    start = container.start_time or 0
    is_end = container.format.name.startswith("matroska") and 0 < start < container.duration
    return float((container.duration - is_end * start) / av.time_base)
