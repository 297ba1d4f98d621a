"""Convert a raw video to the standard form."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.layout import file_sha256, staged_file, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import Record
from videoprep_nb.core.text import plural
from videoprep_nb.core.time_ranges import TimeRange
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.media.probe import unchanged_file
from videoprep_nb.media.raw.conversion import Conversion, DamagedFrames, Targets
from videoprep_nb.media.raw.parent import ask_child
from videoprep_nb.media.raw.placed import PlacedFrames
from videoprep_nb.media.shape import Shape, change_findings
from videoprep_nb.media.standard import read_standard
from videoprep_nb.media.video_info import VideoInfo

_LONG_S = 120.0
"""What is shorter would not be split anyway."""


class SourcePart(Shape):
    """Frames of the source that have one shape, and their place in the standard frame.

    Args:
        start_frame: Its first frame in the standard video.
        transform: From source pixels to the standard frame.
        content_xyxy: The part of the frame that shows the source, in pixels.
    """

    start_frame: int
    transform: FrameTransform
    content_xyxy: tuple[int, int, int, int]


class DamagedSpan(Record):
    """Damaged frames in a row.

    Args:
        start_frame: The first frame of the standard video that shows them, or would if they were not left out.
        end_frame: The last one.
        frame_count: How many of the source.
        lacks_key_frame: They are built on a key frame that is not in the file.
    """

    start_frame: int
    end_frame: int
    frame_count: int
    lacks_key_frame: bool


class Gap(Record):
    """A time without frames; the frame before it is repeated.

    Args:
        start_frame: The frame before it, in the standard video.
        duration_s: How long it lasts, in seconds.
    """

    start_frame: int
    duration_s: float


class StandardFile(Record):
    """A file of a standard video that consists of several.

    Args:
        file: Its name.
        start_frame: Its first frame, in the standard video.
        frame_count: Frames in it; the last ones may be in the next file, too.
    """

    file: str
    start_frame: int
    frame_count: int


class ResizeResult(Record):
    """Record of a resized video, ``<video_id>.json`` beside the standard video.

    Decoded frames = frames of the standard video − repeated + left out.

    Args:
        video_id: The video.
        original_name: File name as submitted.
        file: Name of the standard video; empty if it consists of several files.
        files: Those files, in order.
        source: What the raw file holds.
        source_bytes: Size of the raw file; None in records of version 0.1.
        source_sha256: Its hash, hexadecimal; empty in records of version 0.1.
        parts: Parts of the source whose frames have one shape, in order; most have one.
        width: Width of the standard video in pixels.
        height: Height of the standard video in pixels.
        rate: Frames per second of the standard video.
        expected_frame_count: Frames that the timestamps promised.
        decoded_frame_count: Frames that were decoded from the raw file.
        decoding_error_count: Times that the decoder gave up on a part of the data.
        frame_count: Frames in the standard video, counted in the written file.
        repeated_frame_count: Those that show the same source frame as the one before.
        left_out_frame_count: Decoded frames that are not in the standard video.
        undecodable_first_frames: Frames at the beginning that cannot be decoded; the standard video starts after them.
        undecodable_first_s: Seconds that they last.
        gaps: Times without frames.
        is_deinterlaced: Whether lines of two moments were taken apart.
        damage: Damaged frames.
        damaged_frames: Whether they were kept or left out.
        is_copied: Whether the standard video holds the frames of the source as they were coded, without encoding again.
        encoded_because: Why it does not, as the end of a sentence; empty if it does, and in records of version 0.1.
        stills: Standard frames whose source frame is kept as an image for the report.
        start_s: Where the part begins that was taken, in seconds after the first frame of the source.
        end_s: Where it ends; None for the end of the source.
        findings: Notes on the source, and on frame counts that differ.
    """

    written_by = "01_resize"

    video_id: str
    original_name: str
    file: str
    files: list[StandardFile] = []  # noqa: RUF012 - pydantic copies it
    source: VideoInfo
    source_bytes: int | None = None
    source_sha256: str = ""
    parts: list[SourcePart]
    width: int
    height: int
    rate: Fraction
    expected_frame_count: int
    decoded_frame_count: int
    decoding_error_count: int
    frame_count: int
    repeated_frame_count: int
    left_out_frame_count: int
    undecodable_first_frames: int = 0
    undecodable_first_s: float = 0.0
    gaps: list[Gap] = []  # noqa: RUF012 - pydantic copies it
    is_deinterlaced: bool
    damage: list[DamagedSpan]
    damaged_frames: DamagedFrames = "keep"
    is_copied: bool = False
    encoded_because: str = ""
    stills: list[int]
    start_s: float = 0.0
    end_s: float | None = None
    findings: list[str]

    @property
    def time_range(self) -> TimeRange | None:
        """The part of the source that was taken; None for all of it."""
        return TimeRange(self.start_s, self.end_s) if self.start_s or self.end_s is not None else None

    @property
    def transform(self) -> FrameTransform:
        """From source pixels, rotated as in a player, to the standard frame, in the first part."""
        return self.parts[0].transform

    @property
    def content_xyxy(self) -> tuple[int, int, int, int]:
        """The part of the standard frame that shows the source, in the first part."""
        return self.parts[0].content_xyxy

    def part_of(self, frame: int) -> SourcePart:
        """The part that a frame of the standard video belongs to."""
        return [part for part in self.parts if part.start_frame <= frame][-1]

    def place_of(self, frame: int) -> tuple[str, int]:
        """The file that holds a frame of the standard video, and the index of the frame in it."""
        for each in reversed(self.files):
            if each.start_frame <= frame:
                return each.file, frame - each.start_frame
        return self.file, frame

    def is_damaged(self, frame: int) -> bool:
        """Whether a frame of the standard video shows damage."""
        if self.damaged_frames == "leave_out":
            return False
        return any(span.start_frame <= frame <= span.end_frame for span in self.damage)


def source_stamps_file(record_file: Path) -> Path:
    """Where the stamps of the source frames lie that the frames of a standard video show, beside its record."""
    return record_file.with_name(f"{record_file.stem}_stamps.npy")


def source_times_file(record_file: Path) -> Path:
    """Where their times lie, in seconds after a player began to play the source."""
    return record_file.with_name(f"{record_file.stem}_source_times.npy")


def stills_folder(record_file: Path) -> Path:
    """Where images of source frames lie, named by the index of the standard frame."""
    return record_file.with_name(f"{record_file.stem}_stills")


def placed_file(record_file: Path) -> Path:
    """Where it says which frames of the source a part of a standard video shows, see ``PlacedFrames``."""
    return record_file.with_name(f"{record_file.stem}_placed.npy")


def resize_video(
    conversion: Conversion, output_file: Path, *, original_name: str, timeout_s: float, progress: ProgressCallback
) -> ResizeResult:
    """Write the standard form of a raw video, and beside it the times and some images of its source frames.

    Args:
        conversion: What is to be done.
        output_file: The MP4 file to write; its name without suffix is the id of the video.
        original_name: File name as submitted.
        timeout_s: Seconds after which to give up.
        progress: Called with the number of frames done.

    Returns:
        The record; it is not written.

    Raises:
        InputError: The input is not a plain, readable file, or it is still growing.
        ProbeError: It is not a video, no frame of it can be decoded, or it took too long.
        ChildKilled: The process that reads it was ended by a signal.
        ParameterError: The frame cannot be fitted in this way.
        FrameCountError: The written file does not hold the frames that were encoded.
        DiskFullError: The disk is full.
    """
    input_file = Path(conversion.input_file)
    with unchanged_file(input_file, original_name), staged_targets(output_file) as targets:
        answer = run_conversion(conversion, targets, original_name, timeout_s, progress)
        placed = PlacedFrames.read(Path(targets.placed))
        result = result_of(answer, conversion, output_file.name, output_file.stem, original_name)
        write_times(result, placed, output_file)
        sha256, source_bytes = file_sha256(input_file), input_file.stat().st_size
    placed_file(output_file).unlink()
    gaps = [Gap.model_validate(gap) for gap in placed.gaps(result.rate)]
    result = result.model_copy(update={"gaps": gaps, "source_bytes": source_bytes, "source_sha256": sha256})
    return with_findings(result)


def run_conversion(
    conversion: Conversion, targets: Targets, original_name: str, timeout_s: float, progress: ProgressCallback
) -> dict[str, Any]:
    """Convert a raw video, or a part of it, in a child process; see ``convert`` for what it answers.

    Raises:
        VideoPrepError: As ``resize_video`` does.
    """
    answer = ask_child(
        "convert",
        {"conversion": asdict(conversion), "targets": asdict(targets)},
        name=original_name,
        timeout_s=timeout_s,
        output_folder=Path(targets.video).parent,
        progress=lambda done, total: progress(min(done, total), total, "frames"),
    )
    written = answer.get("written")
    if written:
        count = written["file_frame_count"]
        found = read_standard(Path(targets.video)).frame_count
        if found != count:
            raise FrameCountError(f"{count:,} frames of {original_name} were written, but the file has {found:,}.")
        progress(count, count, "frames")
    return answer


def result_of(
    answer: Mapping[str, Any], conversion: Conversion, file: str, video_id: str, original_name: str
) -> ResizeResult:
    """The record of what ``convert`` answered, without gaps and findings."""
    of_file = {"start_frame", "file_start_frame", "file_frame_count", "is_last"}
    return ResizeResult.model_validate(
        {
            **{name: value for name, value in answer["written"].items() if name not in of_file},
            "video_id": video_id,
            "original_name": original_name,
            "file": file,
            "source": VideoInfo.from_facts(answer["source"]),
            "width": conversion.width,
            "height": conversion.height,
            "start_s": conversion.start_s,
            "end_s": conversion.end_s,
            "findings": [],
        }
    )


def write_times(result: ResizeResult, placed: PlacedFrames, record_file: Path) -> None:
    """Write stamps and times of the source frames that a standard video shows, beside its record."""
    times = placed.times_shown(result.frame_count, result.rate, result.start_s)
    places = (source_stamps_file(record_file), source_times_file(record_file))
    for place, times_s in zip(places, times, strict=True):
        with staged_file(place) as staging, staging.open("wb") as file:
            np.save(file, times_s)


@contextmanager
def staged_targets(output_file: Path) -> Iterator[Targets]:
    """The files of a conversion under temporary names; all of them appear when they are complete, the video last."""
    with (
        staged_file(output_file) as video,
        staged_file(placed_file(output_file)) as placed,
        staged_folder(stills_folder(output_file)) as stills,
    ):
        yield Targets(str(video), str(placed), str(stills))


def with_findings(result: ResizeResult, *more: str) -> ResizeResult:
    """A record with the notes on its source, on what was done, and others."""
    return result.model_copy(update={"findings": [*result.source.findings, *_findings(result), *more]})


def _findings(result: ResizeResult) -> Iterator[str]:
    source = result.source
    if result.time_range:
        yield f"only {result.time_range} of {format_duration(source.duration_s)} was taken"
    elif result.decoded_frame_count != source.packet_count:
        yield f"decoded {result.decoded_frame_count:,} of {plural(source.packet_count, 'frame')}"
    if result.decoding_error_count:
        yield f"{plural(result.decoding_error_count, 'decoding error')}; nearby frames may be damaged"
    if source.not_split_because and source.duration_s >= _LONG_S:
        yield f"not split into parts, as {source.not_split_because}"
    yield from _damage_findings(result)
    yield from _gap_findings(result)
    if result.is_deinterlaced:
        yield "was deinterlaced"
    shapes = [(float(part.start_frame / result.rate), part) for part in result.parts]
    yield from change_findings(shapes, "; each part is converted for itself")
    if result.rate < source.rate and result.left_out_frame_count:
        yield (
            f"{float(source.rate):.6g} frames per second; reduced to {float(result.rate):.6g}, "
            f"{plural(result.left_out_frame_count, 'frame')} left out"
        )
    if result.repeated_frame_count:
        yield f"{plural(result.repeated_frame_count, 'frame')} repeated to fill gaps or raise the frame rate"
    if abs(result.frame_count - result.expected_frame_count) > 1:
        expected = plural(result.expected_frame_count, "frame")
        yield f"expected {expected} from the timestamps, wrote {result.frame_count:,}"


def _damage_findings(result: ResizeResult) -> Iterator[str]:
    if result.undecodable_first_frames:
        frames = plural(result.undecodable_first_frames, "frame")
        yield f"the first {frames}, {result.undecodable_first_s:.6g} s, cannot be decoded"
    if not result.damage:
        return
    count = sum(span.frame_count for span in result.damage)
    fate = "left out" if result.damaged_frames == "leave_out" else "kept"
    yield f"{plural(count, 'damaged frame')} in {_places([span.start_frame for span in result.damage], result)}; {fate}"
    if result.damage[0].lacks_key_frame:
        yield "the first key frame is missing; the frames before the next one are incomplete"


def _gap_findings(result: ResizeResult) -> Iterator[str]:
    if len(result.gaps) > result.source.gap_count:
        longest = max(result.gaps, key=lambda gap: gap.duration_s)
        places = _places([gap.start_frame for gap in result.gaps], result)
        at = format_duration(float(longest.start_frame / result.rate))
        yield f"no frames in {places}; the longest gap, at {at}, lasts {format_duration(longest.duration_s)}"


def _places(start_frames: Sequence[int], result: ResizeResult) -> str:
    first, last = (format_duration(float(frame / result.rate)) for frame in (start_frames[0], start_frames[-1]))
    if len(start_frames) == 1:
        return f"1 place, at {first}"
    return f"{plural(len(start_frames), 'place')} between {first} and {last}"
