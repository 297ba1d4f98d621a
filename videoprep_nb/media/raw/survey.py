"""The first of two passes over a raw file: what it holds and when its frames were taken; few frames are decoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.raw.coded_clock import has_count
from videoprep_nb.media.raw.crop import Crop, container_crop
from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.encryption import ENCRYPTED
from videoprep_nb.media.raw.entries import Entries
from videoprep_nb.media.raw.gaps import long_gaps, lost_frames
from videoprep_nb.media.raw.open_raw import check_access, choose_stream, format_name_of, open_raw, read_packets
from videoprep_nb.media.raw.rate import MAX_SLOTS_PER_FRAME, FrameRate, measure_rate
from videoprep_nb.media.raw.recordings import (
    Packets,
    Recording,
    common_tick_s,
    duration_of_other_streams_s,
    joined_stamps,
    read_later_recordings,
    recording_of,
)
from videoprep_nb.media.raw.sampling import Sample, Sampler
from videoprep_nb.media.raw.sections import Section, find_sections
from videoprep_nb.media.raw.time_line import NO_STAMP, TimeLine, time_line

_FIRST_YEAR = 1990
_MAX_CLAIM_ERROR_S = 1.0
_FIELD_SHARE = 0.75
_FIELD_JITTER = 0.2
_MIN_SHARE_OF_FIELDS = 0.05
_MIN_SLOTS_TO_REFUSE = 1000
_MARKED_BEFORE_CUT = (1, 2)


@dataclass(frozen=True)
class Survey:
    """What the first pass found.

    Args:
        recordings: The recordings in the file, in order.
        line: All packets on one clock.
        kept: ``(N,)`` which of them hold frames that are shown.
        corrupt: ``(N,)`` which of them the container marks as damaged.
        shows_in_decoding_order: The file has no stamps for showing; those it has belong to frames in their order.
        frame_rate: The rate of the frames, and their times.
        packet_times_s: ``(N,)`` ascending times of the frames before they were evened out, in seconds.
        display: How the first frame is shown.
        crop: What the container hides of every frame.
        facts: The fields of a ``VideoInfo``.
    """

    recordings: tuple[Recording, ...]
    line: TimeLine
    kept: npt.NDArray[np.bool_]
    corrupt: npt.NDArray[np.bool_]
    shows_in_decoding_order: bool
    frame_rate: FrameRate
    packet_times_s: npt.NDArray[np.float64]
    display: Display
    crop: Crop
    facts: dict[str, Any]


def survey_file(path: Path, *, video_stream: int, max_pause_s: float, key_frames: int = 0) -> Survey:
    """Read all packets of a raw file.

    Args:
        path: The file.
        video_stream: Number of the video stream, from 1; 0 chooses.
        max_pause_s: Longer pauses are cut out of the time line.
        key_frames: How many key frames to decode, spread over the file, to find what changes on the way.

    Raises:
        ProbeError: It is not a video that can be processed; the message is the end of a sentence.
    """
    check_access(path)
    container, first, later = _open_first(path)
    with container:
        choice = choose_stream(container, video_stream)
        stream = choice.stream
        crop = container_crop(path, stream.index)
        sampler = Sampler(stream, crop, path.stat().st_size, key_frames)
        packets, sample = _read(container, stream, sampler)
        recordings, unread_bytes = read_later_recordings(
            path, recording_of(container, choice, first, packets, sample), later, crop, key_frames
        )
        tick_s = common_tick_s(recordings)
        shown, decoded = joined_stamps(recordings, tick_s)
        claimed = _claimed_rates(stream, stamp_count=int((shown != NO_STAMP).sum()))
        kept = np.concatenate([recording.packets.kept for recording in recordings])
        line = time_line(
            shown,
            decoded,
            tick_s,
            max_pause_s=max_pause_s,
            claimed_rate=next(iter(claimed), None),
            starts=_first_packets(recordings)[1:],
        )
        corrupt = np.concatenate([recording.packets.corrupt for recording in recordings])
        # a container may mark a packet as damaged only because the clock jumps behind it
        corrupt[[cut.packet - back for cut in line.cuts for back in _MARKED_BEFORE_CUT if cut.packet >= back]] = False
        times_s = line.times_s(kept)
        times_s = _times_of_frames(times_s, sample, stream.time_base)
        frame_rate = measure_rate(times_s, claimed, max(recording.tick_s for recording in recordings))
        count = len(times_s) or int(kept.sum()) // (2 if sample.packets_hold_fields else 1)
        duration_s = _duration_s(frame_rate.times_s, count, frame_rate.rate)
        display = sample.shapes[0][1]
        return Survey(
            recordings=tuple(recordings),
            line=line,
            kept=kept,
            corrupt=corrupt,
            shows_in_decoding_order=sample.goes_back,
            frame_rate=frame_rate,
            packet_times_s=times_s,
            display=display,
            crop=crop,
            facts={
                "format_name": container.format.name,
                "codec": stream.codec_context.name,
                "video_stream": choice.number,
                "video_streams": list(choice.descriptions),
                "width": display.width,
                "height": display.height,
                "crop": list(crop),
                "rotation_deg": display.turn.clockwise_deg,
                "is_mirrored": display.turn.mirrored,
                "ignored_rotation_deg": round(display.turn.ignored_deg, 1),
                "sample_aspect": str(display.sample_aspect),
                "is_interlaced": any(recording.sample.is_interlaced for recording in recordings),
                "is_marked_interlaced": any(recording.sample.is_marked for recording in recordings),
                "hdr": display.colour.hdr,
                "wide_gamut": display.colour.gamut,
                "rate": str(frame_rate.rate),
                "is_variable_rate": frame_rate.is_variable,
                "is_assumed_rate": frame_rate.is_assumed,
                "duration_s": duration_s,
                "starts_at_s": _starts_at_s(container, stream, line, kept),
                "packet_count": count,
                "corrupt_packet_count": int(corrupt.sum()),
                "claimed_frame_count": _sum([recording.claimed_frame_count for recording in recordings]),
                "claimed_duration_s": _claimed_duration_s(path, recordings, duration_s),
                "recordings": list(_recording_facts(recordings, line)),
                "unread_bytes": first.start + unread_bytes,
                "pixel_format": display.pixel_format,
                "audio_codec": _audio_codec(container),
                "recorded_at": _recorded_at(container),
                "changes": list(_changes(recordings, line, kept)) if key_frames else [],
                **_gap_facts(frame_rate),
                "cuts": [{"at_s": cut.at_s, "removed_s": cut.removed_s, "is_pause": cut.is_pause} for cut in line.cuts],
            },
        )


def _open_first(path: Path) -> tuple[Any, Section, list[Section]]:
    """Open the first recording that can be read, and list the further ones.

    libav may fail at a file of several recordings, as the index of another one misleads it.
    """
    refusal: ProbeError | None = None
    try:
        container = open_raw(path)
        format_name = container.format.name
    except ProbeError as error:
        refusal, format_name = error, format_name_of(path)
    sections = find_sections(path, format_name)
    if refusal is None:
        if len(sections) == 1:
            return container, sections[0], []
        container.close()
    for number, section in enumerate(sections, 1):
        try:
            container = open_raw(path, section)
            choose_stream(container)
        except ProbeError as error:
            refusal = refusal or error
        else:
            return container, section, sections[number:]
    assert refusal is not None
    raise refusal


def _read(container: Any, stream: Any, sampler: Sampler) -> tuple[Packets, Sample]:
    packets = Packets(keeps_heads=has_count(container, stream), entry=Entries.of(stream))
    for packet in read_packets(container, stream):
        if packet.has_sidedata("encryption_info"):
            raise ProbeError(ENCRYPTED)
        packets.add(packet)
        sampler.take(packet, packets.shown)
    sampler.finish(packets.shown)
    if not sampler.sample.shapes:
        raise ProbeError("none of its frames can be decoded" if packets.shown else "it has no frames")
    return packets, sampler.sample


def _gap_facts(frame_rate: FrameRate) -> dict[str, Any]:
    """Where frames are missing, in the fields of a ``VideoInfo``."""
    rate = float(frame_rate.rate)
    exact = (frame_rate.times_s - frame_rate.times_s[:1]) * rate
    slots = np.rint(exact).astype(np.int64)
    lost = lost_frames(slots, exact)
    gaps = np.union1d(lost, long_gaps(slots, rate))
    if not len(gaps):
        return {}
    missing = slots[gaps + 1] - slots[gaps] - 1
    longest = int(np.argmax(missing))
    return {
        "gap_count": len(gaps),
        "missing_frame_count": int(missing.sum()) if len(lost) else 0,
        "longest_gap": {"at_s": float(slots[gaps[longest]] / rate), "duration_s": float(missing[longest] / rate)},
    }


def _times_of_frames(times_s: npt.NDArray[np.float64], sample: Sample, tick_s: Fraction) -> npt.NDArray[np.float64]:
    """The times of the first field of each frame; a recording may have frames of one packet and of two."""
    interval_s = float(sample.frame_interval * tick_s)
    if interval_s <= 0 or len(times_s) < 2:
        return times_s
    has_pairs = np.mean(np.abs(2 * np.diff(times_s) / interval_s - 1) < _FIELD_JITTER) > _MIN_SHARE_OF_FIELDS
    if not (sample.packets_hold_fields or (sample.is_marked and has_pairs)):
        return times_s
    return np.array(list(_apart(times_s, _FIELD_SHARE * interval_s)))


def _apart(times_s: npt.NDArray[np.float64], least_s: float) -> Iterator[float]:
    last_s = -np.inf
    for time_s in times_s:
        if time_s - last_s >= least_s:
            last_s = time_s
            yield time_s


def _claimed_rates(stream: Any, *, stamp_count: int) -> list[Fraction]:
    reported = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
    if stamp_count > 1:
        return reported
    coded = [stream.codec_context.framerate] if stream.codec_context.framerate else []
    # of a stream without stamps, the rate that its demuxer reports is a mere default
    return [*coded, *reported] if stamp_count else coded


def _duration_s(times_s: npt.NDArray[np.float64], count: int, rate: Fraction) -> float:
    duration_s = float(count / rate) if len(times_s) < 2 else float(times_s[-1] - times_s[0] + 1 / rate)
    if duration_s * rate > MAX_SLOTS_PER_FRAME * count + _MIN_SLOTS_TO_REFUSE:
        frames = f"{plural(count, 'frame')} in {format_duration(duration_s)}"
        raise ProbeError(f"its frames are too far apart, {frames}; a smaller max_pause_s cuts out the pauses")
    return float(duration_s)


def _starts_at_s(container: Any, stream: Any, line: TimeLine, kept: npt.NDArray[np.bool_]) -> float:
    """When a player shows the first frame, in seconds after it began to play the file."""
    first_s = line.first_s(kept)
    if first_s is None or container.start_time is None:
        return 0.0
    # a movie with an index begins at its 0 s, even where an empty edit delays all of its streams
    has_own_clock = container.format.name.startswith("mov,") and stream.frames
    start_s = 0.0 if has_own_clock else float(container.start_time / av.time_base)
    return max(0.0, round(first_s - start_s, 6))


def _changes(recordings: Sequence[Recording], line: TimeLine, kept: npt.NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    """Shapes that differ from the one before, and since when."""
    start_s = line.first_s(kept) or 0.0
    shapes = [
        (start + packet, display)
        for start, recording in zip(_first_packets(recordings), recordings, strict=True)
        for packet, display in recording.sample.shapes
    ]
    for (_, before), (packet, display) in pairwise(shapes):
        if display.fields != before.fields:
            is_packet = np.arange(len(line.shown)) == packet
            yield {"at_s": max(0.0, (line.first_s(is_packet) or start_s) - start_s), **display.fields}


def _claimed_duration_s(path: Path, recordings: Sequence[Recording], duration_s: float) -> float | None:
    """What the headers report, in seconds; None where that is the duration of the sound."""
    claimed_s: float | None = _sum([recording.claimed_duration_s for recording in recordings])
    if claimed_s is None or len(recordings) > 1 or claimed_s - duration_s <= _MAX_CLAIM_ERROR_S:
        return claimed_s
    other_s = duration_of_other_streams_s(path, recordings[0].section)
    return None if abs(claimed_s - other_s) <= _MAX_CLAIM_ERROR_S else claimed_s


def _sum(claims: Sequence[Any]) -> Any:
    """What the headers of all recordings report, None if one reports nothing."""
    return None if None in claims else sum(claims)


def _recording_facts(recordings: Sequence[Recording], line: TimeLine) -> Iterator[dict[str, Any]]:
    for start, recording in zip(_first_packets(recordings), recordings, strict=True):
        packets = np.zeros(len(line.shown), np.bool_)
        packets[start : start + len(recording.packets.shown)] = True
        start_s = (line.first_s(packets) or 0.0) - (line.first_s(~np.zeros_like(packets)) or 0.0)
        yield {"start_s": start_s, "codec": recording.codec}


def _first_packets(recordings: Sequence[Recording]) -> list[int]:
    """Index of the first packet of each recording."""
    return [0, *accumulate(len(recording.packets.shown) for recording in recordings[:-1])]


def _audio_codec(container: Any) -> str | None:
    return next((audio.codec_context.name for audio in container.streams.audio if audio.codec_context), None)


def _recorded_at(container: Any) -> str | None:
    """When the recording began, as the container says; clocks that were never set say 1904 or 1970."""
    try:
        recorded_at = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        return None
    return recorded_at.isoformat() if recorded_at.year >= _FIRST_YEAR and recorded_at.tzinfo else None
