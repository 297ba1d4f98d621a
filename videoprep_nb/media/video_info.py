"""What a raw file holds, and the notes on what is unusual about it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from videoprep_nb.core.records import Record
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.shape import Shape, change_findings

_LATE_START_S = 0.1
_MINUTE_S = 60.0


class ClockCut(Record):
    """A place where the time line of the standard video leaves out time of the file's clock.

    Args:
        at_s: Seconds after the first frame of the standard video.
        removed_s: Seconds left out; negative where the clock of the file went back.
        is_pause: True for a pause of the recording, False for a clock that was set anew.
    """

    at_s: float
    removed_s: float
    is_pause: bool


class SourceGap(Record):
    """A time without frames.

    Args:
        at_s: When the frame before it is shown, in seconds after the first frame.
        duration_s: How long frames are missing, in seconds.
    """

    at_s: float
    duration_s: float


class SourceRecording(Record):
    """A recording in a raw file that holds several, one behind the other.

    Args:
        start_s: Its beginning, in seconds after the first frame of the standard video.
        codec: Its video codec.
    """

    start_s: float
    codec: str


class ShapeChange(Shape):
    """A place where the shape of the frames changes.

    Args:
        at_s: Seconds after the first frame; the change lies there, or after the sampled key frame before.
    """

    at_s: float


class VideoInfo(Record):
    """Properties of a video file, measured from its packets.

    Args:
        format_name: Container, as libav names it.
        codec: Video codec.
        video_stream: Number of the video stream that is read, from 1.
        video_streams: All video streams of the file, without covers: ``1920×1080 h264``.
        width: Width of the visible part of a stored frame in pixels.
        height: Height of it in pixels.
        crop: Pixels that the container hides at the top, bottom, left and right of a stored frame.
        rotation_deg: Clockwise rotation that a player applies to the stored frames: 0, 90, 180 or 270.
        is_mirrored: A player swaps left and right before it rotates.
        ignored_rotation_deg: A clockwise rotation between -180° and 180° that is no multiple of 90° and was not
            applied; 0 without one.
        sample_aspect: Width over height of a stored pixel.
        is_interlaced: The lines of a frame belong to two moments, as measured or else as the file says.
        is_marked_interlaced: The file says so.
        hdr: Transfer function of high dynamic range, PQ or HLG; None without one.
        wide_gamut: Its primaries if they are those of BT.2020 or P3; None for others.
        rate: Frames per second; for a variable rate, the lowest that has a place for every frame.
        is_variable_rate: True when the frames do not follow a constant rate.
        is_assumed_rate: True when the file does not say its rate.
        duration_s: Seconds from the first frame to the end of the last one, without pauses that are cut out.
        starts_at_s: When a player shows the first frame, in seconds after it began to play the file.
        packet_count: Coded frames in the file.
        corrupt_packet_count: Those that the container marks as damaged.
        claimed_frame_count: Frames that the header reports, None when it reports none.
        claimed_duration_s: Seconds that the header reports, None when it reports none.
        pixel_format: Pixel format, as libav names it.
        audio_codec: Codec of the first audio stream, None without one.
        recorded_at: When the recording began, as the container says; None if it does not.
        recordings: The recordings in the file, one behind the other; most files have one.
        unread_bytes: Bytes of the file that hold another recording or the rest of one but cannot be read.
        gap_count: Places where frames are missing, or where there are none for much longer than elsewhere.
        missing_frame_count: Frames that a recording with a regular rate lacks there; 0 if the rate is irregular.
        longest_gap: The longest of them; None without one.
        cuts: Pauses that are cut out, and places where the clock of the file was set anew.
        changes: Where the shape of sampled key frames changes; only ``probe`` looks for it.
        not_split_because: Why its parts cannot be converted side by side, as the end of a sentence; empty if they can.
        findings: Notes on what is wrong or unusual.
    """

    format_name: str
    codec: str
    video_stream: int = 1
    video_streams: list[str] = []  # noqa: RUF012 - pydantic copies it
    width: int
    height: int
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    rotation_deg: int
    is_mirrored: bool = False
    ignored_rotation_deg: float = 0.0
    sample_aspect: Fraction
    is_interlaced: bool = False
    is_marked_interlaced: bool = False
    hdr: str | None = None
    wide_gamut: str | None = None
    rate: Fraction
    is_variable_rate: bool
    is_assumed_rate: bool = False
    duration_s: float
    starts_at_s: float = 0.0
    packet_count: int
    corrupt_packet_count: int = 0
    claimed_frame_count: int | None
    claimed_duration_s: float | None
    pixel_format: str
    audio_codec: str | None
    recorded_at: datetime | None = None
    recordings: list[SourceRecording] = []  # noqa: RUF012 - pydantic copies it
    unread_bytes: int = 0
    gap_count: int = 0
    missing_frame_count: int = 0
    longest_gap: SourceGap | None = None
    cuts: list[ClockCut] = []  # noqa: RUF012 - pydantic copies it
    changes: list[ShapeChange] = []  # noqa: RUF012 - pydantic copies it
    not_split_because: str = ""
    findings: list[str]

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "VideoInfo":
        """Make it from what the process that read the file measured, and add the findings."""
        info = cls.model_validate({**facts, "findings": []})
        return info.model_copy(update={"findings": list(_findings(info))})

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height of a rotated frame, in stored pixels."""
        return (self.width, self.height) if self.rotation_deg % 180 == 0 else (self.height, self.width)

    @property
    def displayed_sample_aspect(self) -> Fraction:
        """Width over height of a pixel of a rotated frame."""
        return self.sample_aspect if self.rotation_deg % 180 == 0 else 1 / self.sample_aspect

    @property
    def shape(self) -> Shape:
        """The shape of the first frame."""
        width, height = self.displayed_size
        return Shape(
            width=width,
            height=height,
            sample_aspect=self.displayed_sample_aspect,
            rotation_deg=self.rotation_deg,
            is_mirrored=self.is_mirrored,
            hdr=self.hdr,
        )


def _findings(info: VideoInfo) -> Iterator[str]:
    yield from _stream_findings(info)
    yield from _time_findings(info)
    yield from _image_findings(info)


def _stream_findings(info: VideoInfo) -> Iterator[str]:
    if len(info.video_streams) > 1:
        others = (
            f"{number} ({text})" for number, text in enumerate(info.video_streams, 1) if number != info.video_stream
        )
        taken = info.video_streams[info.video_stream - 1]
        yield (
            f"{len(info.video_streams)} video streams; {info.video_stream} ({taken}) is used, "
            f"not {', '.join(others)}; choose with video_stream"
        )
    if len(info.recordings) > 1:
        yield f"{len(info.recordings)} recordings, one behind the other; joined"
    for before, recording in pairwise(info.recordings):
        if recording.codec != before.codec:
            start = format_duration(recording.start_s)
            yield f"from {start} on the video is coded as {recording.codec}, before as {before.codec}"
    if info.unread_bytes:
        yield f"{info.unread_bytes:,} bytes of the file (another recording, or damaged data) cannot be read"
    if info.claimed_frame_count is not None and info.claimed_frame_count != info.packet_count:
        yield f"header reports {plural(info.claimed_frame_count, 'frame')}, file has {info.packet_count:,}"
    if info.corrupt_packet_count:
        yield f"{plural(info.corrupt_packet_count, 'frame')} incomplete in the file"


def _time_findings(info: VideoInfo) -> Iterator[str]:
    claimed_s = info.claimed_duration_s
    if not info.cuts and claimed_s is not None and abs(claimed_s - info.duration_s) > max(1.0, 0.02 * info.duration_s):
        yield f"header reports {format_duration(claimed_s)}, file has {format_duration(info.duration_s)}"
    if info.is_variable_rate:
        yield f"variable frame rate; converted to a constant {float(info.rate):.6g} frames per second"
    yield from _gap_findings(info)
    if info.is_assumed_rate:
        yield f"the file does not say its frame rate; assumed {float(info.rate):.6g} frames per second"
    if info.starts_at_s > _LATE_START_S:
        yield f"the video starts {info.starts_at_s:.6g} s after the beginning of the file"
    pauses_s = [cut.removed_s for cut in info.cuts if cut.is_pause]
    if pauses_s:
        yield f"{plural(len(pauses_s), 'long pause')} cut out, {format_duration(sum(pauses_s))} in all"
    jumps = [cut for cut in info.cuts if not cut.is_pause]
    if jumps:
        yield f"{plural(len(jumps), 'timestamp jump')}; parts joined"


def _gap_findings(info: VideoInfo) -> Iterator[str]:
    gap = info.longest_gap
    if gap is None:
        return
    missing = f"{plural(info.missing_frame_count, 'frame')} missing" if info.missing_frame_count else "no frames"
    places = plural(info.gap_count, "place")
    yield f"{missing} in {places}; the longest gap, {_short(gap.duration_s)}, begins at {_short(gap.at_s)}"


def _short(duration_s: float) -> str:
    return f"{duration_s:.2f} s" if duration_s < _MINUTE_S else format_duration(duration_s)


def _image_findings(info: VideoInfo) -> Iterator[str]:
    if any(info.crop):
        top, bottom, left, right = info.crop
        stored = f"{left + info.width + right}×{top + info.height + bottom}"
        yield f"its container shows {info.width}×{info.height} of {stored} pixels; cropped"
    if info.rotation_deg:
        yield f"was rotated {info.rotation_deg}°; corrected"
    if info.is_mirrored:
        yield "was mirrored; corrected"
    if info.ignored_rotation_deg:
        yield f"asks for a rotation by {info.ignored_rotation_deg:g}°, which is no multiple of 90° and was not applied"
    if info.sample_aspect != 1:
        yield f"non-square pixels, {info.sample_aspect.numerator}:{info.sample_aspect.denominator}; corrected"
    if info.width % 2 or info.height % 2:
        yield f"odd resolution, {info.width}×{info.height}; scaled to even numbers"
    if info.hdr is not None:
        yield f"high dynamic range ({info.hdr}); tone-mapped to standard range"
    elif info.wide_gamut is not None:
        yield f"wide gamut ({info.wide_gamut}); converted to BT.709"
    if info.is_interlaced:
        yield "interlaced" if info.is_marked_interlaced else "interlaced, which the file does not say"
    elif info.is_marked_interlaced:
        yield "marked as interlaced, but its frames are progressive"
    yield from change_findings([(0.0, info.shape), *((change.at_s, change) for change in info.changes)])
