"""Convert a long raw video in parts side by side, and join what they measured; the files of the parts stay as they are.

A part that cannot be converted alone is no error: whoever joins the parts finds out, and converts the whole video.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoprep_nb.core.layout import file_sha256, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import Record
from videoprep_nb.media.probe import unchanged_file
from videoprep_nb.media.raw.conversion import Conversion
from videoprep_nb.media.raw.placed import PlacedFrames
from videoprep_nb.media.resize import (
    DamagedSpan,
    Gap,
    ResizeResult,
    SourcePart,
    StandardFile,
    placed_file,
    result_of,
    run_conversion,
    staged_targets,
    stills_folder,
    with_findings,
    write_times,
)


class ResizePart(Record):
    """Record of a part of a resized video, ``<video_id>_part_<number>.json`` beside its file.

    Args:
        part: Its number, from 1.
        not_converted_because: Why it was not converted alone, as the end of a sentence; empty if it was.
        start_frame: Its first frame, in the standard video.
        file_start_frame: The first frame of its file, which may begin earlier.
        file_frame_count: Frames in its file.
        is_last: Whether the video ends with it.
        result: What was converted: counts and notes of its own frames, and its file. None if it was not converted, or
            if the video has fewer parts than were asked for.
    """

    written_by = "01_resize"

    part: int
    not_converted_because: str = ""
    start_frame: int = 0
    file_start_frame: int = 0
    file_frame_count: int = 0
    is_last: bool = False
    result: ResizeResult | None = None


def part_file(video_file: Path, part: int) -> Path:
    """The file of a part of a standard video.

    Example:
        >>> part_file(Path("work/resized/1.mp4"), 2).as_posix()
        'work/resized/1_part_2.mp4'
    """
    return video_file.with_name(f"{video_file.stem}_part_{part}{video_file.suffix}")


def resize_part(
    conversion: Conversion, output_file: Path, *, original_name: str, timeout_s: float, progress: ProgressCallback
) -> ResizePart:
    """Write a part of the standard form of a raw video, and its record.

    Args:
        conversion: What is to be done, and which part.
        output_file: The MP4 file of the whole video; the part goes beside it.
        original_name: File name as submitted.
        timeout_s: Seconds after which to give up.
        progress: Called with the number of frames done.

    Raises:
        VideoPrepError: As ``resize_video`` does, but for what shows only when frames are decoded.
    """
    file = part_file(output_file, conversion.part)
    _delete(file)
    record = ResizePart(part=conversion.part)
    try:
        with unchanged_file(Path(conversion.input_file), original_name), staged_targets(file) as targets:
            answer = run_conversion(conversion, targets, original_name, timeout_s, progress)
            if not answer.get("written"):
                raise _NoFile(answer.get("not_split_because", ""))
    except _NoFile as reason:
        record = record.model_copy(update={"not_converted_because": str(reason)})
    else:
        record = record.model_copy(update=_of_file(answer, conversion, file, output_file.stem, original_name))
    record.write(file.with_suffix(".json"))
    return record


class _NoFile(Exception):
    """A part was not converted alone."""


def _of_file(
    answer: Mapping[str, Any], conversion: Conversion, file: Path, video_id: str, original_name: str
) -> dict[str, Any]:
    """What a record says of a part that has a file."""
    names = ("start_frame", "file_start_frame", "file_frame_count", "is_last")
    of_file = {name: answer["written"][name] for name in names}
    whole_file = StandardFile(
        file=file.name, start_frame=of_file["file_start_frame"], frame_count=of_file["file_frame_count"]
    )
    result = result_of(answer, conversion, file.name, video_id, original_name)
    more = {"files": [whole_file], "findings": list(result.source.findings)}
    return {**of_file, "result": result.model_copy(update=more)}


class NotJoined(Exception):
    """The parts do not make up the video; the message says why, as the end of a sentence."""


def join_parts(conversion: Conversion, output_file: Path) -> ResizeResult:
    """Join the records of the parts of a resized video, as if it had been converted as a whole.

    Args:
        conversion: What was done.
        output_file: The MP4 file of the whole video, which does not come into being; times and stills go beside it.

    Returns:
        The record; it is not written.

    Raises:
        NotJoined: A part is missing, or the parts do not fit together.
        InputError: A record cannot be read.
        DiskFullError: The disk is full.
    """
    files = [part_file(output_file, part) for part in range(1, conversion.part_count + 1)]
    if missing := [file.name for file in files if not file.with_suffix(".json").exists()]:
        raise NotJoined(f"{missing[0]} is missing")
    parts = [_Part(file, ResizePart.read(file.with_suffix(".json"))) for file in files]
    for part in parts:
        if part.record.not_converted_because:
            raise NotJoined(part.record.not_converted_because)
    parts = [part for part in parts if part.record.result]
    _check(parts)
    joined = _joined([part.result for part in parts])
    placed = PlacedFrames.joined([PlacedFrames.read(placed_file(part.file)) for part in parts])
    source = Path(conversion.input_file)
    with unchanged_file(source, joined.original_name):
        more = {"source_sha256": file_sha256(source), "source_bytes": source.stat().st_size}
    gaps = [Gap.model_validate(gap) for gap in placed.gaps(joined.rate)]
    joined = joined.model_copy(update={**more, "gaps": gaps})
    write_times(joined, placed, output_file)
    with staged_folder(stills_folder(output_file)) as stills:
        for part in parts:
            shutil.copytree(stills_folder(part.file), stills, dirs_exist_ok=True)
    output_file.unlink(missing_ok=True)
    return with_findings(joined)


def delete_parts(output_file: Path, part_count: int) -> None:
    """Delete what parts of a video have left, when it was converted as a whole."""
    for part in range(1, part_count + 1):
        _delete(part_file(output_file, part))


def _delete(file: Path) -> None:
    for path in (file.with_suffix(".json"), file, placed_file(file)):
        path.unlink(missing_ok=True)
    shutil.rmtree(stills_folder(file), ignore_errors=True)


@dataclass(frozen=True)
class _Part:
    """A part that has a file."""

    file: Path
    record: ResizePart

    @property
    def result(self) -> ResizeResult:
        assert self.record.result is not None
        return self.record.result


def _check(parts: Sequence[_Part]) -> None:
    """Check that parts fit together."""
    if not parts:
        raise NotJoined("none of its parts has a frame")
    end_frame = 0
    for part in parts:
        if part.record.start_frame != end_frame:
            raise NotJoined("frames are missing between its parts")
        end_frame += part.result.frame_count
    results = [part.result for part in parts]
    differences: dict[str, list[Any]] = {
        "are stream copies": [result.is_copied for result in results],
        "are deinterlaced": [result.is_deinterlaced for result in results],
        "have another frame rate": [result.rate for result in results],
        "were read from another file": [result.source.packet_count for result in results],
    }
    for what, values in differences.items():
        if any(value != values[0] for value in values):
            raise NotJoined(f"some of its parts {what} and others are not")


def _joined(parts: Sequence[ResizeResult]) -> ResizeResult:
    """The sum of what was measured of the parts."""
    first = parts[0]

    def total(name: str) -> int:
        return sum(getattr(part, name) for part in parts)

    counts = (
        "decoded_frame_count",
        "decoding_error_count",
        "frame_count",
        "repeated_frame_count",
        "left_out_frame_count",
    )
    return first.model_copy(
        update={
            **{name: total(name) for name in counts},
            "file": "",
            "files": [file for part in parts for file in part.files],
            "parts": _joined_shapes([shape for part in parts for shape in part.parts]),
            "damage": _joined_damage([span for part in parts for span in part.damage]),
            "stills": [still for part in parts for still in part.stills],
        }
    )


def _joined_shapes(shapes: Sequence[SourcePart]) -> list[SourcePart]:
    """Shapes of frames, each where it differs from the one before; of several at one frame the last counts."""
    joined: list[SourcePart] = []
    for shape in shapes:
        if joined and joined[-1].start_frame == shape.start_frame:
            joined.pop()
        if not joined or joined[-1].model_copy(update={"start_frame": shape.start_frame}) != shape:
            joined.append(shape)
    return joined


def _joined_damage(spans: Sequence[DamagedSpan]) -> list[DamagedSpan]:
    """Damage that goes on behind the end of a part is one span."""
    joined: list[DamagedSpan] = []
    for span in spans:
        if joined and joined[-1].end_frame + 1 == span.start_frame:
            last = joined.pop()
            count = last.frame_count + span.frame_count
            span = last.model_copy(update={"end_frame": span.end_frame, "frame_count": count})
        joined.append(span)
    return joined
