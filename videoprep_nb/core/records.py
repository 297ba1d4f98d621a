"""Records that one stage writes next to its files and another one reads, as JSON."""

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypedDict  # pydantic cannot check typing.TypedDict before Python 3.12

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import CLIP_TABLE_NAME, FRAME_TABLE_NAME, staged_file


class Record(BaseModel):
    """Base of the records: immutable, written whole or not at all.

    A record of a stage names the notebook that writes it in ``written_by``, for messages.
    """

    written_by: ClassVar[str] = ""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def write(self, path: Path) -> None:
        """Write the record as JSON; the file appears complete."""
        with staged_file(path) as staging:
            staging.write_text(self.model_dump_json(indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record.

        Raises:
            InputError: The file is missing or is not such a record.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise InputError(_advised(f"{path} does not exist", f"Run {cls.written_by} first.", cls)) from None
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: bytes, name: str) -> Self:
        """Read a record from the bytes of its file.

        Args:
            content: The JSON.
            name: Name of the file, for messages.

        Raises:
            InputError: The file is not such a record.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            found = f"{name} is damaged or was written by another version ({error.errors()[0]['msg']})"
            raise InputError(_advised(found, f"Run {cls.written_by} again.", cls)) from None


def _advised(problem: str, advice: str, record: type[Record]) -> str:
    """A sentence, with advice if a notebook writes the record."""
    return f"{problem}. {advice}" if record.written_by else f"{problem}."


class ClipRecord(Record):
    """One clip.

    Args:
        clip_id: Its name without suffix.
        start_frame: Index of its first frame in the standard video.
        frame_count: Frames in the clip, counted in the written file.
        rate: Frames per second.
        width: Width in pixels.
        height: Height in pixels.
        stream_copied: True when the frames were copied without encoding them again.
    """

    clip_id: str
    start_frame: int
    frame_count: int
    rate: Fraction
    width: int
    height: int
    stream_copied: bool

    @property
    def start_s(self) -> Fraction:
        """Time of the first frame in the standard video, in seconds."""
        return self.start_frame / self.rate

    @property
    def duration_s(self) -> Fraction:
        """Length in seconds."""
        return self.frame_count / self.rate

    @property
    def file_name(self) -> str:
        """Name of the clip's file."""
        return f"{self.clip_id}.mp4"


class ClipTable(Record):
    """All clips of a video, in order; lies as ``clips.json`` beside them.

    Args:
        video_id: The video.
        source_frame_count: Frames of the standard video.
        clips: The clips.
        part_count: Parts of the video that they were cut of; 1 if it has none.
    """

    written_by = "02_clip"

    video_id: str
    source_frame_count: int
    clips: list[ClipRecord]
    part_count: int = 1

    @classmethod
    def read_folder(cls, folder: Path) -> Self:
        """Read the table of a folder of clips."""
        return cls.read(folder / CLIP_TABLE_NAME)


class ClipPart(Record):
    """The clips of a part of a long video; lies as ``clips_part_<number>.json`` beside them until all are joined.

    Args:
        table: All clips of the video as planned; those of the part as they are.
        first_clip: The first one of the part, from 0.
        clip_count: How many the part has.
    """

    written_by = "02_clip"

    table: ClipTable
    first_clip: int = 0
    clip_count: int = 0

    @property
    def clips(self) -> list[ClipRecord]:
        """The clips of the part."""
        return self.table.clips[self.first_clip : self.first_clip + self.clip_count]

    @staticmethod
    def path(folder: Path, part: int) -> Path:
        """Where it lies in the folder of the clips."""
        return folder / f"clips_part_{part}.json"


class FrameRecord(Record):
    """One extracted frame.

    Args:
        name: File name of the JPEG.
        clip_id: The clip it was taken from.
        index_in_clip: Zero-based index among all frames of the clip.
        time_in_clip_s: Time of the frame in the clip, in seconds.
        time_in_source_s: Time of the frame in the source video, in seconds after its first frame.
        reason: Why it was taken, such as ``fixed rate`` or ``person 7 appears``; empty if all were at a fixed rate.
    """

    name: str
    clip_id: str
    index_in_clip: int
    time_in_clip_s: float
    time_in_source_s: float
    reason: str = ""


class FrameTable(Record):
    """All extracted frames of a video, in order; lies as ``frames.json`` beside one folder of JPEGs per clip.

    Args:
        video_id: The video.
        width: Width of every frame in pixels.
        height: Height of every frame in pixels.
        frames: The frames, in the order of clips and then of time.
    """

    written_by = "03_extract_frames"

    video_id: str
    width: int
    height: int
    frames: list[FrameRecord]

    @classmethod
    def read_folder(cls, folder: Path) -> Self:
        """Read the table of a folder of frames."""
        return cls.read(folder / FRAME_TABLE_NAME)


class PlaceRecord(Record):
    """A place in the tracks of a video that a person should inspect.

    Args:
        kind: What may be wrong there, such as ``broken track``.
        track_ids: The track, or the two of them.
        start_s: Where it begins, in seconds of the standard video.
        end_s: Where it ends.
        words: What is there.
        preview_s: The moment in seconds of the preview video, which shows only the clips with most persons; None where
            it does not show the place.
        name: What links in the report call it, such as ``broken-track-2``; empty in results of older versions.
    """

    kind: str
    track_ids: list[int]
    start_s: float
    end_s: float
    words: str
    preview_s: float | None = None
    name: str = ""


class ShownSpan(Record):
    """A part of the standard video that the preview video shows.

    Args:
        start_s: Where it begins, in seconds of the standard video.
        end_s: Where it ends.
        preview_s: Where it begins in the preview video.
    """

    start_s: float
    end_s: float
    preview_s: float


class LeftOutClip(Record):
    """A clip that a selection left out of the package.

    Args:
        clip_id: Its name.
        start_s: Where it begins, in seconds of the standard video.
        end_s: Where it ends.
        frame_count: Frames extracted from it.
        reason: Why it was left out, in a few words.
    """

    clip_id: str
    start_s: float
    end_s: float
    frame_count: int = 0
    reason: str


def preview_moment(shown: Iterable[ShownSpan], time_s: float) -> float | None:
    """When the preview video shows a moment, in seconds; None if it does not.

    Args:
        shown: What the preview video shows.
        time_s: The moment, in seconds of the standard video.

    Example:
        >>> shown = [ShownSpan(start_s=30, end_s=45, preview_s=0), ShownSpan(start_s=60, end_s=75, preview_s=15)]
        >>> [preview_moment(shown, time_s) for time_s in (10, 31.5, 60)]
        [None, 1.5, 15.0]
    """
    return next((span.preview_s + time_s - span.start_s for span in shown if span.start_s <= time_s < span.end_s), None)


class PeopleRecord(Record):
    """What the tracks of a video come to; lies beside the folder of its tracks.

    Args:
        video_id: The video.
        person_count: Different persons, as far as the tracker can tell.
        places: Where to look first, the worst in front.
        shown: What the preview video shows, in order; empty if there is none.
    """

    written_by = "04_track_persons"

    video_id: str
    person_count: int
    places: list[PlaceRecord] = []
    shown: list[ShownSpan] = []

    def in_preview(self, shown: list[ShownSpan]) -> "PeopleRecord":
        """The same with the moments of its places in a preview video.

        Args:
            shown: What the preview video shows.
        """
        places = [place.model_copy(update={"preview_s": _first_shown(place, shown)}) for place in self.places]
        return self.model_copy(update={"places": places, "shown": shown})


def _first_shown(place: PlaceRecord, shown: list[ShownSpan]) -> float | None:
    moments = (preview_moment(shown, time_s) for time_s in (place.start_s, place.end_s))
    return next((round(time_s, 3) for time_s in moments if time_s is not None), None)


class TrackRow(TypedDict):
    """One person in one frame of a clip: a row of the tracking JSON (docs/formats.md, section 6)."""

    video_id: str
    frame: str | None
    frame_index: int
    time_s: float
    track_id: int
    bbox: list[float]
    score: float
    interpolated: bool


def natural_order(names: Iterable[str]) -> list[str]:
    """Names in the order in which people count: the numbers in them compare as numbers.

    Example:
        >>> natural_order(["cam10", "b", "cam2", "10", "9"])
        ['9', '10', 'b', 'cam2', 'cam10']
    """
    return sorted(names, key=_natural_key)


def _natural_key(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    pieces = [piece for piece in re.split(r"([0-9]+)", name) if piece]
    parts = [(False, int(piece), "") if piece[0] in "0123456789" else (True, 0, piece.casefold()) for piece in pieces]
    return parts, name
